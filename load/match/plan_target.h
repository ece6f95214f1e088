/*
 * Whether the target can be written, whoever asks and whatever the columns.
 */
#ifndef LOAD_PLAN_TARGET_H
#define LOAD_PLAN_TARGET_H

#include <stdbool.h>
#include <stddef.h>

struct db;
struct err;
struct plan;
struct reasons;
struct relation;

/* What the server says of a relation that is to be written. */
struct plan_target_facts {
	bool insertable; /* by rules and triggers, too */
	bool catalog;    /* it is initdb's */
	bool foreign;    /* it is a temporary table of another session */
	bool usage;      /* the role may use its schema */
	bool truncate;   /* the role may truncate it */
	bool hides;      /* row_security is on */
};

/*
 * plan_target_facts(db, rels, n, facts, e):
 * Fill the facts of ${n} relations, which are in the order of their OIDs, none twice.
 * search_path must be pg_catalog.
 */
int plan_target_facts(struct db *db, struct relation *const *rels, size_t n,
		      struct plan_target_facts *facts, struct err *e)
	__attribute__((warn_unused_result));

/*
 * plan_target(p, db, facts, why, e):
 * Check that rows can be written into p->rel, of which these are the facts, or that it can be
 * created, and fill p->stage_reason.  search_path must be pg_catalog.
 */
int plan_target(struct plan *p, struct db *db, const struct plan_target_facts *facts,
		struct reasons *why, struct err *e) __attribute__((warn_unused_result));

/*
 * plan_target_columns(p, db, why, e):
 * After plan_match(): check that the columns that it chose can be written.
 */
int plan_target_columns(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_TARGET_H */
