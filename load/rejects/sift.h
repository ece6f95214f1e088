/*
 * Rows that have to be left out of a batch, found all at once where constraints
 * or casts tell which they are.
 */
#ifndef LOAD_SIFT_H
#define LOAD_SIFT_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct route;

/*
 * sift_casts(r, e):
 * Leave out the rows whose values cannot be cast: there are no others then.  All
 * that is done here is found among r->counts.rejected.
 */
int sift_casts(struct route *r, struct err *e) __attribute__((warn_unused_result));

/*
 * sift_constraints(r, why, e):
 * After the INSERT was refused for ${why}: leave out the rows that break
 * constraints of that kind, and of those that have to be looked at before.
 */
int sift_constraints(struct route *r, const struct err *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * sift_row(r, row, why, e):
 * Leave out one row of the batch.
 */
int sift_row(struct route *r, uint64_t row, const struct err *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * sift_note(r, row, why, e):
 * Count and log a row that has been left out.
 */
int sift_note(struct route *r, uint64_t row, const struct err *why, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_SIFT_H */
