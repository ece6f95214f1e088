/*
 * The relations that a run loads: one, or those that are chosen of a set.  A set is planned
 * as a whole before its first row.
 */
#ifndef LOAD_TARGETS_H
#define LOAD_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/pg/fkeys.h"
#include "load/pg/sequences.h"

struct db;
struct err;
struct load_options;
struct receipt;
struct target;

struct targets {
	struct target *list;        /* owned; where they are is where they stay */
	struct sequences sequences; /* members of a set that are sequences of their own */
	size_t n;
	size_t at;    /* the one whose stream is read */
	size_t begun; /* streams of a set */
	bool set;
	bool prepared;     /* what all of a set need is done in the open transaction */
	struct fkeys keys; /* of all */
};

/*
 * targets_one(ts, options, input):
 * Begin with one relation for all streams; ${input} names them in messages.
 */
void targets_one(struct targets *ts, const struct load_options *options, const char *input);

/*
 * targets_next(ts):
 * The stream of the next relation of a set begins: make it the one at hand.
 */
void targets_next(struct targets *ts);

/*
 * targets_at(ts):
 * Return the relation whose stream is read.
 */
struct target *targets_at(const struct targets *ts) __attribute__((returns_nonnull));

/*
 * targets_prepare(ts, db, e):
 * In the loading transaction, before the first row of a set: empty all relations at once,
 * where that is asked for, and settle when foreign keys among them are checked.
 */
int targets_prepare(struct targets *ts, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * targets_check(ts, db, e):
 * Before COMMIT: the rows are in the relations that were planned, and those are as they were.
 */
int targets_check(const struct targets *ts, struct db *db, struct err *e)
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
