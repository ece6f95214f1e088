/*
 * The end of --replace: the table aside takes the target's place.
 */
#ifndef LOAD_REPLACED_H
#define LOAD_REPLACED_H

#include <stddef.h>

struct db;
struct err;
struct plan;

/*
 * replaced_take_place(plan, db, e):
 * All rows are in the table aside: build what belongs to it, lock the target against everybody
 * as soon as that can be had without a queue, exchange the two, and compare the new one with
 * what the old one was.
 */
int replaced_take_place(const struct plan *plan, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * replaced_hold(plans, n, db, e):
 * Lock the targets of ${n} plans against everybody, all or, for the moment, none of them: so
 * that nobody waits for one that is exchanged while the next cannot be had.
 */
int replaced_hold(const struct plan *const *plans, size_t n, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_REPLACED_H */
