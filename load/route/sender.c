/*
 * The header's `backend` names the sender's server process in a way that no
 * other server shares; pg_locks says what that process holds here and now.
 */
#include "load/route/sender.h"

#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/schema/header.h"

/* TRUNCATE takes its lock on partitions and inheriting tables, too. */
static const char locks_sql[] =
	"WITH RECURSIVE emptied (oid) AS (SELECT $1::pg_catalog.oid UNION"
	" SELECT inhrelid FROM pg_catalog.pg_inherits JOIN emptied"
	" ON inhparent OPERATOR(pg_catalog.=) emptied.oid)"
	" SELECT 1 FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=) 'relation'"
	" AND granted AND relation OPERATOR(pg_catalog.=) ANY (SELECT oid FROM emptied)"
	" AND database OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_database"
	" WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())"
	" AND $2 OPERATOR(pg_catalog.=) (pid::pg_catalog.text"
	" OPERATOR(pg_catalog.||) " SESSION_SERVER_SQL ") LIMIT 1";

int
sender_check_lock(struct db *db, const struct header *header, unsigned oid, struct err *e)
{
	char *number = xasprintf("%u", oid);
	const char *params[] = {number, header != NULL ? header->backend : NULL};
	PGresult *res = NULL;
	int rc = 0;

	if (params[1] != NULL) {
		res = db_query(db, e, locks_sql, 2, params);
		rc = res == NULL ? -1 : PQntuples(res) > 0;
	}
	PQclear(res);
	free(number);
	if (rc <= 0)
		return rc;
	err_set(e, EXIT_TARGET,
		"--truncate would wait forever: the sender reads the same table");
	return err_hint(e, "Write the stream to a file (portl-extract -o FILE) and load that.");
}
