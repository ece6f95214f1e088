/*
 * Intervals that are infinite, in binary rows for a server that would take them for finite ones
 * (before 17): they are refused, as such a server refuses their text.
 */
#ifndef LOAD_INFINITE_H
#define LOAD_INFINITE_H

struct err;
struct infinite;
struct plan;
struct stream_chunk;

/*
 * infinite_new(plan):
 * Return what looks at the rows of a stream, or NULL if no column of ${plan}, which is
 * borrowed, is to be watched.  Free with infinite_free(); NULL does nothing, here and below.
 */
struct infinite *infinite_new(const struct plan *plan);

/*
 * infinite_look(w, chunk, e):
 * Look at some binary tuples, as the reader yields them; fail (EXIT_DATA) at a value of that
 * kind, naming its row and column.
 */
int infinite_look(struct infinite *w, const struct stream_chunk *chunk, struct err *e)
	__attribute__((warn_unused_result));

void infinite_free(struct infinite *w);

#endif /* LOAD_INFINITE_H */
