/*
 * Foreign keys are the edges of a graph, partition trees its nodes.  From each relation that is
 * loaded it is walked along the keys that change something, as long as the columns that one
 * changes are some that the next one refers to.
 */
#include "load/match/cascades.h"

#include "common/pg/db.h"
#include "load/match/reasons.h"

static const char walk_sql[] =
	"WITH RECURSIVE member AS MATERIALIZED"
	" (SELECT coalesce(pg_partition_root(oid), oid) AS node, number"
	" FROM unnest($1::oid[]) WITH ORDINALITY AS m (oid, number) WHERE oid <> 0),"
	" keys AS MATERIALIZED (SELECT c.oid, c.conkey, c.confkey,"
	" coalesce(pg_partition_root(c.confrelid), c.confrelid::oid) AS parent,"
	" coalesce(pg_partition_root(c.conrelid), c.conrelid::oid) AS child,"
	" NOT c.convalidated OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = c.oid"
	"  AND t.tgenabled <> 'O') AS stays"
	" FROM pg_constraint c WHERE c.contype = 'f' AND c.conparentid = 0"
	" AND c.confupdtype IN ('c', 'n', 'd')"
	" AND (to_jsonb(c) ->> 'conenforced') IS DISTINCT FROM 'false'"
	" AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = c.oid"
	"  AND t.tgrelid = c.confrelid AND t.tgenabled = 'D')),"
	" edge AS (SELECT * FROM keys WHERE NOT $2 OR stays"
	" OR child NOT IN (SELECT node FROM member)),"
	" walk (start, node, changed, first) AS"
	" (SELECT m.number, e.child, e.conkey, e.oid FROM member m JOIN edge e ON e.parent = m.node"
	" UNION SELECT w.start, e.child, e.conkey, w.first FROM walk w"
	" JOIN edge e ON e.parent = w.node AND e.confkey && w.changed)"
	" SELECT w.start, min(o.number), c.conname, a.attname, bool_or(a.attgenerated <> ''),"
	" bool_or(k.stays)"
	" FROM walk w JOIN member o ON o.node = w.node AND o.number <= w.start"
	" JOIN keys k ON k.oid = w.first JOIN pg_constraint c ON c.oid = w.first,"
	" unnest(c.confkey) AS u (num), pg_attribute a"
	" WHERE a.attrelid = c.confrelid AND a.attnum = u.num"
	" AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.confrelid"
	"  AND i.indisprimary AND a.attnum = ANY (i.indkey))"
	" GROUP BY 1, 3, 4 ORDER BY 1, 3, 4";

PGresult *
cascades_find(struct db *db, const char *oids, bool recheck, struct err *e)
{
	return db_query(db, e, walk_sql, 2, (const char *const[]){oids, recheck ? "t" : "f"});
}

void
cascades_refuse(const PGresult *res, int row, struct reasons *why)
{
	reasons_add(why,
		    "foreign key \"%s\" goes along with updates of \"%s\" (ON UPDATE), and so "
		    "would change rows that the stream has just brought; %s",
		    PQgetvalue(res, row, CASCADES_KEY), PQgetvalue(res, row, CASCADES_COLUMN),
		    db_is_true(res, row, CASCADES_STAYS)
			    ? "it would have to be valid, and on, for --foreign-keys=recheck"
			    : "use --foreign-keys=recheck");
}
