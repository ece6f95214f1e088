/*
 * --delete: whether a stream may say which rows are gone, and what stands against deleting
 * them.
 */
#ifndef LOAD_PLAN_ABSENT_H
#define LOAD_PLAN_ABSENT_H

struct db;
struct err;
struct plan;
struct reasons;

/*
 * plan_absent(p, db, why, e):
 * Part of plan_decide(), when facts are read and the key is known.  search_path must be
 * pg_catalog.
 */
int plan_absent(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_absent_scope(p, db, why, e):
 * Refuse a --scope that is not one expression on the target's rows.
 */
int plan_absent_scope(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_ABSENT_H */
