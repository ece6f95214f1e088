/*
 * The catalog's constraints as queries over "s", the rows with the columns' names in the
 * target and portl_place.  The server writes them, who knows best how its names are
 * quoted; constraints over columns that are not loaded are left out.
 */
#include "load/stage/plan_suspects.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

/*
 * A foreign key to a partitioned table has a constraint for each partition below it.  Of a
 * unique index that rows may conflict by, nothing is refused.  For each other one, if it is
 * plain, its own equality says which rows are equal: all behind the first are found.  $2 names
 * the constraints that are asked about (NULL: all), where the server names those of the target
 * itself.  The last two are about foreign keys to the table itself: rows that neither the table
 * nor "s" has what they refer to, and those that lack a row of "lost", be it by one of the
 * keys. Where two rows of "s" have what is referred to, one may be taken though the other is
 * lost.
 *
 * To be filled in: the names of the columns that are loaded, the end of the condition under
 * which a row of the target "t" is another one than "s", the index that rows conflict by.
 */
static const char queries_sql[] =
	"WITH loaded AS (SELECT attrelid, attnum, attname, attnotnull FROM pg_attribute"
	" WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attname = ANY (%s)),"
	" meant AS (SELECT CASE WHEN relkind = 'p' THEN ' AND ($2::text[] IS NULL OR true)'"
	" ELSE ' AND ($2::text[] IS NULL OR %%L = ANY ($2))' END AS meant"
	" FROM pg_class WHERE oid = $1),"
	" cons AS (SELECT * FROM pg_constraint AS c WHERE conrelid = $1"
	" AND conkey <@ ARRAY(SELECT attnum FROM loaded)),"
	" own AS (SELECT conname, given, same, same_again, (SELECT CASE relkind WHEN 'p' THEN ''"
	" ELSE 'ONLY ' END || oid::regclass FROM pg_class WHERE oid = $1) AS itself"
	" FROM cons AS c, LATERAL"
	" (SELECT string_agg(format('s.%%I IS NOT NULL', a.attname), ' AND ') AS given,"
	" string_agg(format('p.%%I OPERATOR(%%I.%%s) s.%%I', b.attname, nspname, oprname,"
	" a.attname), ' AND ') AS same,"
	" string_agg(format('q.%%I OPERATOR(%%I.%%s) s.%%I', b.attname, nspname, oprname,"
	" a.attname), ' AND ') AS same_again FROM unnest(conkey, confkey, conpfeqop)"
	" AS u (k, f, op) JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = k"
	" JOIN pg_attribute AS b ON b.attrelid = confrelid AND b.attnum = f"
	" JOIN pg_operator AS o ON o.oid = op JOIN pg_namespace AS n ON n.oid = oprnamespace)"
	" AS pair WHERE contype = 'f' AND confrelid = conrelid"
	" AND confkey <@ ARRAY(SELECT attnum FROM loaded) AND NOT EXISTS"
	" (SELECT FROM pg_constraint AS up WHERE up.oid = c.conparentid"
	" AND up.conrelid = c.conrelid))"
	" SELECT (SELECT format('SELECT portl_place FROM s AS %%I WHERE %%s', relname, conditions)"
	" FROM pg_class, LATERAL (SELECT string_agg(x, ' OR ') AS conditions FROM ("
	"SELECT format('NOT (%%s)', pg_get_expr(conbin, conrelid)) FROM cons WHERE contype = 'c'"
	" UNION ALL SELECT format('%%I IS NULL', attname) FROM loaded WHERE attnotnull) AS y (x))"
	" AS z WHERE oid = $1 AND conditions IS NOT NULL),"
	" (SELECT string_agg(format('SELECT portl_place FROM s WHERE %%s AND NOT EXISTS"
	" (SELECT FROM %%s%%s AS p WHERE %%s)', given,"
	" CASE WHEN relkind = 'p' THEN '' ELSE 'ONLY ' END, confrelid::regclass, same)"
	" || format(meant, conname),"
	" ' UNION ALL ') FROM meant, cons AS c JOIN pg_class AS r ON r.oid = confrelid, LATERAL"
	" (SELECT string_agg(format('s.%%I IS NOT NULL', a.attname), ' AND ') AS given,"
	" string_agg(format('p.%%I OPERATOR(%%I.%%s) s.%%I', b.attname, nspname, oprname,"
	" a.attname), ' AND ') AS same FROM unnest(conkey, confkey, conpfeqop) AS u (k, f, op)"
	" JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = k"
	" JOIN pg_attribute AS b ON b.attrelid = confrelid AND b.attnum = f"
	" JOIN pg_operator AS o ON o.oid = op JOIN pg_namespace AS n ON n.oid = oprnamespace)"
	" AS pair WHERE contype = 'f' AND confrelid <> conrelid AND NOT EXISTS"
	" (SELECT FROM pg_constraint AS up WHERE up.oid = c.conparentid"
	" AND up.conrelid = c.conrelid)),"
	" (SELECT string_agg(format('SELECT portl_place FROM (SELECT *, lag(portl_place) OVER"
	" (PARTITION BY %%s ORDER BY portl_place) AS portl_before FROM s) AS s"
	" WHERE portl_before IS NOT NULL AND %%s', list, given) || format(meant, relname)"
	" || format(' UNION ALL SELECT portl_place FROM s"
	" WHERE EXISTS (SELECT FROM %%s AS t WHERE %%s%%s)', $1::regclass, same, %s)"
	" || format(meant, relname),"
	" ' UNION ALL ') FROM meant, pg_index AS i JOIN pg_class AS r ON r.oid = indexrelid, LATERAL"
	" (SELECT string_agg(format('s.%%I', attname) || CASE WHEN coll <> 0"
	" THEN ' COLLATE ' || coll::regcollation ELSE '' END, ', ') AS list,"
	" CASE WHEN to_jsonb(i) @> '{\"indnullsnotdistinct\": true}' THEN 'true'"
	" ELSE string_agg(format('s.%%I IS NOT NULL', attname), ' AND ') END AS given,"
	" string_agg(format('t.%%I OPERATOR(%%I.%%s) s.%%I', attname, nspname, oprname, attname),"
	" ' AND ') AS same, count(*) AS n"
	" FROM unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[])"
	" AS u (k, class, coll)"
	" JOIN loaded ON attnum = k JOIN pg_opclass AS c ON c.oid = class AND opcdefault"
	" JOIN pg_amop AS m ON amopfamily = opcfamily AND amopstrategy = 3"
	" AND amoplefttype = opcintype AND amoprighttype = opcintype"
	" JOIN pg_operator AS o ON o.oid = amopopr JOIN pg_namespace AS n ON n.oid = oprnamespace"
	") AS pair WHERE indrelid = $1 AND indisunique AND indimmediate AND indpred IS NULL"
	" AND n = indnkeyatts AND indexrelid <> %u),"
	" (SELECT string_agg(format('SELECT portl_place FROM s WHERE %%s AND NOT EXISTS"
	" (SELECT FROM %%s AS p WHERE %%s) AND NOT EXISTS (SELECT FROM s AS p WHERE %%s)',"
	" given, itself, same, same), ' UNION ALL ') FROM own),"
	" (SELECT format('SELECT s.portl_place FROM lost JOIN s AS p USING (portl_place)"
	" JOIN s ON %%s WHERE NOT EXISTS (SELECT FROM %%s AS p WHERE %%s) AND NOT EXISTS"
	" (SELECT FROM s AS q WHERE %%s AND q.portl_place <> p.portl_place)',"
	" same, itself, same, same_again) FROM own ORDER BY conname LIMIT 1)";

