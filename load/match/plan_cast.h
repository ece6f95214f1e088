/*
 * How values whose bytes the target's type does not read become that type's.
 */
#ifndef LOAD_PLAN_CAST_H
#define LOAD_PLAN_CAST_H

#include <jansson.h>

struct db;
struct err;
struct plan;
struct reasons;

/*
 * plan_cast(p, db, here, differs, why, e):
 * For each stream column i with ${differs}[i] (why its bytes cannot stay) fill
 * p->columns[i].way and the types it needs, or add a reason; for text values, note
 * in p->columns[i].loss where there is no cast.  ${here}: the documents of the
 * target's types.  search_path must be pg_catalog.
 */
int plan_cast(struct plan *p, struct db *db, const json_t *here, char *const *differs,
	      struct reasons *why, struct err *e) __attribute__((warn_unused_result));

#endif /* LOAD_PLAN_CAST_H */
