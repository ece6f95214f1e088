/*
 * Rows that come in parts, by way of a staging table that all parts share: one process brings
 * a part's rows there, another has all of them in the target.
 */
#ifndef LOAD_ROUTE_SHARED_H
#define LOAD_ROUTE_SHARED_H

struct db;
struct plan;
struct route;

/*
 * route_shared_new(db, plan, input):
 * Return the route for what the plan's rules say is done; free it with route_free().
 */
struct route *route_shared_new(struct db *db, const struct plan *plan, const char *input);

#endif /* LOAD_ROUTE_SHARED_H */
