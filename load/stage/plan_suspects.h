/*
 * With --rejects: queries for rows that a constraint is likely to refuse.  They
 * may be wrong either way, for a query's answer is not the server's (a composite that is
 * NULL and is not, a parent that row security hides …): they only say where it pays to
 * cut the rows into pieces.
 */
#ifndef LOAD_PLAN_SUSPECTS_H
#define LOAD_PLAN_SUSPECTS_H

struct db;
struct err;
struct plan;

/*
 * plan_suspects(p, db, e):
 * Fill p->stage->suspects; those of foreign keys and unique indexes have a parameter $2, an
 * array of the names of constraints to look at, or NULL for all.  search_path must be
 * pg_catalog, here and where the queries run.
 */
int plan_suspects(struct plan *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_SUSPECTS_H */
