/*
 * Getting the target ready in the loading transaction.
 */
#ifndef LOAD_TARGET_H
#define LOAD_TARGET_H

#include <stdbool.h>

struct db;
struct err;
struct plan;

/*
 * target_prepare(db, plan, first, e):
 * Create or empty the table, if this is the ${first} time in this run, and take
 * the lock that INSERT and COPY take.  Refuses a table that is no longer as it
 * was when the plan was made.
 */
int target_prepare(struct db *db, const struct plan *plan, bool first, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_TARGET_H */
