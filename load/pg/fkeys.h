/*
 * Foreign keys of the relations that are loaded: whether the order in which they come keeps
 * them, and, with --foreign-keys=recheck, that they are dropped before the rows and added
 * behind them, which checks all rows at once.
 */
#ifndef LOAD_FKEYS_H
#define LOAD_FKEYS_H

#include <stddef.h>

struct db;
struct err;
struct target;

/* SQL by which they are dealt with; NULL if there is nothing to do; owned. */
struct fkeys {
	char *defer; /* SET CONSTRAINTS, of those that can only be checked at the end */
	char *drop;
	char *add;
};

/*
 * fkeys_plan(k, db, list, n, e):
 * Find out what to do for the ${n} relations of ${list}, which are planned and loaded in
 * this order, and which constraints that come deferred could be checked with the rows of each
 * (target.late).  What cannot be kept fills ${e} (EXIT_TARGET) by the constraint's name.
 */
int fkeys_plan(struct fkeys *k, struct db *db, struct target *list, size_t n, struct err *e)
	__attribute__((warn_unused_result));

/*
 * fkeys_defer(k, db, e), fkeys_drop(k, db, e), fkeys_restore(k, db, e):
 * In the loading transaction, before the first row; before it, where ${k->drop} is there and
 * the tables are held; behind the last, when no check is deferred any longer.
 */
int fkeys_defer(const struct fkeys *k, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int fkeys_drop(const struct fkeys *k, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int fkeys_restore(const struct fkeys *k, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * fkeys_release(k):
 * Free what it holds.
 */
void fkeys_release(struct fkeys *k);

#endif /* LOAD_FKEYS_H */
