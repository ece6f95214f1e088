/*
 * The end of --replace: the table aside takes the target's place.
 */
#ifndef LOAD_REPLACED_H
#define LOAD_REPLACED_H

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

#endif /* LOAD_REPLACED_H */
