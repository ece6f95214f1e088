/*
 * TRUNCATE and all that gives a relation a new file are not MVCC-safe: an older
 * snapshot sees no rows there (PostgreSQL manual, "Caveats" of "Concurrency
 * Control").  The snapshot's own catalog tells: it does not know the relation,
 * or names another file.
 */
#include "extract/pg/snapshot.h"

#include "common/base/err.h"
#include "common/pg/db.h"
#include "extract/pg/select.h"

/* Under the user's search_path, which may lead to other operators. */
#define EQUALS " OPERATOR(pg_catalog.=) "

static const char stale_sql[] =
	"SELECT 1 FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class c"
	" ON c.oid" EQUALS "l.relation"
	" WHERE l.pid" EQUALS "pg_catalog.pg_backend_pid() AND l.locktype" EQUALS "'relation'"
	" AND l.database" EQUALS "(SELECT oid FROM pg_catalog.pg_database"
	" WHERE datname" EQUALS "pg_catalog.current_database())"
	" AND (c.oid IS NULL OR c.relkind" EQUALS "ANY ('{r,m,t}'::pg_catalog.\"char\"[])"
	" AND c.relfilenode OPERATOR(pg_catalog.<>) 0"
	" AND (pg_catalog.pg_relation_filenode(c.oid)" EQUALS "c.relfilenode) IS NOT TRUE)"
	" LIMIT 1";

int
snapshot_is_stale(struct db *db, const char *select, struct err *e)
{
	PGresult *res;
	int stale;

	if (select != NULL && select_plan(db, select, e) != 0)
		return -1;
	res = db_query(db, e, stale_sql, 0, NULL);
	if (res == NULL)
		return -1;
	stale = PQntuples(res) > 0;
	PQclear(res);
	return stale;
}
