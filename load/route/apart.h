/*
 * Suspects (suspects.h) apart from all other rows, which go in by one INSERT.  A suspect costs
 * a statement then, and not a piece of the rows before it.
 *
 * The order is another one than that of the stream, so this is only done where it makes no
 * difference, and undone where it has turned out to make one.
 */
#ifndef LOAD_APART_H
#define LOAD_APART_H

#include <stdint.h>

struct attempt;
struct err;
struct suspects;

struct apart {
	struct attempt *try;       /* borrowed */
	struct suspects *suspects; /* borrowed */
	uint64_t not_before;       /* rows before this position are not for us */
};

/*
 * apart_init(x, try, suspects):
 * Prepare; there is nothing to free.
 */
void apart_init(struct apart *x, struct attempt *try, struct suspects *suspects);

/*
 * apart_apply(x, from, end, to, e):
 * Put the rows from position ${from} up to ${*to}, at most up to ${end}, into the target and
 * leave out those that are refused.  Return 1, 0 if nothing was done, -1.
 */
int apart_apply(struct apart *x, uint64_t from, uint64_t end, uint64_t *to, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_APART_H */
