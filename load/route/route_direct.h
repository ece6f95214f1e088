/*
 * The direct route: COPY into the target itself.
 */
#ifndef LOAD_ROUTE_DIRECT_H
#define LOAD_ROUTE_DIRECT_H

struct db;
struct plan;
struct route;

/*
 * route_direct_new(db, plan, input):
 * Return the route, for a batch after the other; all is borrowed.
 */
struct route *route_direct_new(struct db *db, const struct plan *plan, const char *input);

#endif /* LOAD_ROUTE_DIRECT_H */
