/*
 * What extract/pg/source_pg*.c share.  Nobody else includes this.
 */
#ifndef EXTRACT_SOURCE_PG_PARTS_H
#define EXTRACT_SOURCE_PG_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pg/db.h"
#include "extract/pg/member.h"
#include "extract/pg/path.h"
#include "extract/pg/reads.h"
#include "common/pg/rowblock.h"
#include "extract/pg/typecache.h"
#include "extract/source/source.h"

struct err;

struct source_pg {
	struct source base;
	struct db db;
	char *query;            /* the user's; NULL: relations */
	struct member *members; /* one, or those of the set */
	size_t n;
	struct member **sent; /* these and their keys, in the order of the set; owned */
	size_t nsent;
	size_t current; /* the one of them that is read */
	struct path path;
	struct typecache types;
	struct reads reads;
	enum reads_reach reach; /* how much of it LOCK takes */
	bool seen;              /* an earlier attempt has found out what is read */
	int attempt;
	bool copying;
	struct rowblock rows;
	uint64_t nrows; /* of the current member, given out so far */
};

/*
 * source_pg_snapshot(s, e):
 * Find out what is to be read, lock it, take the snapshot and describe the members, as often
 * as it takes for all to fit together (README).
 */
int source_pg_snapshot(struct source_pg *s, struct err *e) __attribute__((warn_unused_result));

/*
 * source_pg_snapshot_reach(s):
 * Return how much of what is read was locked before the snapshot: nothing where another
 * session has taken it.
 */
enum reads_reach source_pg_snapshot_reach(const struct source_pg *s);

/*
 * source_pg_snapshot_is_whole(s, m):
 * Was all that is read for ${m} locked before the snapshot, and nothing but it?
 */
bool source_pg_snapshot_is_whole(const struct source_pg *s, const struct member *m);

/*
 * source_pg_settle(s, e):
 * All rows of all members are here: were they what the names meant at the snapshot?  No
 * transaction is left open, which would cost a pooler its connection.
 */
int source_pg_settle(struct source_pg *s, struct err *e) __attribute__((warn_unused_result));

#endif /* EXTRACT_SOURCE_PG_PARTS_H */
