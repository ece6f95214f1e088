/*
 * Type documents, read from a server's catalog (PostgreSQL manual, "System Catalogs").
 */
#ifndef COMMON_TYPEREAD_H
#define COMMON_TYPEREAD_H

#include <stdbool.h>
#include <stddef.h>

struct db;
struct err;
struct typedocs;

/*
 * typeread_docs(db, oids, n, docs, e):
 * Walk from ${n} type OIDs to everything they are made of; the server is not
 * asked about the commonest.  search_path must be pg_catalog.  Release with
 * typedocs_release().
 */
int typeread_docs(struct db *db, const unsigned *oids, size_t n, struct typedocs *docs,
		  struct err *e) __attribute__((warn_unused_result));

/*
 * typeread_is_plain(oid):
 * Tell whether it is one of the commonest, of which there is nothing to say.
 */
bool typeread_is_plain(unsigned oid);

#endif /* COMMON_TYPEREAD_H */
