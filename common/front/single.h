/*
 * What is done with one pipe: portl run and portl check.
 */
#ifndef COMMON_FRONT_SINGLE_H
#define COMMON_FRONT_SINGLE_H

#include "common/front/front.h"

/*
 * single_run(f, e), single_check(f, e):
 * See struct front_command.
 */
int single_run(struct front *f, struct err *e) __attribute__((warn_unused_result));
int single_check(struct front *f, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_FRONT_SINGLE_H */
