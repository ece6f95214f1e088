/*
 * How the rows of one batch get into the target: a route for each that a plan
 * can have.  A batch is everything of a stream, or with --commit=batch some
 * rows of it; it is taken in and put into the target inside one transaction,
 * which the caller begins and ends.
 */
#ifndef LOAD_ROUTE_H
#define LOAD_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "load/route/feed.h"

struct absent;
struct stream_chunk;
struct db;
struct err;
struct gaps;
struct plan;
struct rejects;
struct route;

/* What became of rows; read = the sum of the others. */
struct route_counts {
	uint64_t read, inserted, updated, unchanged, skipped, rejected;
	bool vague; /* the server has not counted which rows are inserted, and which updated */
};

struct route_ops {
	/* Rows of a batch follow: open the feed. */
	int (*begin)(struct route *r, struct err *e);
	/* Take rows.  NULL: none come, for they are there. */
	int (*write)(struct route *r, const struct stream_chunk *chunk, struct err *e);
	/*
	 * The server has refused what it was sent: say which row and return -1, or 0
	 * if the next call deals with it.  NULL: nothing is sent that it could refuse.
	 */
	int (*locate)(struct route *r, struct err *e);
	/*
	 * No more rows: have the server work on those that it has, if that is all there is to
	 * do.  Returns 1 if ${end} has then only to wait for it, else 0.
	 */
	int (*close)(struct route *r, struct err *e);
	/* That was the batch: have all of it in the target and count. */
	int (*end)(struct route *r, struct err *e);
	/* The transaction is rolled back: drop what no ROLLBACK undoes.  NULL: there is none.
	 */
	int (*forget)(struct route *r, struct err *e);
	/* Free everything, the struct too. */
	void (*free)(struct route *r);
};

/* The base struct, first in every route's own. */
struct route {
	const struct route_ops *ops;
	struct db *db;           /* borrowed, in a transaction */
	const struct plan *plan; /* borrowed */
	const char *input;       /* borrowed: its name, for messages */
	struct absent *absent;   /* borrowed, or NULL: nothing is deleted */
	struct rejects *rejects; /* borrowed, or NULL: no row may be refused */
	const char *late;        /* borrowed: SET CONSTRAINTS … IMMEDIATE, or NULL */
	const struct gaps *gaps; /* borrowed, or NULL: all rows of the batch are sent */
	struct feed feed;
	uint64_t rows_before;       /* the batch; the number of its first row is one more */
	uint64_t others;            /* rows of the streams before this one */
	bool first;                 /* the target has still to be created or emptied */
	struct route_counts counts; /* of the batch */
};

/*
 * route_init(r, ops, db, plan, input):
 * For routes: fill the base.
 */
void route_init(struct route *r, const struct route_ops *ops, struct db *db,
		const struct plan *plan, const char *input);

/*
 * route_has_work(r, e):
 * For routes: ${close} where ${end} has more to do than to wait.
 */
int route_has_work(struct route *r, struct err *e);

/*
 * route_begin(r, rows_before, first, e):
 * Begin a batch that has ${rows_before} rows of the input before it.
 */
int route_begin(struct route *r, uint64_t rows_before, bool first, struct err *e)
	__attribute__((warn_unused_result));

/*
 * route_write(r, chunk, e):
 * Take rows, at least up to where the last one ends.
 */
int route_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
	__attribute__((warn_unused_result));

/*
 * route_close(r, e):
 * The batch has no more rows.  Returns 1 if route_end() can wait as long as nothing else is
 * asked of the server, 0 if it has work to do, -1.
 */
int route_close(struct route *r, struct err *e) __attribute__((warn_unused_result));

/*
 * route_end(r, e):
 * Have the batch in the target; r->counts says what became of its rows.
 */
int route_end(struct route *r, struct err *e) __attribute__((warn_unused_result));

/*
 * route_locate(r, e):
 * If ${e} is what the server says of a row sent before, which may come to light
 * anywhere, put which row it was in front of the message.  Returns -1, or 0 with
 * ${e} unset if the row can be rejected.
 */
int route_locate(struct route *r, struct err *e);

/*
 * route_explain_key(r, e):
 * If ${e} says that a key is there already, and nothing says what becomes of such rows, or
 * the row that has it may be one that is deleted behind them, add what would help.
 */
void route_explain_key(const struct route *r, struct err *e);

/*
 * route_number(r, row, number, e):
 * Store in ${*number} the number in the input of the row that was sent as ${row}, from 1 in the
 * batch.
 */
int route_number(const struct route *r, uint64_t row, uint64_t *number, struct err *e)
	__attribute__((warn_unused_result));

/*
 * route_reject(r, row, column, why, e):
 * That row is refused: count it and note why, as rejects_note() does.
 */
int route_reject(struct route *r, uint64_t row, const char *column, const struct err *why,
		 struct err *e) __attribute__((warn_unused_result));

/*
 * route_at(r, row, column, e):
 * For routes: put input name, row (as it was sent, from 1 in the batch) and column, unless that
 * is NULL, in front of the message.  Returns -1.
 */
int route_at(const struct route *r, uint64_t row, const char *column, struct err *e);

/*
 * route_at_line(r, line, column, e):
 * The same with the row that COPY was at, which may be another one than it speaks of: it
 * writes up to 1,000 rows at once, and finds only then that one is too large for a page.
 */
int route_at_line(const struct route *r, uint64_t line, const char *column, struct err *e);

/*
 * route_forget(r):
 * The load has failed: have nothing of the batch left in the session, which may be
 * a pooler's.  What cannot be had is let be.
 */
void route_forget(struct route *r);

/*
 * route_free(r):
 * Free it.  NULL does nothing.
 */
void route_free(struct route *r);

#endif /* LOAD_ROUTE_H */
