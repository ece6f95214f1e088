/*
 * portl verify: a comparison, and where something differs a second one, for a row that is in
 * use may have been changed between the reads of both sides.  What differs both times does.
 */
#ifndef COMMON_FRONT_LOOKS_H
#define COMMON_FRONT_LOOKS_H

#include "common/front/front.h"

/*
 * looks_run(f, e):
 * See struct front_command.
 */
int looks_run(struct front *f, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_FRONT_LOOKS_H */
