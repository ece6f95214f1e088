/*
 * Lines that are no rows (--rejects) never come to the server, whose numbers for the others
 * have no gaps.  Here is kept where they stood.
 */
#ifndef LOAD_GAPS_H
#define LOAD_GAPS_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define GAPS_HELD 512

struct gaps {
	int fd;     /* a temporary file for those that are not held, -1: none yet */
	uint64_t n; /* gaps in the batch */
	uint64_t held[GAPS_HELD]; /* the last n % GAPS_HELD: rows sent before each */
};

/*
 * gaps_init(g), gaps_release(g), gaps_reset(g):
 * Prepare; free; a batch begins, without gaps.
 */
void gaps_init(struct gaps *g);
void gaps_release(struct gaps *g);
void gaps_reset(struct gaps *g);

/*
 * gaps_add(g, rows, e):
 * A line is left out behind ${rows} rows of the batch that were sent.
 */
int gaps_add(struct gaps *g, uint64_t rows, struct err *e) __attribute__((warn_unused_result));

/*
 * gaps_before(g, row, n, e):
 * Store in ${*n} how many lines were left out before the row that was sent as number ${row}.
 */
int gaps_before(const struct gaps *g, uint64_t row, uint64_t *n, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_GAPS_H */
