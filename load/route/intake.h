/*
 * COPY into the temporary table for a load that rejects rows.  Rows are sent in
 * parts, each under a savepoint and kept until it is released: when COPY refuses
 * a row, those before it are sent again, then those behind it.  So each row is
 * sent twice at most, and clean data only pays for being kept.
 */
#ifndef LOAD_INTAKE_H
#define LOAD_INTAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "load/route/gaps.h"

struct rejects;
struct route;
struct stream_chunk;

struct intake {
	struct rejects *rejects; /* borrowed */
	int fd;                  /* a temporary file with the part's bytes, -1: not open yet */
	off_t start, end;        /* where in it the part begins and ends */
	off_t whole;             /* as far as there are whole rows */
	uint64_t base;           /* rows of the batch that were sent before the part */
	uint64_t rows;           /* whole rows of the part */
	int parts;               /* released since the batch began */
	struct gaps gaps;        /* lines of the batch that are no rows */
	struct err refused;      /* what COPY has said, but is not yet dealt with */
};

/*
 * intake_init(in, rejects), intake_release(in):
 * Prepare; free.
 */
void intake_init(struct intake *in, struct rejects *rejects);
void intake_release(struct intake *in);

/*
 * intake_begin(in, r, e), intake_write(in, r, chunk, e), intake_end(in, r, e):
 * Take the rows of a batch; r->counts.rejected grows by those that were refused.
 */
int intake_begin(struct intake *in, struct route *r, struct err *e)
	__attribute__((warn_unused_result));
int intake_write(struct intake *in, struct route *r, const struct stream_chunk *chunk,
		 struct err *e) __attribute__((warn_unused_result));
int intake_end(struct intake *in, struct route *r, struct err *e)
	__attribute__((warn_unused_result));

/*
 * intake_note(in, e):
 * The server has spoken while nothing was sent: keep ${e} if it can be dealt
 * with and return 0, else return -1.
 */
int intake_note(struct intake *in, struct err *e);

#endif /* LOAD_INTAKE_H */
