/*
 * The target in the loading transaction, before a row gets there: created or emptied where
 * that is asked for, locked, and the one that was planned.
 */
#ifndef LOAD_READY_H
#define LOAD_READY_H

#include <stdbool.h>
#include <stddef.h>

struct db;
struct err;
struct plan;

/*
 * ready_target(db, plan, first, e):
 * Create or empty the table, if this is the ${first} time in this run, and take
 * the lock that INSERT and COPY take.  Refuses a table that is no longer as it
 * was when the plan was made.
 */
int ready_target(struct db *db, const struct plan *plan, bool first, struct err *e)
	__attribute__((warn_unused_result));

/*
 * ready_lock(db, plan, whole, e):
 * Take the lock that filling the table takes or, where it is to be emptied or ${whole},
 * that of TRUNCATE, or that of --delete, for the first time in a transaction; nothing for one
 * that is to be made.
 */
int ready_lock(struct db *db, const struct plan *plan, bool whole, struct err *e)
	__attribute__((warn_unused_result));

/*
 * ready_lock_all(db, plans, n, whole, e):
 * The same for ${n} plans, at once where nobody holds what is wanted.
 */
int ready_lock_all(struct db *db, const struct plan *const *plans, size_t n, bool whole,
		   struct err *e) __attribute__((warn_unused_result));

/*
 * ready_hold(db, plan, e):
 * Lock the table against everybody, and refuse one that is no longer as it was when the plan
 * was made.
 */
int ready_hold(struct db *db, const struct plan *plan, struct err *e)
	__attribute__((warn_unused_result));

/*
 * ready_add(db, plan, e):
 * Give the table the columns that it lacks.  Its lock comes first (ACCESS EXCLUSIVE), and a
 * table that is no longer as it was when the plan was made is refused.
 */
int ready_add(struct db *db, const struct plan *plan, struct err *e)
	__attribute__((warn_unused_result));

/*
 * ready_altered(plan, e):
 * Fill ${e}: the table is no longer as it was.  Returns -1.
 */
int ready_altered(const struct plan *plan, struct err *e);

/*
 * ready_check(db, plan, identity, e):
 * Refuse a relation that is no longer what it was when identity_read() said
 * ${identity} of it, or that has lost its name to another one.
 */
int ready_check(struct db *db, const struct plan *plan, const char *identity, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_READY_H */
