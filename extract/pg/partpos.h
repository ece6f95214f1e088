/*
 * Positions of the parts of a run, each read under a snapshot of its own: what they come to
 * together, so that one last stream brings what has changed since (portl-plan(5)).
 */
#ifndef EXTRACT_PARTPOS_H
#define EXTRACT_PARTPOS_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct partplan;
struct position;

/*
 * partpos_value(plan, number, files):
 * Return what the position of a part says besides: which part of which run it is, and, as a
 * digest, what the rows were stored in; for the caller to free.
 */
char *partpos_value(const struct partplan *plan, size_t number, uint64_t files)
	__attribute__((returns_nonnull));

/*
 * partpos_next(word, plan, number, e):
 * Return the position of part ${number} that has the same rows' owner and was read by the same
 * snapshot as the one of ${word}, for the caller to free; NULL with ${e} filled.
 */
char *partpos_next(const char *word, const struct partplan *plan, size_t number, struct err *e);

/*
 * partpos_merge(plan, words, n, e):
 * Put one position for each relation in place of those of its parts: the oldest, which speaks
 * for what all parts have read in the same state.  A relation whose parts do not fit together
 * gets none, and so does one of which nothing is left: it has to be read whole.  A part
 * without a position, or with two, fills ${e} (EXIT_USAGE).
 */
int partpos_merge(const struct partplan *plan, struct position *words, size_t *n, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_PARTPOS_H */
