/*
 * Large objects, which columns point to by OID and which no row holds.
 */
#ifndef EXTRACT_LARGEOBJ_H
#define EXTRACT_LARGEOBJ_H

struct db;
struct err;
struct relation;
struct schema;

/*
 * largeobj_tell(db, rel, schema, e):
 * Say, once, that only the OIDs travel, if columns of ${schema} point to large objects: of
 * type lo, or of type oid under the trigger lo_manage() on ${rel} (NULL: a
 * query, of which nobody knows, for the server tells the domain's base type).
 */
int largeobj_tell(struct db *db, const struct relation *rel, const struct schema *schema,
		  struct err *e) __attribute__((warn_unused_result));

#endif /* EXTRACT_LARGEOBJ_H */
