/*
 * What is done with all parts of a plan at once, on whichever host portl-load is.
 */
#ifndef COMMON_FRONT_PUBLICATION_H
#define COMMON_FRONT_PUBLICATION_H

#include <jansson.h>
#include <stdbool.h>

#include "common/front/planfile.h"

/*
 * publication_make(pf, f, receipt, e):
 * Publish the plan, or find that it is published; where each part had a snapshot of its own,
 * with a last stream of what has changed since.  f->status is set; the receipt goes to
 * ${*receipt}, for the caller to release, or is NULL.
 */
int publication_make(struct planfile *pf, struct front *f, json_t **receipt, struct err *e)
	__attribute__((warn_unused_result));

/*
 * publication_done(pf, f, done, n, e):
 * Ask which parts are there: fill ${done}[], by part from 0, and their number ${*n}.  Returns
 * 1 where that could not be found out, f->status is set then.
 */
int publication_done(struct planfile *pf, struct front *f, bool *done, size_t *n, struct err *e)
	__attribute__((warn_unused_result));

/*
 * publication_drop(pf, f, e):
 * Remove what the run has left; f->status is set.
 */
int publication_drop(struct planfile *pf, struct front *f, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_FRONT_PUBLICATION_H */
