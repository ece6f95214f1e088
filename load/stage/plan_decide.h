/*
 * Choosing the route, and making p->stage where rows are staged.
 */
#ifndef LOAD_PLAN_DECIDE_H
#define LOAD_PLAN_DECIDE_H

struct db;
struct err;
struct plan;
struct reasons;

/*
 * plan_decide(p, db, why, e):
 * After plan_types(): choose the route; for the staged one make p->stage and
 * check what it needs.  search_path must be pg_catalog.
 */
int plan_decide(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_DECIDE_H */
