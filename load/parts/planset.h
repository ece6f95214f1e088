/*
 * The relations of a plan of parts as a set, so that they are planned together.
 */
#ifndef LOAD_PLANSET_H
#define LOAD_PLANSET_H

#include <stdbool.h>

struct err;
struct manifest;
struct partplan;

struct planset {
	struct manifest *manifest; /* a member for each relation; owned */
	bool *chosen;              /* the same; owned */
};

/*
 * planset_make(s, plan, all, e):
 * Fill ${s}: chosen are relations that something is left to be done for when their parts are
 * there, or ${all}.  What a plan says of a relation in another way than a stream would fills
 * ${e} (EXIT_JOBFILE).  Release with planset_release() in every case.
 */
int planset_make(struct planset *s, const struct partplan *plan, bool all, struct err *e)
	__attribute__((warn_unused_result));

void planset_release(struct planset *s);

#endif /* LOAD_PLANSET_H */
