/*
 * portl run -j N: plan, hold, bring, publish, clear away.
 */
#ifndef COMMON_FRONT_PARTRUN_H
#define COMMON_FRONT_PARTRUN_H

#include <stdbool.h>

#include "common/front/front.h"

/*
 * partrun_is_meant(f):
 * Tell whether the command line asks for parts; else it is one pipe.
 */
bool partrun_is_meant(const struct front *f);

/*
 * partrun_run(f, e):
 * See struct front_command.
 */
int partrun_run(struct front *f, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_FRONT_PARTRUN_H */
