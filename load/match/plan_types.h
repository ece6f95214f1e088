/*
 * Whether the target's types take the stream's values, unchanged or by a cast.
 */
#ifndef LOAD_PLAN_TYPES_H
#define LOAD_PLAN_TYPES_H

struct db;
struct err;
struct plan;
struct reasons;

/*
 * plan_types(p, db, why, e):
 * Check that every value arrives as what it is, or that every type that is to
 * be created exists; note legal losses.  search_path must be pg_catalog.
 */
int plan_types(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_TYPES_H */
