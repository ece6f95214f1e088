/*
 * From a plan to the route that carries it out.
 */
#ifndef LOAD_ROUTES_H
#define LOAD_ROUTES_H

struct db;
struct plan;
struct rejects;
struct route;

/*
 * routes_new(db, plan, input, rejects):
 * Return the plan's route; free it with route_free().  ${rejects} is NULL without
 * --rejects.  All are borrowed.
 */
struct route *routes_new(struct db *db, const struct plan *plan, const char *input,
			 struct rejects *rejects);

#endif /* LOAD_ROUTES_H */
