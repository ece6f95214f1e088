/*
 * The steps of plan_make(), one file each.  Nobody else includes this, but for
 * sink_csv, which has names to match as well.
 */
#ifndef LOAD_PLAN_PARTS_H
#define LOAD_PLAN_PARTS_H

struct db;
struct err;
struct plan;
struct reasons;

/*
 * plan_match(p, why):
 * Fill p->columns and p->keep: match columns by name after mapping.
 */
void plan_match(struct plan *p, struct reasons *why);

/*
 * plan_types(p, db, why, e):
 * Check that every value arrives as what it is, or that every type that is to
 * be created exists; warn of legal losses.  search_path must be pg_catalog.
 */
int plan_types(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_sql(p, db):
 * Write the statements.
 */
void plan_sql(struct plan *p, struct db *db);

#endif /* LOAD_PLAN_PARTS_H */
