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

struct db;
struct err;
struct stream_chunk;
struct tuplekey;

/* What a row is that is not the same on both sides. */
enum merge_kind { MERGE_MISSING, MERGE_EXTRA, MERGE_DIFFERENT };

/*
 * Whoever is told of such rows.  ${row} is one of either side; where the key is on both, it is
 * the stream's, and ${other} the target's.
 */
struct merge_told {
	int (*row)(void *arg, enum merge_kind kind, const char *row, const char *end,
		   const char *other, const char *other_end, struct err *e);
	void *arg;
};

struct merge {
	struct db *db;          /* borrowed */
	struct tuplekey *order; /* borrowed */
	struct merge_told told;
	uint64_t equal;              /* rows that are the same on both sides */
	struct rowblock rows;        /* the target's; owned */
	uint64_t nrows;              /* that have come */
	const char *row, *row_end;   /* the one at hand, in it; NULL: there are no more */
	struct buf cut;              /* a row of the stream that a chunk has begun; owned */
	struct buf last_kept;        /* the stream's row before this chunk; owned */
	const char *last, *last_end; /* the stream's row before, or NULL */
};

/*
 * merge_begin(m, db, sql, nfields, order, told, e):
 * Start to read the target by a COPY … TO STDOUT, of ${nfields} fields in the stream's form
 * and in ${order}.  ${m} is zeroed, or has been released.
 */
int merge_begin(struct merge *m, struct db *db, const char *sql, size_t nfields,
		struct tuplekey *order, const struct merge_told *told, struct err *e)
	__attribute__((warn_unused_result));

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
