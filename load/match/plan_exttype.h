/*
 * Types of extensions in a table to be created.
 */
#ifndef LOAD_PLAN_EXTTYPE_H
#define LOAD_PLAN_EXTTYPE_H

struct db;
struct err;
struct plan;

/*
 * plan_exttype(p, db, e):
 * Part of plan_types(), for a table to be created: fill new_type with the stream's types,
 * those of extensions in the schema where this database has them.
 */
int plan_exttype(struct plan *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_EXTTYPE_H */
