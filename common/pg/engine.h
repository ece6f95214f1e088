/*
 * Extensions that keep the rows of a table elsewhere than in it: TimescaleDB in chunks, which
 * are its children, Citus in shards on other servers.  Each has a catalog that says which
 * tables these are.
 */
#ifndef COMMON_ENGINE_H
#define COMMON_ENGINE_H

#include <stddef.h>

struct db;
struct err;
struct relation;

/*
 * engine_read(db, rels, n, oids, e):
 * Fill rel->engine of ${n} relations, whose OIDs are the array ${oids}; search_path must be
 * pg_catalog.  Needed only where one of the extensions is there.
 */
int engine_read(struct db *db, struct relation *const *rels, size_t n, const char *oids,
		struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_ENGINE_H */
