/*
 * Extensions that keep the rows of a table elsewhere than in it: TimescaleDB in chunks, which
 * are its children, Citus in shards on other servers.  Each has a catalog that says which
 * tables these are.
 */
#ifndef COMMON_ENGINE_H
#define COMMON_ENGINE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

struct db;
struct err;

/* What one of them makes of a table; a constant. */
struct engine {
	const char *extension;
	const char *what; /* for people: "it is a hypertable of TimescaleDB" */
	const char *sql;  /* which of the OIDs $1 are such tables */
	bool remote;      /* the rows are on other servers */
};

/*
 * engine_read(db, oid, n, oids, found, e):
 * Say in ${found} what is made of each of the ${n} relations ${oid}, NULL: nothing; ${oids}
 * is the same list as an array's text.  search_path must be pg_catalog.  Needed only where one
 * of the extensions is there.
 */
int engine_read(struct db *db, const Oid *oid, size_t n, const char *oids,
		const struct engine **found, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_ENGINE_H */
