/*
 * Whether this role may do what conflicts ask for.
 */
#ifndef LOAD_PLAN_PRIVILEGES_H
#define LOAD_PLAN_PRIVILEGES_H

struct db;
struct err;
struct plan;
struct reasons;

/*
 * plan_privileges(p, db, why, e):
 * After plan_decide(): check that the old rows can be read and updated, where
 * conflicts ask for it.
 */
int plan_privileges(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_PRIVILEGES_H */
