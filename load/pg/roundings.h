/*
 * Values that lose digits in this run: texts of no declared scale that a column rounds.
 * They are counted, and told once.
 */
#ifndef LOAD_ROUNDINGS_H
#define LOAD_ROUNDINGS_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct plan;
struct roundings;
struct stream_chunk;

/*
 * roundings_new(plan, rejects):
 * Return what looks at the rows of a stream; NULL if no column could round any of them.
 * ${plan} is borrowed.  With ${rejects} rows may be left out: what they lose waits in a
 * temporary file until their batch is settled.  Free with roundings_free(); NULL does
 * nothing, here and below.
 */
struct roundings *roundings_new(const struct plan *plan, bool rejects);

/*
 * roundings_look(r, chunk, e):
 * Look at some COPY text, as the reader yields it.
 */
int roundings_look(struct roundings *r, const struct stream_chunk *chunk, struct err *e)
	__attribute__((warn_unused_result));

/*
 * roundings_leave_out(r, n, e), roundings_settle(r, e):
 * Row ${n} of the batch (from 1) is left out, with what it loses: call in the rows' order.
 * The others of the batch are in: count what they lose.  Another batch may follow.
 */
int roundings_leave_out(struct roundings *r, uint64_t n, struct err *e)
	__attribute__((warn_unused_result));
int roundings_settle(struct roundings *r, struct err *e) __attribute__((warn_unused_result));

/*
 * roundings_refuse(r, e), roundings_tell(r):
 * Fail (EXIT_DATA) if any were counted; warn of each column that had some.
 */
int roundings_refuse(const struct roundings *r, struct err *e)
	__attribute__((warn_unused_result));
void roundings_tell(const struct roundings *r);

void roundings_free(struct roundings *r);

#endif /* LOAD_ROUNDINGS_H */
