/*
 * The staged route: COPY into a temporary table, then INSERT … SELECT into the
 * target, in rounds.
 */
#ifndef LOAD_ROUTE_STAGED_H
#define LOAD_ROUTE_STAGED_H

struct db;
struct plan;
struct route;

/*
 * route_staged_new(db, plan, input):
 * Return the route, for a batch after the other; all is borrowed.
 */
struct route *route_staged_new(struct db *db, const struct plan *plan, const char *input);

#endif /* LOAD_ROUTE_STAGED_H */
