/*
 * A stream in key order against the target's rows in the same order: both pass side by side,
 * and nothing is kept of either but the row at hand.
 */
#ifndef LOAD_MERGE_H
#define LOAD_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/pg/rowblock.h"

struct compared;
struct db;
struct err;
struct stream_chunk;
struct tally;

struct merge {
	struct db *db; /* borrowed, as all that follows */
	struct compared *c;
	struct tally *tally;
	struct rowblock rows;        /* the target's; owned */
	uint64_t nrows;              /* that have come */
	const char *row, *row_end;   /* the one at hand, in it; NULL: there are no more */
	struct buf cut;              /* a row of the stream that a chunk has begun; owned */
	struct buf last_kept;        /* the stream's row before this chunk; owned */
	const char *last, *last_end; /* the stream's row before, or NULL */
};

/*
 * merge_begin(m, db, c, tally, e):
 * Start to read the target.  ${m} is zeroed, or has been released.
 */
int merge_begin(struct merge *m, struct db *db, struct compared *c, struct tally *tally,
		struct err *e) __attribute__((warn_unused_result));

/*
 * merge_write(m, chunk, e), merge_end(m, e):
 * Compare rows of the stream; that were all.  Rows that are not in the order that the header
 * tells fill ${e} (EXIT_STREAM).
 */
int merge_write(struct merge *m, const struct stream_chunk *chunk, struct err *e)
	__attribute__((warn_unused_result));
int merge_end(struct merge *m, struct err *e) __attribute__((warn_unused_result));

void merge_release(struct merge *m);

#endif /* LOAD_MERGE_H */
