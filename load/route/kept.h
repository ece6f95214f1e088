/*
 * Rows of a stream in a temporary file, from where they come until they are settled.
 */
#ifndef LOAD_KEPT_H
#define LOAD_KEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct stream_chunk;

struct kept {
	int fd;        /* -1: not open yet */
	char *block;   /* what was read last; owned */
	bool text;     /* rows are COPY text, else binary */
	off_t start;   /* where those begin that are not settled */
	off_t whole;   /* as far as there are whole rows */
	off_t end;     /* of all bytes */
	uint64_t rows; /* whole rows from ${start} on */
};

/* The first of these rows, and where they end. */
struct kept_run {
	uint64_t rows;
	off_t to;
};

/*
 * kept_init(k), kept_release(k):
 * Prepare; free.
 */
void kept_init(struct kept *k);
void kept_release(struct kept *k);

/*
 * kept_begin(k, text, e), kept_add(k, chunk, e):
 * Forget all rows; add those of a chunk, and what there is of a last one.
 */
int kept_begin(struct kept *k, bool text, struct err *e) __attribute__((warn_unused_result));
int kept_add(struct kept *k, const struct stream_chunk *chunk, struct err *e)
	__attribute__((warn_unused_result));

/*
 * kept_read(k, from, to, e):
 * Read into k->block what is there from ${from} on, at most up to ${to}.  Returns how many
 * bytes, which are at least one if there is any, or -1.
 */
ssize_t kept_read(struct kept *k, off_t from, off_t to, struct err *e);

/*
 * kept_measure(k, rows, limit, run, e):
 * Store in ${*run} the first rows, at most ${rows}, of which none but the first ends behind
 * ${limit}.
 */
int kept_measure(struct kept *k, uint64_t rows, off_t limit, struct kept_run *run,
		 struct err *e) __attribute__((warn_unused_result));

/*
 * kept_pass(k, run):
 * These are settled.
 */
void kept_pass(struct kept *k, const struct kept_run *run);

#endif /* LOAD_KEPT_H */
