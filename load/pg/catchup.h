/*
 * A run whose parts were read under snapshots of their own: what has changed since the first
 * of them, and the keys of all rows, both from one last snapshot, are applied to what the
 * parts have brought, which then is that snapshot.
 */
#ifndef LOAD_CATCHUP_H
#define LOAD_CATCHUP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/ident.h"

struct db;
struct err;
struct load_rules;
struct publication;
struct sink_set;

/* Of one relation; owned. */
struct catchup_names {
	struct ident_list from, to, key;
};

struct catchup {
	struct catchup_names *names; /* one for each relation; owned */
	struct load_rules *rules;    /* one for each member of the set; owned */
	size_t n;                    /* relations */
};

/*
 * catchup_prepare(p, db, e):
 * In a transaction of its own: see that all rows are there, and give each table that parts
 * have filled the key by which rows are told apart.  A row that has been moved came twice: it
 * has changed, so that the last stream has it, too.
 */
int catchup_prepare(struct publication *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * catchup_expect(c, p, set, db, e):
 * The set is the last stream: refuse (EXIT_STREAM) one that is not the plan's, and give it
 * the rules of its members.
 */
int catchup_expect(struct catchup *c, const struct publication *p, struct sink_set *set,
		   struct db *db, struct err *e) __attribute__((warn_unused_result));

/*
 * catchup_store(p, db, e):
 * In the transaction of its rows, behind them: note how many each table has now.
 */
int catchup_store(const struct publication *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

void catchup_release(struct catchup *c);

#endif /* LOAD_CATCHUP_H */
