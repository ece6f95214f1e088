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
