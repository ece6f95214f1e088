/*
 * A relation that is loaded: how, how far, and what there is to do behind the rows.
 */
#ifndef LOAD_TARGET_H
#define LOAD_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/relname.h"
#include "load/pg/sequences.h"
#include "load/route/route.h"

struct db;
struct err;
struct load_options;
struct plan;
struct receipt;
struct rejects;
struct sink_stream;
struct stream_chunk;

enum target_state {
	TARGET_NEW,     /* nothing is planned yet */
	TARGET_PLANNED, /* the current stream is planned */
	TARGET_FILLING  /* rows of it are being taken, or were */
};

struct target {
	struct relname name; /* of all streams; empty before the first */
	enum target_state state;
	bool ready;                  /* it is created or emptied, where asked for */
	struct plan *plan;           /* of the current stream; owned */
	struct route *route;         /* of that plan; owned */
	struct roundings *roundings; /* of the current stream, or NULL; owned */
	struct sequences sequences;  /* of all streams' columns */
	bool moves_sequences;        /* they are moved, too */
	char *identity;              /* planned, or as it was made; owned */
	char *key_sql;               /* to be run before the last COMMIT, or NULL; owned */
	uint64_t rows_before;        /* of the input, before the current batch */
	uint64_t unmoved;            /* rows written since all sequences were moved */
	struct route_counts counts;  /* of the open transaction */
	bool vague;                  /* the server does not count, and that was said */
};

/*
 * target_plan(t, db, options, stream, e):
 * Plan a stream, which has to be for the same relation as those before it.
 */
int target_plan(struct target *t, struct db *db, const struct load_options *options,
		const struct sink_stream *stream, struct err *e)
	__attribute__((warn_unused_result));

/*
 * target_write(t, chunk, e), target_warn(t):
 * Take rows; all are here: warn of what has happened to them.
 */
int target_write(struct target *t, const struct stream_chunk *chunk, struct err *e)
	__attribute__((warn_unused_result));
void target_warn(struct target *t);

/*
 * target_begin(t, db, e), target_end(t, e):
 * Begin a batch of the stream in the open transaction; have it in the relation, though
 * not committed.
 */
int target_begin(struct target *t, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int target_end(struct target *t, struct err *e) __attribute__((warn_unused_result));

/*
 * target_check(t, db, e):
 * Before COMMIT: the rows are in the relation that was planned, and it is as it was.
 */
int target_check(const struct target *t, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * target_tell(t, receipt):
 * Add what the transaction has done to the receipt.
 */
void target_tell(const struct target *t, struct receipt *receipt);

/*
 * target_release(t):
 * Free what it holds.
 */
void target_release(struct target *t);

#endif /* LOAD_TARGET_H */
