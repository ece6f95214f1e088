/*
 * An extension that is there has its catalog; a role that may not read it learns that here,
 * for what it would do without could be wrong.
 */
#include "common/pg/engine.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/pg/db.h"

static const struct engine engines[] = {
	{"citus", "it is a table that Citus distributes",
	 "SELECT logicalrelid::oid FROM pg_dist_partition WHERE logicalrelid = ANY ($1::oid[])",
	 true},
	{"timescaledb", "it is a hypertable of TimescaleDB",
	 "SELECT c.oid FROM _timescaledb_catalog.hypertable h"
	 " JOIN pg_namespace n ON n.nspname = h.schema_name"
	 " JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = h.table_name"
	 " WHERE c.oid = ANY ($1::oid[])",
	 false},
};

static void
note(const Oid *oid, size_t n, const PGresult *res, const struct engine *engine,
     const struct engine **found)
{
	size_t i;
	int row;

	for (row = 0; row < PQntuples(res); row++)
		for (i = 0; i < n; i++)
			if (oid[i] == strtoul(PQgetvalue(res, row, 0), NULL, 10))
				found[i] = engine;
}

static bool
is_there(const PGresult *extensions, const char *name)
{
	int row;

	for (row = 0; row < PQntuples(extensions); row++)
		if (strcmp(PQgetvalue(extensions, row, 0), name) == 0)
			return true;
	return false;
}

int
engine_read(struct db *db, const Oid *oid, size_t n, const char *oids,
	    const struct engine **found, struct err *e)
{
	PGresult *extensions = db_query(db, e, "SELECT extname FROM pg_extension", 0, NULL),
		 *res = NULL;
	int rc = extensions != NULL ? 0 : -1;
	size_t i;

	for (i = 0; i < n; i++)
		found[i] = NULL;
	for (i = 0; rc == 0 && i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (!is_there(extensions, engines[i].extension))
			continue;
		res = db_query(db, e, engines[i].sql, 1, &oids);
		if (res != NULL)
			note(oid, n, res, &engines[i], found);
		else
			rc = -1;
		PQclear(res);
	}
	PQclear(extensions);
	return rc;
}
