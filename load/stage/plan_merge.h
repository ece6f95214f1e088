/*
 * Deciding whether MERGE may write the staged rows, and whether the stream's bytes show the
 * order of the keys.
 */
#ifndef LOAD_PLAN_MERGE_H
#define LOAD_PLAN_MERGE_H

#include <stdbool.h>

struct db;
struct err;
struct plan;

/*
 * plan_merge(p, simple, db, e):
 * Part of plan_decide(), when all else is decided, and ${simple} whether nothing in the
 * target or the rules is in the way: set p->stage->merges, and
 * key_columns where the stream's bytes show what the keys are.
 */
int plan_merge(struct plan *p, bool simple, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_MERGE_H */
