/*
 * Foreign keys of the relations that are loaded: whether the order in which they come keeps
 * them, and, with --foreign-keys=recheck, that they are dropped before the rows and added
 * behind them, which checks all rows at once.
 */
#ifndef LOAD_FKEYS_H
#define LOAD_FKEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

struct db;
struct err;
struct header;
struct load_rules;

/* What could be checked with the rows of a relation, though it comes deferred. */
struct fkeys_late {
	size_t at; /* the relation's number, from 0 */
	struct buf sql;
};

/* One that is dropped; all owned. */
struct fkeys_dropped {
	char *sql;
	unsigned child, parent; /* OIDs of the tables */
	char *table, *referred; /* their names, as in SQL */
};

/* SQL by which they are dealt with; NULL if there is nothing to do; owned. */
struct fkeys {
	char *defer; /* SET CONSTRAINTS, of those that can only be checked at the end */
	struct fkeys_dropped *dropped;
	size_t ndropped;
	char *add;
	struct fkeys_late *late; /* by number */
	size_t nlate;
};

/*
 * fkeys_plan(k, db, rules, oids, unindexed, n, e):
 * Find out what to do for ${n} relations, which are loaded in this order and by these rules;
 * the OID 0 stands for one that is to be made, or of which no rows are written.  What cannot
 * be kept fills ${e} (EXIT_TARGET) by the constraint's name, and so does what stands and refers
 * to one that is ${unindexed}.
 */
int fkeys_plan(struct fkeys *k, struct db *db, const struct load_rules *rules,
	       const unsigned *oids, const bool *unindexed, size_t n, struct err *e)
	__attribute__((warn_unused_result));

/*
 * fkeys_late(k, at):
 * Return SET CONSTRAINTS … IMMEDIATE for those that come deferred, and could be checked when
 * the rows of relation ${at} are there, or NULL.
 */
const char *fkeys_late(const struct fkeys *k, size_t at);

/*
 * fkeys_defer(k, db, e), fkeys_drop(k, db, header, e), fkeys_restore(k, db, e):
 * In the loading transaction, before the first row; before it, where ${k->ndropped} is not 0
 * and the tables are held; behind the last, when no check is deferred any longer.  ${header}
 * says who sends, and so may read one of the tables; NULL: nobody does.
 */
int fkeys_defer(const struct fkeys *k, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int fkeys_drop(const struct fkeys *k, struct db *db, const struct header *header, struct err *e)
	__attribute__((warn_unused_result));
int fkeys_restore(const struct fkeys *k, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * fkeys_release(k):
 * Free what it holds.
 */
void fkeys_release(struct fkeys *k);

#endif /* LOAD_FKEYS_H */
