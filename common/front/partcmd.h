/*
 * The commands that are about a plan of parts: for engines that start the parts themselves.
 */
#ifndef COMMON_FRONT_PARTCMD_H
#define COMMON_FRONT_PARTCMD_H

#include "common/front/front.h"

/*
 * partcmd_plan(f, e) and so on:
 * See struct front_command.
 */
int partcmd_plan(struct front *f, struct err *e) __attribute__((warn_unused_result));
int partcmd_part(struct front *f, struct err *e) __attribute__((warn_unused_result));
int partcmd_parts(struct front *f, struct err *e) __attribute__((warn_unused_result));
int partcmd_publish(struct front *f, struct err *e) __attribute__((warn_unused_result));
int partcmd_hold(struct front *f, struct err *e) __attribute__((warn_unused_result));
int partcmd_drop(struct front *f, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_FRONT_PARTCMD_H */
