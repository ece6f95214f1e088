/*
 * Finding the columns by which rows conflict (--key, or the primary key) and the unique index
 * that makes them so.
 */
#ifndef LOAD_PLAN_KEY_H
#define LOAD_PLAN_KEY_H

struct db;
struct err;
struct plan;
struct reasons;

/*
 * plan_key(p, db, why, e):
 * Part of plan_decide(): find the key by which rows conflict.
 */
int plan_key(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_KEY_H */
