/*
 * The process that holds the snapshot of a plan: portl-extract --plan=FILE --hold.  It says
 * the snapshot's name and keeps it until its standard input ends, which is when we let it go
 * or are gone.
 */
#ifndef COMMON_FRONT_KEEPER_H
#define COMMON_FRONT_KEEPER_H

#include <stdbool.h>

#include "common/front/planfile.h"

struct keeper {
	struct child child;
	int leash;      /* the other end of its standard input, or -1 */
	char *snapshot; /* its name; owned, NULL: none is held */
};

#define KEEPER_INIT ((struct keeper){.leash = -1})

/*
 * keeper_start(k, f, pf, e):
 * Have the snapshot of the plan's relations taken, and wait for its name.  Returns 1 where it
 * could not be, f->status is set then.
 */
int keeper_start(struct keeper *k, struct front *f, const struct planfile *pf, struct err *e)
	__attribute__((warn_unused_result));

/*
 * keeper_holds(k):
 * Tell whether it is still there.
 */
bool keeper_holds(const struct keeper *k);

/*
 * keeper_release(k, f):
 * Let the snapshot go, and wait for the end of the process.
 */
void keeper_release(struct keeper *k, struct front *f);

#endif /* COMMON_FRONT_KEEPER_H */
