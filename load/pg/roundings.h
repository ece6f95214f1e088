/*
 * Values that lose digits in this run: texts of no declared scale that a column rounds.
 * They are counted, and told once.
 */
#ifndef LOAD_ROUNDINGS_H
#define LOAD_ROUNDINGS_H

struct err;
struct plan;
struct roundings;
struct stream_chunk;

/*
 * roundings_new(plan):
 * Return what looks at the rows of a stream; NULL if no column could round any of them.
 * ${plan} is borrowed.  Free with roundings_free(); NULL does nothing, here and below.
 */
struct roundings *roundings_new(const struct plan *plan);

/*
 * roundings_look(r, chunk):
 * Look at some COPY text, as the reader yields it.
 */
void roundings_look(struct roundings *r, const struct stream_chunk *chunk);

/*
 * roundings_refuse(r, e), roundings_tell(r):
 * Fail (EXIT_DATA) if there were any; warn of each column that had some.
 */
int roundings_refuse(const struct roundings *r, struct err *e)
	__attribute__((warn_unused_result));
void roundings_tell(const struct roundings *r);

void roundings_free(struct roundings *r);

#endif /* LOAD_ROUNDINGS_H */
