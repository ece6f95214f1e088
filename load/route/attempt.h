/*
 * INSERTs of staged rows under a savepoint, which the server may refuse.
 *
 * The statements that follow from a refusal are sent in one message with the next INSERT.
 */
#ifndef LOAD_ATTEMPT_H
#define LOAD_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

struct plan;
struct route;

#define ATTEMPT_STEPS 16 /* statements of a message, at most */

/* What a statement's result says. */
enum attempt_step {
	ATTEMPT_QUIET,
	ATTEMPT_BEFORE, /* updates of the target before an INSERT */
	ATTEMPT_INSERT, /* its rows */
	ATTEMPT_AFTER,  /* updates of the target behind it */
	ATTEMPT_COUNTS, /* its updated and unchanged rows */
	ATTEMPT_LEFT,   /* the number of the row that is left out */
	ATTEMPT_AT,     /* how far an INSERT has come */
};

/* Rows that are in. */
struct attempt_counts {
	uint64_t written, updated, unchanged;
};

struct attempt {
	struct route *r;         /* borrowed */
	const struct plan *plan; /* borrowed */
	struct err why;          /* the last INSERT was refused */
	uint64_t at;             /* the position that it had come to, or 0 */
	struct attempt_counts counts;
	/* the next message */
	struct buf sql;
	enum attempt_step steps[ATTEMPT_STEPS];
	int nsteps;
	bool open;       /* the savepoint is there, behind a row that was refused */
	uint64_t before; /* of the last INSERT: updates before it … */
	uint64_t rows;   /* … and rows that it may have updated */
};

/*
 * attempt_init(a, r), attempt_release(a):
 * Prepare; free.
 */
void attempt_init(struct attempt *a, struct route *r);
void attempt_release(struct attempt *a);

/*
 * attempt_rows(a, from, to, except, e):
 * Insert the rows from position ${from} up to ${to}, without that itself, but for those in
 * ${except}, an array's text.  Return 1 if they are in, 0 if one was refused (a->why, a->at),
 * -1 with ${e} filled.
 */
int attempt_rows(struct attempt *a, uint64_t from, uint64_t to, const char *except,
		 struct err *e) __attribute__((warn_unused_result));

/*
 * attempt_row(a, position, e):
 * The same for one row that is one of many to be refused: a refusal leaves the savepoint
 * for the next one.  a->at is not asked for.  Behind the last one call attempt_close().
 */
int attempt_row(struct attempt *a, uint64_t position, struct err *e)
	__attribute__((warn_unused_result));
void attempt_close(struct attempt *a);

/*
 * attempt_add_rows(a, from, to), attempt_add_leave(a, position):
 * Have the next message insert rows that are certain to pass; have it leave a row out, for
 * a->why.
 */
void attempt_add_rows(struct attempt *a, uint64_t from, uint64_t to);
void attempt_add_leave(struct attempt *a, uint64_t position);

/*
 * attempt_flush(a, e):
 * Send what is left to be sent, none of which can fail for a row's sake.
 */
int attempt_flush(struct attempt *a, struct err *e) __attribute__((warn_unused_result));

#endif /* LOAD_ATTEMPT_H */
