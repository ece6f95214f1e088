/*
 * Large objects, which columns point to by OID and which no row holds.
 */
#ifndef EXTRACT_LARGEOBJ_H
#define EXTRACT_LARGEOBJ_H

#include <stdbool.h>

struct db;
struct err;
struct schema;

/*
 * largeobj_may_tell(schema):
 * Has largeobj_tell() to be asked?
 */
bool largeobj_may_tell(const struct schema *schema);

/*
 * largeobj_tell(db, oid, schema, e):
 * Say, once, that only the OIDs travel, if columns of ${schema} point to large objects: of
 * type lo, or of type oid under the trigger lo_manage() on the relation with
 * that OID (0: a query, of which nobody knows, for the server tells the domain's base type).
 */
int largeobj_tell(struct db *db, unsigned oid, const struct schema *schema, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_LARGEOBJ_H */
