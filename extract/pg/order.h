/*
 * The order of a set's members: what foreign keys refer to comes before what refers to it.
 */
#ifndef EXTRACT_ORDER_H
#define EXTRACT_ORDER_H

#include <stddef.h>

struct choose_list;
struct db;
struct err;

/*
 * order_relations(db, list, order, e):
 * Store in ${order} the numbers of the relations, from 0, in order: parents before children,
 * else by name; those that refer to each other in a circle stand together.  search_path must
 * be pg_catalog.
 */
int order_relations(struct db *db, const struct choose_list *list, unsigned *order,
		    struct err *e) __attribute__((warn_unused_result));

#endif /* EXTRACT_ORDER_H */
