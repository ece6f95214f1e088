/*
 * The three limits: of the server, where some connections are kept for superusers and others,
 * of the role and of the database (PostgreSQL manual, "Connections and Authentication").  What
 * kind of backend others have is not everybody's to see.
 */
#include "common/pg/room.h"

#include <stdlib.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "common/talk/log.h"

#define LOCKS 4 /* of a table that is published: its own, of its key, of what is toasted */
#define EQUALS " OPERATOR(pg_catalog.=) "
#define MINUS " OPERATOR(pg_catalog.-) "

static const char room_sql[] =
	"WITH others AS (SELECT a.usesysid, a.datname FROM pg_catalog.pg_stat_activity AS a"
	" WHERE a.usesysid IS NOT NULL AND a.datname IS NOT NULL"
	" AND (a.backend_type OPERATOR(pg_catalog.<>) 'parallel worker' OR a.backend_type IS NULL)"
	" AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()),"
	" server AS (SELECT pg_catalog.current_setting('max_connections')::pg_catalog.int4 AS most,"
	" pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4"
	" OPERATOR(pg_catalog.+) coalesce(pg_catalog.current_setting('reserved_connections', true),"
	" '0')::pg_catalog.int4 AS reserved)"
	" SELECT least(s.most" MINUS "CASE WHEN r.rolsuper THEN 0 ELSE s.reserved END" MINUS
	"(SELECT pg_catalog.count(*) FROM others),"
	" CASE WHEN r.rolconnlimit OPERATOR(pg_catalog.>=) 0 AND NOT r.rolsuper THEN"
	" r.rolconnlimit" MINUS "(SELECT pg_catalog.count(*) FROM others AS o"
	" WHERE o.usesysid" EQUALS "r.oid) END,"
	" CASE WHEN d.datconnlimit OPERATOR(pg_catalog.>=) 0 AND NOT r.rolsuper THEN"
	" d.datconnlimit" MINUS "(SELECT pg_catalog.count(*) FROM others AS o"
	" WHERE o.datname" EQUALS "d.datname) END)"
	" FROM pg_catalog.pg_roles AS r CROSS JOIN pg_catalog.pg_database AS d"
	" CROSS JOIN server AS s WHERE r.rolname" EQUALS "session_user"
	" AND d.datname" EQUALS "pg_catalog.current_database()";

int
room_warn(struct db *db, size_t parts, size_t more, struct err *e)
{
	char *text = db_query_text(db, e, room_sql, 0, NULL);
	long long room;

	if (text == NULL)
		return -1;
	room = strtoll(text, NULL, 10);
	if (text[0] != '\0' && room < (long long)parts + (long long)more)
		log_warning("database \"%s\" has room for %lld connections, and %zu parts at a "
			    "time need %zu%s",
			    PQdb(db->conn), room > 0 ? room : 0, parts, parts + more,
			    more > 0 ? " with that of the snapshot" : "");
	free(text);
	return 0;
}

/* Manual, "Lock Management"; there is some room more, which others of the server use as well.
 */
static const char locks_sql[] =
	"SELECT pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int8"
	" OPERATOR(pg_catalog.*) (pg_catalog.current_setting('max_connections')::pg_catalog.int8"
	" OPERATOR(pg_catalog.+)"
	" pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int8)";

int
room_warn_locks(struct db *db, size_t relations, struct err *e)
{
	char *text = db_query_text(db, e, locks_sql, 0, NULL);
	size_t locks = relations * LOCKS;

	if (text == NULL)
		return -1;
	if (strtoull(text, NULL, 10) < locks)
		log_warning("%zu relations are published by one transaction, which takes some "
			    "%zu locks, and the server of database \"%s\" is sure to have %s: "
			    "max_locks_per_transaction may have to be raised",
			    relations, locks, PQdb(db->conn), text);
	free(text);
	return 0;
}
