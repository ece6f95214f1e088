/*
 * --indexes=rebuild: a table's indexes, with the constraints that have them, are dropped before
 * the rows and made again behind them, as they were.
 */
#ifndef LOAD_REBUILD_H
#define LOAD_REBUILD_H

#include <stdbool.h>

struct db;
struct err;
struct plan;
struct reasons;

/* Statements; owned. */
struct rebuild {
	char *drop;
	char *build; /* the primary key first */
};

/*
 * rebuild_plan(p, db, why, e):
 * In the transaction of the plan, whose search_path is pg_catalog: fill p->rebuild, if the
 * rules ask for it and the target has indexes, or p->indexes_stay, or add all reasons
 * against it.
 */
int rebuild_plan(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * rebuild_look(p, db, same, e):
 * Tell whether the planned statements are still those of the target's indexes.  search_path
 * is pg_catalog.
 */
int rebuild_look(const struct plan *p, struct db *db, bool *same, struct err *e)
	__attribute__((warn_unused_result));

/*
 * rebuild_free(r):
 * Free it.  NULL does nothing.
 */
void rebuild_free(struct rebuild *r);

#endif /* LOAD_REBUILD_H */
