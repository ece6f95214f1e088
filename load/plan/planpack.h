/*
 * A plan as bytes that its own program makes a plan again: those of a set wait for their turn
 * on a shelf.
 */
#ifndef LOAD_PLANPACK_H
#define LOAD_PLANPACK_H

#include <stdbool.h>

struct buf;
struct plan;
struct unpack;

/*
 * planpack_may(p):
 * Tell whether that is possible: not where more hangs on the plan than is known here.
 */
bool planpack_may(const struct plan *p);

/*
 * planpack_add(to, p):
 * Append all of ${p} but for what it borrows.
 */
void planpack_add(struct buf *to, const struct plan *p);

/*
 * planpack_take(from):
 * Return the plan that was added, for the caller to planner_free().  Its rules, header and
 * schema are the caller's to set.
 */
struct plan *planpack_take(struct unpack *from) __attribute__((returns_nonnull));

#endif /* LOAD_PLANPACK_H */
