/*
 * From the temporary table into the target, without --rejects or as if there were none:
 * tries the quick ways of load/README's APPLY, then rounds.
 */
#ifndef LOAD_APPLY_H
#define LOAD_APPLY_H

#include <stdint.h>

struct err;
struct staged;

/*
 * apply_staged(s, row, e):
 * Put everything that is staged into the target and count.  On failure
 * ${*row} is the row of the batch that the server was at, or 0 if that is not
 * known, and the transaction can only be rolled back to a savepoint of the caller's.
 */
int apply_staged(struct staged *s, uint64_t *row, struct err *e)
	__attribute__((warn_unused_result));

/*
 * apply_batch(s, row, e):
 * Behind the last staged row: make the target ready, find what is absent, and do the same as
 * apply_staged(), unless the rows are keys alone.
 */
int apply_batch(struct staged *s, uint64_t *row, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_APPLY_H */
