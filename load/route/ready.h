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
struct relname;

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

/* What locks of one of many depend on. */
struct ready_relation {
	const struct relname *target;
	char kind;  /* pg_class.relkind; 0: it is to be made */
	bool alone; /* nobody else may even read it: TRUNCATE, --indexes=rebuild */
	bool kept;  /* from other writers */
};

/* ${n} relations, of which more than that is asked where it has to be. */
struct ready_all {
	size_t n;
	struct ready_relation (*relation)(void *arg, size_t i);
	/* valid until the next call */
	const struct plan *(*plan)(void *arg, size_t i);
	void *arg;
};

/*
 * ready_lock_all(db, all, whole, e):
 * The same for all of them, at once where nobody holds what is wanted.
 */
int ready_lock_all(struct db *db, const struct ready_all *all, bool whole, struct err *e)
	__attribute__((warn_unused_result));

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
 * ready_altered(target, e):
 * Fill ${e}: the table ${target} is no longer as it was.  Returns -1.
 */
int ready_altered(const struct relname *target, struct err *e);

/*
 * ready_check(db, plan, identity, e):
 * Refuse a relation that is no longer what it was when identity_read() said
 * ${identity} of it, or that has lost its name to another one.
 */
int ready_check(struct db *db, const struct plan *plan, const char *identity, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_READY_H */
