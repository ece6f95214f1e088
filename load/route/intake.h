/*
 * COPY of rows of which some may be refused, into the temporary table or, where COPY names
 * each row that the target refuses, into that.
 *
 * Rows are sent in parts, each under a savepoint and kept until it is released.  While none is
 * refused, a part goes to the server as it comes.  When one is, the rows before it are sent
 * again, without it.  From then on a part is sent when it is here as a whole, and is as long
 * as costs least: what a refused row costs are the rows of its part that were sent before
 * it, and what a part costs are its statements.
 */
#ifndef LOAD_INTAKE_H
#define LOAD_INTAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "load/route/gaps.h"
#include "load/route/kept.h"

struct rejects;
struct route;
struct stream_chunk;

/* What has become of the rows behind the savepoint. */
enum intake_savepoint { INTAKE_NO_SAVEPOINT, INTAKE_KEPT, INTAKE_UNDONE };

struct intake {
	struct rejects *rejects; /* borrowed */
	bool staged;             /* rows go into the temporary table, which is there */
	struct kept kept;        /* rows that are not settled */
	uint64_t base;           /* rows of the batch before these */
	uint64_t written;        /* rows of the batch that the target has taken */
	unsigned ahead;          /* parts that the server knows of; of the first COPY is open */
	bool streams;            /* it has what is in the file */
	enum intake_savepoint savepoint;
	int64_t answer;     /* ms that the server takes to answer, at least; -1: not known */
	off_t since;        /* bytes of settled rows since one was refused */
	off_t apart;        /* such bytes between rows that are refused; 0: none is */
	off_t passed, vain; /* bytes that the target has, and that were sent to it in vain */
	struct gaps gaps;   /* lines of the batch that are no rows */
	struct err refused; /* what COPY has said, but is not yet dealt with */
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
 * intake_note(in, r, e):
 * The server has spoken while nothing was sent: keep ${e} if it can be dealt
 * with and return 0, else return -1.
 */
int intake_note(struct intake *in, const struct route *r, struct err *e);

#endif /* LOAD_INTAKE_H */
