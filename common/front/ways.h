/*
 * How a job's relations would be published in parts: what portl check says of the plan that
 * portl plan would write.
 */
#ifndef COMMON_FRONT_WAYS_H
#define COMMON_FRONT_WAYS_H

#include <stdbool.h>

struct err;
struct front;

/*
 * ways_print(f, meant, e):
 * Have the plan made and print its parts, and the way of each relation with the reason.
 * ${meant}: the run would be one in parts, and why it could not be is said; else nothing is
 * printed then.  Returns 1 where there is no plan and f->status says why.
 */
int ways_print(struct front *f, bool meant, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_FRONT_WAYS_H */
