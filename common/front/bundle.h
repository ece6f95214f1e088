/*
 * How many parts a pipe takes with it.
 */
#ifndef COMMON_FRONT_BUNDLE_H
#define COMMON_FRONT_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

struct partplan_part;

#define BUNDLE_PARTS 1000 /* at most: a command line has an end */

/*
 * bundle_weight(part):
 * Return what a part weighs: its bytes, and as many as could be moved while it is begun and
 * committed.
 */
uint64_t bundle_weight(const struct partplan_part *part) __attribute__((pure));

/*
 * bundle_most(all, left, pipes):
 * Return what the next bundle may weigh, of ${all} that there was to be brought by so many
 * pipes and ${left} that nobody has taken; a part that weighs more goes alone.
 */
uint64_t bundle_most(uint64_t all, uint64_t left, size_t pipes) __attribute__((const));

#endif /* COMMON_FRONT_BUNDLE_H */
