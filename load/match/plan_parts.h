/*
 * The steps of plan_make(), one file each.  Nobody else includes this, but for
 * sink_csv, which has names to match as well.
 */
#ifndef LOAD_PLAN_PARTS_H
#define LOAD_PLAN_PARTS_H

#include <stddef.h>

struct db;
struct err;
struct plan;
struct reasons;

/*
 * plan_refuse(p, i, why, remedy, fmt, ...):
 * Refuse stream column ${i}, with a reason that goes behind its name in the
 * table, and say what to do: ${remedy}, or NULL: drop the column.
 */
void plan_refuse(struct plan *p, size_t i, struct reasons *why, const char *remedy,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#define PLAN_SEND_TEXT "have portl-extract send --values=text" /* a remedy */

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

/*
 * plan_target_conflict(p, db, why, e):
 * After plan_stage(): check that the old rows can be read and updated, where
 * conflicts ask for it.
 */
int plan_target_conflict(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_match(p, why):
 * Fill p->columns and p->keep: match columns by name after mapping.
 */
void plan_match(struct plan *p, struct reasons *why);

/*
 * plan_match_option(source, target):
 * Return the option that sends column ${source} to ${target} ("": drops it), as
 * a shell takes it, for the caller to free.
 */
char *plan_match_option(const char *source, const char *target);

/*
 * plan_types(p, db, why, e):
 * Check that every value arrives as what it is, or that every type that is to
 * be created exists; note legal losses.  search_path must be pg_catalog.
 */
int plan_types(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_exttype(p, db, e):
 * Part of plan_types(), for a table to be created: fill new_type with the stream's types,
 * those of extensions in the schema where this database has them.
 */
int plan_exttype(struct plan *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_stage(p, db, why, e):
 * After plan_types(): choose the route; for the staged one make p->stage and
 * check what it needs.  search_path must be pg_catalog.
 */
int plan_stage(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_key(p, db, why, e):
 * Part of plan_stage(): find the key by which rows conflict.
 */
int plan_key(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_sql(p), plan_stage_sql(p):
 * Write the statements; the second one those of the staged route.
 */
void plan_sql(struct plan *p);
void plan_stage_sql(struct plan *p);

#endif /* LOAD_PLAN_PARTS_H */
