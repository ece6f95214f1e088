/*
 * What extract/pg/source_pg*.c share.  Nobody else includes this.
 */
#ifndef EXTRACT_SOURCE_PG_PARTS_H
#define EXTRACT_SOURCE_PG_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pg/db.h"
#include "common/pg/rowblock.h"
#include "common/rows/rowdigest.h"
#include "extract/pg/member.h"
#include "extract/pg/path.h"
#include "extract/pg/reads.h"
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
	char *wal; /* has to be on disk for a position to be true, or NULL; owned */
	bool copying;
	struct rowblock rows;
	struct rowdigest digest; /* of these rows, if they are tuples */
	uint64_t nrows;          /* of the current member, given out so far */
};

/*
 * source_pg_connect(s, watch_fd, e), source_pg_finish_headers(s, e):
 * What comes before source_pg_snapshot(); what the headers say besides, after it.
 */
int source_pg_connect(struct source_pg *s, int watch_fd, struct err *e)
	__attribute__((warn_unused_result));
int source_pg_finish_headers(struct source_pg *s, struct err *e)
	__attribute__((warn_unused_result));

/*
 * source_pg_snapshot(s, e):
 * Find out what is to be read, lock it, take the snapshot and describe the members, as often
 * as it takes for all to fit together (README).
 */
int source_pg_snapshot(struct source_pg *s, struct err *e) __attribute__((warn_unused_result));

/*
 * source_pg_snapshot_refuse_standby(s, option, e):
 * Snapshots of standbys do not know all transactions that were running: ${option}, which
 * needs one that others can share, is refused there.
 */
int source_pg_snapshot_refuse_standby(struct source_pg *s, const char *option, struct err *e)
	__attribute__((warn_unused_result));

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
 * All rows of all members are here: were they what the names meant at the snapshot, and
 * will they be what the position says of them after a crash of the server?  No
 * transaction is left open, which would cost a pooler its connection.
 */
int source_pg_settle(struct source_pg *s, struct err *e) __attribute__((warn_unused_result));

/*
 * source_pg_part_find(s, m, e):
 * Make ${m} the part of a plan: find the partition that it is of.
 */
int source_pg_part_find(struct source_pg *s, struct member *m, struct err *e)
	__attribute__((warn_unused_result));

/*
 * source_pg_part_locked(s, m, e):
 * Under the snapshot, look at that partition again.  1: its name has passed to another one.
 */
int source_pg_part_locked(struct source_pg *s, struct member *m, struct err *e)
	__attribute__((warn_unused_result));

/*
 * source_pg_part_take(s, m, e):
 * Under the snapshot, the member described: narrow it to the part, and say so in its header.
 */
int source_pg_part_take(struct source_pg *s, struct member *m, struct err *e)
	__attribute__((warn_unused_result));

/*
 * source_pg_origin(s, source, e):
 * Store what tells the database from all others, for the caller to free; NULL where the role
 * may not ask.
 */
int source_pg_origin(struct source_pg *s, char **source, struct err *e)
	__attribute__((warn_unused_result));

/*
 * source_pg_origin_check(s, e):
 * Refuse the plan of another database.
 */
int source_pg_origin_check(struct source_pg *s, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_SOURCE_PG_PARTS_H */
