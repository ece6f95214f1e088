/*
 * The order of a set's members: what foreign keys refer to comes before what refers to it.
 */
#ifndef EXTRACT_ORDER_H
#define EXTRACT_ORDER_H

#include <stddef.h>

struct db;
struct err;
struct relation;

/*
 * order_relations(db, rels, n, e):
 * Put ${rels}, which come by OID, in order: parents before children, else by name; those
 * that refer to each other in a circle stand together.  search_path must be pg_catalog.
 */
int order_relations(struct db *db, struct relation **rels, size_t n, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_ORDER_H */
