/*
 * Tables that parts have filled aside: their keys are built where nobody sees them, and in a
 * moment they are the tables that --create would have made.
 */
#ifndef LOAD_PLACED_H
#define LOAD_PLACED_H

struct db;
struct err;
struct plan;

/*
 * placed_build(plan, db, e):
 * In a transaction: have the primary key of the table aside, where it has none yet.  A table
 * that is not there, or was made for other rows, is refused.
 */
int placed_build(const struct plan *plan, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * placed_take_place(plan, db, e):
 * In the transaction that publishes: give the table aside the target's name, and all that the
 * server gives a table that is created there, names of constraints and privileges.  One that
 * is not like such a table afterwards is refused (EXIT_TARGET).
 */
int placed_take_place(const struct plan *plan, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLACED_H */
