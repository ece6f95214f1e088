/*
 * The keys of all rows, in order, and those of the target beside them: which are absent.
 * Nothing is staged, and memory does not grow with the keys.
 */
#ifndef LOAD_ROUTE_KEYS_H
#define LOAD_ROUTE_KEYS_H

struct db;
struct plan;
struct route;

/*
 * route_keys_new(db, plan, input):
 * Return the route of a plan whose stage says that keys pass; free it with route_free().
 */
struct route *route_keys_new(struct db *db, const struct plan *plan, const char *input);

#endif /* LOAD_ROUTE_KEYS_H */
