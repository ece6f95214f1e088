/*
 * Whether the target can be written, whoever asks and whatever the columns.
 */
#ifndef LOAD_PLAN_TARGET_H
#define LOAD_PLAN_TARGET_H

struct db;
struct err;
struct plan;
struct reasons;

/*
 * plan_target(p, db, why, e):
 * Check that rows can be written into p->rel, or that it can be created, and
 * fill p->stage_reason.  search_path must be pg_catalog.
 */
int plan_target(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_target_columns(p, db, why, e):
 * After plan_match(): check that the columns that it chose can be written.
 */
int plan_target_columns(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_TARGET_H */
