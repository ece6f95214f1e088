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
#include "extract/pg/basis.h"
#include "extract/pg/choose.h"
#include "extract/pg/member.h"
#include "extract/pg/path.h"
#include "extract/pg/reads.h"
#include "extract/pg/sincefacts.h"
#include "extract/pg/typecache.h"
#include "extract/source/source.h"

struct err;
struct shelf;

struct source_pg {
	struct source base;
	struct db db;
	char *query; /* the user's; NULL: relations */
	/* one, or those of the set that are found out about at the moment */
	struct member *members;
	size_t n;
	struct member **sent; /* these and their keys, in the order of the set; owned */
	size_t nsent;
	struct choose_list chosen; /* the set's relations, until all is known of them */
	struct basis basis;        /* of all members */
	struct shelf
		*shelf; /* of a set: all members, as member_pack(), but for their headers */
	struct member taken; /* the one that was taken from there, and its header; owned */
	size_t current;      /* the number of the one that is read, from 0 */
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
	/* parts by one snapshot: what since_apply() was told of a relation, and of which the
	 * partitions were counted */
	struct sincefacts facts;
	unsigned facts_of, counted;
	PGresult *stood;       /* of what snapshot and reads have before, or NULL; owned */
	struct reads stood_on; /* these reads */
};

/*
 * source_pg_connect(s, watch_fd, e), source_pg_finish_headers(s, e):
 * What comes before source_pg_snapshot(); what the headers say of the session, after it.
 */
int source_pg_connect(struct source_pg *s, int watch_fd, struct err *e)
	__attribute__((warn_unused_result));
int source_pg_finish_headers(struct source_pg *s, struct err *e)
	__attribute__((warn_unused_result));

/*
 * source_pg_members_make(s, rels, n), source_pg_members_drop(s):
 * Have members of these relations (a NULL: of the query), which are taken; have none.
 */
void source_pg_members_make(struct source_pg *s, struct relation *const *rels, size_t n);
void source_pg_members_drop(struct source_pg *s);

/*
 * source_pg_members_describe(s, from, e), source_pg_members_plan(s, e),
 * source_pg_members_finish(s, m):
 * One after the other: find out all about s->members, the first of which is member ${from} of
 * the set, from 0 (1: as member_describe()); plan their statements; fill what is left of the
 * header of one of them.
 */
int source_pg_members_describe(struct source_pg *s, size_t from, struct err *e)
	__attribute__((warn_unused_result));
int source_pg_members_plan(struct source_pg *s, struct err *e)
	__attribute__((warn_unused_result));
void source_pg_members_finish(struct source_pg *s, struct member *m);

/*
 * source_pg_members_reach(s):
 * Return how much of what is read was locked before the snapshot: nothing where another
 * session has taken it.
 */
enum reads_reach source_pg_members_reach(const struct source_pg *s);

/*
 * source_pg_members_is_whole(s, m):
 * Was all that is read for ${m} locked before the snapshot, and nothing but it?
 */
bool source_pg_members_is_whole(const struct source_pg *s, const struct member *m);

/*
 * source_pg_set_choose(s, e), source_pg_set_same(s, e):
 * Look up what the patterns mean, and may be read: s->chosen.  Under the snapshot, behind the
 * locks, look again.  1: it is something else.
 */
int source_pg_set_choose(struct source_pg *s, struct err *e)
	__attribute__((warn_unused_result));
int source_pg_set_same(struct source_pg *s, struct err *e) __attribute__((warn_unused_result));

/*
 * source_pg_set_describe(s, e):
 * Find out all about the members, some hundreds of them at a time, which go into the manifest
 * and onto the shelf.  Returns 0, -1, or 1 as member_describe().
 */
int source_pg_set_describe(struct source_pg *s, struct err *e)
	__attribute__((warn_unused_result));

/*
 * source_pg_set_take(s, i), source_pg_set_unfold(s):
 * Make member ${i} of the set s->taken; make all but those of keys s->members, for what has to
 * look at several.
 */
void source_pg_set_take(struct source_pg *s, size_t i);
void source_pg_set_unfold(struct source_pg *s);

/*
 * source_pg_snapshot(s, e):
 * Find out what is to be read, lock it, take the snapshot and describe the members, as often
 * as it takes for all to fit together (README).
 */
int source_pg_snapshot(struct source_pg *s, struct err *e) __attribute__((warn_unused_result));

/*
 * source_pg_snapshot_forget(s):
 * Be as before source_pg_snapshot(), on the same connection.
 */
void source_pg_snapshot_forget(struct source_pg *s);

/*
 * source_pg_snapshot_again(s, e):
 * With a transaction's facts of what is read by a snapshot of another session: in a new one,
 * lock the same, and read by that snapshot again.  1: somebody is in the way, and all has to be
 * found anew.
 */
int source_pg_snapshot_again(struct source_pg *s, struct err *e)
	__attribute__((warn_unused_result));

/*
 * source_pg_import(s, e):
 * In a transaction without a snapshot, take the one of --snapshot, which may be older than what
 * is locked.
 */
int source_pg_import(struct source_pg *s, struct err *e) __attribute__((warn_unused_result));

/*
 * source_pg_import_refuse_standby(s, option, e):
 * Snapshots of standbys do not know all transactions that were running: ${option}, which
 * needs one that others can share, is refused there.
 */
int source_pg_import_refuse_standby(struct source_pg *s, const char *option, struct err *e)
	__attribute__((warn_unused_result));

/*
 * source_pg_settle(s, e):
 * All rows of all members are here: were they what the names meant at the snapshot, and
 * will they be what the position says of them after a crash of the server?  No
 * transaction is left open, which would cost a pooler its connection.
 */
int source_pg_settle(struct source_pg *s, struct err *e) __attribute__((warn_unused_result));

/*
 * source_pg_settle_forget(s):
 * Another snapshot, or something else is read.
 */
void source_pg_settle_forget(struct source_pg *s);

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
 * source_pg_part_is_like(s), source_pg_part_go_on(s, e):
 * Is the part that the options say now of the same relation, or partition, as the one before,
 * and read by the same snapshot, so that all but the range is known?  By that snapshot again:
 * make the member that part, and its header.
 */
bool source_pg_part_is_like(const struct source_pg *s);
int source_pg_part_go_on(struct source_pg *s, struct err *e)
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
