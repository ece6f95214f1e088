/*
 * Rows into a plain table in the order in which they came, by MERGE, which
 * neither locks a row that stays as it is nor inserts one only to find that it
 * is there, as ON CONFLICT does; and the locks that allow for that order.
 */
#ifndef LOAD_PLAN_MERGE_H
#define LOAD_PLAN_MERGE_H

#include <stdbool.h>

struct db;
struct err;
struct plan;
struct plan_stage;
struct stagesql;

/*
 * plan_merge(p, db, e):
 * Part of plan_stage(), when all is decided: set p->stage->merges, and
 * key_columns where the stream's bytes show what the keys are.
 */
int plan_merge(struct plan *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_merge_sql(w, st):
 * Part of plan_stage_sql(): write the statements to ${st}, for which ${w} is.
 */
void plan_merge_sql(struct stagesql *w, struct plan_stage *st);

#endif /* LOAD_PLAN_MERGE_H */
