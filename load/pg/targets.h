/*
 * The relations that a run loads: one, or those that are chosen of a set.  A set is planned
 * as a whole before its first row.
 */
#ifndef LOAD_TARGETS_H
#define LOAD_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

#include "common/base/relname.h"
#include "load/pg/ended.h"
#include "load/pg/fkeys.h"
#include "load/pg/indexes.h"
#include "load/pg/sequences.h"

struct db;
struct err;
struct load_options;
struct manifest;
struct receipt;
struct shelf;
struct target;

/* What all of a set are asked for together, of one that is planned. */
struct targets_brief {
	struct relname name;
	unsigned oid;    /* 0: it is to be made */
	unsigned place;  /* on the shelf, */
	bool slept;      /* if it is there */
	char kind;       /* pg_class.relkind, or 0 */
	bool kept;       /* other writers are kept out */
	bool emptied;    /* by TRUNCATE */
	bool only;       /* that is of the table alone */
	bool unindexed;  /* its indexes are dropped for the time */
	bool moves;      /* its columns' sequences */
	bool keys_alone; /* nothing is written */
	XXH128_hash_t identity;
};

/*
 * Of a set's, all that wait for their streams are asleep: packed on a shelf.  So are those
 * whose streams are over, in ${ended}.
 */
struct targets {
	struct target **list;            /* NULL: asleep, or ended; owned, each, too */
	struct targets_brief *brief;     /* owned */
	struct shelf *shelf;             /* of those that sleep; NULL: none may; owned */
	const struct manifest *manifest; /* of the set; borrowed */
	struct ended ended;
	struct sequences sequences; /* members of a set that are sequences of their own */
	size_t n;
	size_t at;    /* the one whose stream is read */
	size_t begun; /* streams of a set */
	bool set;
	bool prepared;     /* what all of a set need is done in the open transaction */
	bool held;         /* all are locked, and known to be as planned */
	bool emptied;      /* those that are to be */
	bool looked_ahead; /* sequences of their columns are known */
	struct fkeys keys; /* of all */
	struct indexes indexes;
};

/*
 * targets_one(ts, options, input):
 * Begin with one relation for all streams; ${input} names them in messages.
 */
void targets_one(struct targets *ts, const struct load_options *options, const char *input);

/*
 * targets_many(ts, n, manifest, may_sleep):
 * Begin with room for ${n} relations of a set.
 */
void targets_many(struct targets *ts, size_t n, const struct manifest *manifest,
		  bool may_sleep);

/*
 * targets_planned(ts, i):
 * Relation ${i}, from 0, is planned: it may sleep until its stream comes.
 */
void targets_planned(struct targets *ts, size_t i);

/*
 * targets_plan_keys(ts, db, e):
 * All are planned: find out about their foreign keys, as fkeys_plan().
 */
int targets_plan_keys(struct targets *ts, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * targets_next(ts):
 * The stream of the next relation of a set begins: make it the one at hand.
 */
void targets_next(struct targets *ts);

/*
 * targets_at(ts):
 * Return the relation whose stream is read, or was last; NULL: it has ended.
 */
struct target *targets_at(const struct targets *ts);

/*
 * targets_done(ts, t):
 * No further stream is for ${t}, of a set: keep only what is still needed of it.
 */
void targets_done(struct targets *ts, struct target *t);

/*
 * targets_prepare(ts, db, e):
 * In the loading transaction, before the first row of a set: empty all relations at once,
 * where that is asked for, and settle when foreign keys among them are checked.
 */
int targets_prepare(struct targets *ts, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * targets_prepare_check(ts, db, e):
 * Before COMMIT: the rows are in the relations that were planned, and those are as they were.
 */
int targets_prepare_check(const struct targets *ts, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * targets_have_keys(ts), targets_add_keys(ts, db, e):
 * Tell whether primary keys have still to be made, of tables that were created; make them.
 */
bool targets_have_keys(const struct targets *ts);
int targets_add_keys(const struct targets *ts, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * targets_start(ts), targets_tell(ts, receipt), targets_warn(ts):
 * A transaction begins; add what it has done to the receipt; all rows are here, warn of what
 * has happened to them.
 */
void targets_start(struct targets *ts);
void targets_tell(const struct targets *ts, struct receipt *receipt);
void targets_warn(struct targets *ts);

/* Rows of all relations. */
struct targets_rows {
	uint64_t read, rejected; /* by the open transaction */
	uint64_t taken;          /* in all */
};

/*
 * targets_rows(ts):
 * Return how many there are.
 */
struct targets_rows targets_rows(const struct targets *ts);

/*
 * targets_wait(ts, last):
 * Tell whether sequences have still to be moved; with ${last}, whether some can only be when
 * all rows are here.
 */
bool targets_wait(const struct targets *ts, bool last);

/*
 * targets_move(ts, db, last, e):
 * Move all sequences that have to be, for the ${last} time or not.
 */
int targets_move(struct targets *ts, struct db *db, bool last, struct err *e)
	__attribute__((warn_unused_result));

/*
 * targets_release(ts):
 * Free what it holds.
 */
void targets_release(struct targets *ts);

#endif /* LOAD_TARGETS_H */
