/*
 * --indexes=rebuild in the loading transaction: what has been dropped is made again, and is
 * what it was.
 */
#ifndef LOAD_INDEXES_H
#define LOAD_INDEXES_H

#include <stddef.h>

struct db;
struct err;
struct plan;
struct shelf;

/* All is {.n = 0} at first. */
struct indexes {
	struct shelf *shelf; /* how each table was, and the statements; owned */
	size_t n;            /* tables */
};

/*
 * indexes_drop(x, plan, db, e):
 * The target is locked against everybody, and foreign keys are dropped: drop its indexes, if
 * the plan does.  search_path is pg_catalog.
 */
int indexes_drop(struct indexes *x, const struct plan *plan, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * indexes_build(x, db, e):
 * Behind all rows, when no check is deferred any longer: build them, and compare (EXIT_TARGET).
 */
int indexes_build(const struct indexes *x, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * indexes_release(x):
 * Free what it holds.
 */
void indexes_release(struct indexes *x);

#endif /* LOAD_INDEXES_H */
