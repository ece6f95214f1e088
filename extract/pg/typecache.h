/*
 * Type documents of the members of a set: relations with the same types share them, so that
 * the server is asked once for each combination.
 */
#ifndef EXTRACT_TYPECACHE_H
#define EXTRACT_TYPECACHE_H

#include <stddef.h>

#include "common/schema/typedocs.h"

struct db;
struct err;

struct typecache_entry {
	char *key; /* the types that there is something to say of */
	struct typedocs docs;
};

struct typecache {
	struct typecache_entry *list;
	size_t n;
};

/*
 * typecache_docs(c, db, oids, n, e):
 * Return what typeread_docs() says of the ${n} types, valid until the next call and owned by
 * the cache; NULL with ${e} filled.  search_path must be pg_catalog.
 */
const struct typedocs *typecache_docs(struct typecache *c, struct db *db, const unsigned *oids,
				      size_t n, struct err *e)
	__attribute__((warn_unused_result));

/*
 * typecache_release(c):
 * Forget all.
 */
void typecache_release(struct typecache *c);

#endif /* EXTRACT_TYPECACHE_H */