/* The columns that are loaded. */
static void
add_names(const struct plan *p, struct buf *sql)
{
	const char *comma = "";
	size_t i;

	buf_adds(sql, "ARRAY[");
	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL) {
			buf_adds(sql, comma);
			ident_add_literal(sql, p->columns[i].target);
			comma = ", ";
		}
	buf_adds(sql, "]::text[]");
}

/* " AND NOT (…)" as a constant: the row of the same key is not another one. */
static void
add_not_same(const struct plan *p, struct buf *sql)
{
	const struct plan_stage *st = p->stage;
	struct buf text = BUF_INIT;
	size_t j;

	for (j = 0; j < st->nkey; j++) {
		const char *name = p->columns[st->key[j]].target;

		buf_adds(&text, j == 0 ? " AND NOT (t." : " AND t.");
		ident_add_quoted(&text, name);
		buf_addf(&text, " %s s.", st->key_equal[j]);
		ident_add_quoted(&text, name);
	}
	buf_adds(&text, st->nkey > 0 ? ")" : "");
	ident_add_literal(sql, buf_cstr(&text));
	buf_release(&text);
}

int
plan_suspects(struct plan *p, struct db *db, struct err *e)
{
	struct buf names = BUF_INIT, other = BUF_INIT;
	PGresult *res;
	char *sql;
	int i;

	if (p->rel == NULL)
		return 0;
	add_names(p, &names);
	add_not_same(p, &other);
	sql = xasprintf(queries_sql, buf_cstr(&names), buf_cstr(&other), p->stage->index);
	res = db_query_oid(db, e, sql, p->rel->oid);
	for (i = 0; res != NULL && i < PLAN_QUERIES; i++)
		if (!PQgetisnull(res, 0, i))
			p->stage->suspects[i] = xstrdup(PQgetvalue(res, 0, i));
	free(sql);
	buf_release(&names);
	buf_release(&other);
	PQclear(res);
	return res != NULL ? 0 : -1;
}
