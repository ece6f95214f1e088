/*
 * The privileges that conflicts ask for.
 */
#include "load/stage/plan_privileges.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

static const char privileges_sql[] =
	"SELECT has_column_privilege(attrelid, attnum, 'SELECT'),"
	" has_column_privilege(attrelid, attnum, 'UPDATE') FROM pg_attribute"
	" WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum";

/* ON CONFLICT reads the key, and what it compares and sets. */
static void
check_column(struct plan *p, size_t i, const PGresult *may, struct reasons *why)
{
	int position = p->columns[i].position;
	bool key = plan_stage_is_key(p, i), sets = !p->stage->once && plan_stage_sets(p, i);

	if (position < 0 || position >= PQntuples(may))
		return;
	if ((sets || key) && PQgetvalue(may, position, 0)[0] != 't') {
		reasons_grant(&why->grants, "SELECT");
		plan_refuse(p, i, why, key ? "grant it, for it is of the key" : NULL,
			    "may not be compared: no SELECT privilege");
	}
	if (sets && PQgetvalue(may, position, 1)[0] != 't') {
		reasons_grant(&why->grants, "UPDATE");
		plan_refuse(p, i, why, NULL, "may not be updated: no UPDATE privilege");
	}
}

/*
 * What the publisher refuses: to update, or delete, rows of a table in a publication of that
 * where nothing says which rows they are.  A partition has an identity of its own.
 */
static const char published_sql[] =
	"SELECT DISTINCT ON (c.oid) c.relname, p.pubname,"
	" format(' ALTER TABLE %%I.%%I REPLICA IDENTITY FULL;', s.nspname, c.relname)"
	" FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace, pg_publication p"
	" WHERE c.oid IN (SELECT $1 UNION SELECT relid FROM pg_partition_tree($1) WHERE isleaf)"
	" AND c.relkind = 'r' AND c.relpersistence = 'p' AND c.relreplident <> 'f'"
	" AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid"
	" AND i.indimmediate AND CASE c.relreplident WHEN 'd' THEN i.indisprimary"
	" WHEN 'i' THEN i.indisreplident ELSE false END) AND p.%s"
	" AND CASE WHEN p.puballtables THEN true ELSE EXISTS (SELECT FROM"
	" pg_publication_tables t JOIN pg_namespace n ON n.nspname = t.schemaname"
	" JOIN pg_class k ON k.relnamespace = n.oid AND k.relname = t.tablename"
	" WHERE t.pubname = p.pubname AND k.oid IN (SELECT c.oid UNION"
	" SELECT relid FROM pg_partition_ancestors(c.oid))) END ORDER BY c.oid, p.pubname";

static int
check_published(const struct plan *p, struct db *db, const char *what, const char *column,
		struct reasons *why, struct err *e)
{
	char *sql = xasprintf(published_sql, column);
	PGresult *res = db_query_oid(db, e, sql, p->rel->oid);
	int i;

	free(sql);
	if (res == NULL)
		return -1;
	if (PQntuples(res) > 0)
		reasons_add(why,
			    "\"%s\" has no replica identity, and publication \"%s\" publishes "
			    "%s of it: the server refuses them",
			    PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1), what);
	for (i = 0; i < PQntuples(res); i++)
		buf_adds(&why->sql, PQgetvalue(res, i, 2));
	PQclear(res);
	return 0;
}

int
plan_privileges(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *may;
	size_t i;

	if (p->stage == NULL || p->rel == NULL || !p->rules->conflict->has_key)
		return 0;
	may = db_query_oid(db, e, privileges_sql, p->rel->oid);
	if (may == NULL)
		return -1;
	for (i = 0; i < p->ncolumns; i++)
		check_column(p, i, may, why);
	PQclear(may);
	if (p->stage->sets && p->rules->keys != KEYS_ALONE &&
	    check_published(p, db, "updates", "pubupdate", why, e) != 0)
		return -1;
	if (p->stage->finds)
		return check_published(p, db, "deletes", "pubdelete", why, e);
	return 0;
}
