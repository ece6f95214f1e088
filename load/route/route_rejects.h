/*
 * The staged route with --rejects: rows that the server refuses are left out and written to a
 * file.
 */
#ifndef LOAD_ROUTE_REJECTS_H
#define LOAD_ROUTE_REJECTS_H

struct db;
struct plan;
struct rejects;
struct route;

/*
 * route_rejects_new(db, plan, input, rejects):
 * Return the route, for a batch after the other; all is borrowed.
 */
struct route *route_rejects_new(struct db *db, const struct plan *plan, const char *input,
				struct rejects *rejects);

#endif /* LOAD_ROUTE_REJECTS_H */
