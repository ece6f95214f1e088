/*
 * Tables that parts have filled aside: their keys are built where nobody sees them, and in a
 * moment they are the tables that --create would have made.
 */
#ifndef LOAD_PLACED_H
#define LOAD_PLACED_H

struct db;
struct err;
struct plan;

/* What is known of one before it takes its place; owned. */
struct placed {
	char *likeness; /* what --create would make, as replace_likeness() gives it */
	char *sql;      /* what makes the table aside like that, or "" */
};

/*
 * placed_find(plan, db, e):
 * In a transaction: a table aside that is not there, or was made for other rows, is refused
 * (EXIT_TARGET).
 */
int placed_find(const struct plan *plan, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * placed_build(plan, placed, db, e):
 * In a transaction whose search_path is pg_catalog: have the primary key of the table aside,
 * where it has none yet, and fill ${placed}.  A target that exists is refused (EXIT_TARGET).
 */
int placed_build(const struct plan *plan, struct placed *placed, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * placed_take_place(plan, placed, db, e):
 * In the transaction that publishes: give the table aside the target's name, and all that the
 * server gives a table that is created there, names of constraints and privileges.  One that
 * is not like such a table afterwards is refused (EXIT_TARGET).
 */
int placed_take_place(const struct plan *plan, const struct placed *placed, struct db *db,
		      struct err *e) __attribute__((warn_unused_result));

void placed_release(struct placed *placed);

#endif /* LOAD_PLACED_H */
