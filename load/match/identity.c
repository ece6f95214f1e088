/*
 * A lock on a table keeps everything but its schema's name, so that the schema's row is
 * part of what is compared: its xmin changes with each ALTER SCHEMA, also where another
 * one brings the old name back.
 *
 * What partitions have in common counts once: one more of the same kind, or an index that
 * is built anew, changes nothing.
 *
 * The statement takes longer to plan than to run, so that a set asks once for all of its
 * relations.  All that is kept of what it says is a digest, for there may be thousands.
 */
#include "load/match/identity.h"

#include <libpq-fe.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"

#define FEW 20 /* relations */
#define NEWER 150000

#define OF_INDEX "pg_catalog.starts_with(line, 'unique ')"
#define IS " OPERATOR(pg_catalog.=) "
#define IS_LATER " OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid"
#define OWN_XMIN "CASE WHEN t.own THEN xmin END"
#define IS_COLUMN "attnum OPERATOR(pg_catalog.>) 0 AND NOT attisdropped"

/*
 * this: the relations that have the names $1, $2 and, unless that is 0, the OIDs $3, by their
 * place there; tree: with their partitions, and with what views read.
 */
static const char tree_sql[] =
	"WITH RECURSIVE this AS (SELECT w.number, c.oid, n.oid AS space, n.xmin"
	" FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]),"
	" pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.oid[]))"
	" WITH ORDINALITY AS w (space, name, oid, number)"
	" JOIN pg_catalog.pg_namespace n ON n.nspname" IS "w.space"
	" JOIN pg_catalog.pg_class c ON c.relnamespace" IS "n.oid AND c.relname" IS "w.name"
	" WHERE w.oid" IS "0::pg_catalog.oid OR c.oid" IS "w.oid),"
	" tree (number, oid, own) AS (SELECT number, oid, true FROM this"
	" UNION SELECT tree.number, below.oid, false FROM tree, LATERAL ("
	"SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c"
	" ON c.oid" IS "i.inhrelid AND c.relispartition WHERE i.inhparent" IS "tree.oid"
	" UNION ALL SELECT d.refobjid FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d"
	" ON d.classid" IS "'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid" IS "r.oid"
	" AND d.refclassid" IS "'pg_catalog.pg_class'::pg_catalog.regclass"
	" WHERE r.ev_class" IS "tree.oid AND r.ev_type" IS "'1') AS below (oid)),";

/*
 * used: types of their columns, but for initdb's; made: what each of these is made of, itself
 * first; told: what is said of a type.  Its name is what columns of the temporary table get it
 * by; xmin tells of one that has come back.  An array that the planner cannot see has ten
 * members, which keeps it from multiplying its guesses until just-in-time compilation pays.
 */
static const char types_sql[] =
	" used (number, oid) AS (SELECT DISTINCT t.number, x.oid FROM tree t, LATERAL ("
	"SELECT atttypid AS oid FROM pg_catalog.pg_attribute WHERE attrelid" IS "t.oid"
	" AND atttypid" IS_LATER " AND " IS_COLUMN "%s) AS x),"
	" made (root, oid) AS (SELECT k, k FROM pg_catalog.unnest(ARRAY("
	"SELECT oid FROM used GROUP BY oid)) AS k UNION SELECT made.root, part.oid FROM made,"
	" LATERAL (SELECT pg_catalog.unnest(ARRAY(SELECT y.typelem UNION ALL SELECT y.typbasetype"
	" UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r"
	" WHERE CASE WHEN y.typtype" IS "'r' THEN r.rngtypid" IS "y.oid"
	" WHEN y.typtype" IS "'m' THEN (pg_catalog.to_jsonb(r) OPERATOR(pg_catalog.->>)"
	" 'rngmultitypid')::pg_catalog.oid" IS "y.oid ELSE false END"
	" UNION ALL SELECT atttypid FROM pg_catalog.pg_attribute WHERE attrelid" IS
	"y.typrelid AND " IS_COLUMN ")) FROM pg_catalog.pg_type y WHERE y.oid" IS "made.oid"
	" OFFSET 0) AS part (oid) WHERE part.oid" IS_LATER "),"
	" told (oid, line) AS (SELECT k, pg_catalog.format('type %%s %%s %%L %%s %%s', y.oid, y.xmin,"
	" y.typname, y.typnamespace::pg_catalog.regnamespace, (SELECT pg_catalog.md5("
	"pg_catalog.string_agg(pg_catalog.format('%%s %%L %%s %%s', attnum, attname, atttypid,"
	" atttypmod), ' ' ORDER BY attnum)) FROM pg_catalog.pg_attribute WHERE attrelid" IS
	"y.typrelid AND " IS_COLUMN ")) FROM pg_catalog.unnest(ARRAY("
	"SELECT oid FROM made GROUP BY oid)) AS k JOIN pg_catalog.pg_type y ON y.oid" IS "k),"
	" lines (number, line) AS (SELECT number, pg_catalog.format('is %%s %%s %%s', oid, space,"
	" xmin) FROM this UNION SELECT u.number, y.line FROM used u JOIN made m ON m.root" IS
	"u.oid JOIN told y ON y.oid" IS "m.oid";

/*
 * What is said of each relation in the tree: by format(), of rows of a catalog that are its by
 * the column ${of} and the condition.  Node trees are compared by digest; they hold OIDs, not
 * names.  Numbers of columns are the relation's own: a partition may have others.  What was
 * gone, or was another, while the plan read it is told by the xmin of its row when it has come
 * back: columns, triggers, and rules but for the one that makes a view.  It runs under the
 * user's search_path, too.
 */
static const struct {
	const char *format;
	const char *catalog;
	const char *of;
	const char *condition;
	const char *newer; /* a column that servers from 15 on have, too, or NULL */
} lines[] = {
	{"'class %s %s %s %s %s %s', relkind, relpersistence, relowner, relrowsecurity,"
	 " relforcerowsecurity, relam",
	 "pg_class", "oid", "", NULL},
	{"'column %L %s %s %s %s %s %s %s %s', attname, atttypid, atttypmod, attcollation,"
	 " attnotnull, attidentity, attgenerated, CASE WHEN t.own THEN attnum END, " OWN_XMIN,
	 "pg_attribute", "attrelid", " AND " IS_COLUMN, NULL},
	{"'rule %s %s %s %s %s', ev_type, ev_enabled, is_instead,"
	 " pg_catalog.md5(ev_action::pg_catalog.text), CASE WHEN ev_type OPERATOR(pg_catalog.<>)"
	 " '1' THEN xmin END",
	 "pg_rewrite", "ev_class", "", NULL},
	{"'constraint %s %s %s %s %s %s %s', contype, condeferrable, condeferred, convalidated,"
	 " confrelid, pg_catalog.md5(conbin::pg_catalog.text), CASE WHEN contype" IS "'f'"
	 " AND conparentid" IS
	 "0::pg_catalog.oid THEN pg_catalog.format('%L %s %s %s', conname,"
	 " conkey, confkey, confmatchtype) END",
	 "pg_constraint", "conrelid", "", NULL},
	{"'referred to %s %s %s', confupdtype, confdeltype, CASE WHEN t.own THEN confkey END",
	 "pg_constraint", "confrelid", " AND contype" IS "'f'", NULL},
	{"'trigger %L %s %s %s %s %s %s', tgname, tgfoid, tgtype, tgenabled, tgattr,"
	 " pg_catalog.md5(tgqual::pg_catalog.text), " OWN_XMIN,
	 "pg_trigger", "tgrelid", " AND NOT tgisinternal", NULL},
	{"'policy %L %s %s %s %s %s', polname, polcmd, polpermissive, polroles,"
	 " pg_catalog.md5(polqual::pg_catalog.text),"
	 " pg_catalog.md5(polwithcheck::pg_catalog.text)",
	 "pg_policy", "polrelid", "", NULL},
	{"'unique %s %s %s %s %s %s %s', indkey, indclass, indcollation, indimmediate,"
	 " pg_catalog.md5(indpred::pg_catalog.text),"
	 " pg_catalog.md5(indexprs::pg_catalog.text), indisprimary",
	 "pg_index", "indrelid", " AND indisunique AND indisvalid", "indnullsnotdistinct"},
};

/*
 * OFFSET 0 keeps the planner from joining whole catalogs, which pays for many relations: for
 * few, each catalog is read by its index.
 */
static void
add_statement(struct buf *sql, size_t n, int version)
{
	const char *apart = n <= FEW ? " OFFSET 0" : "";
	size_t i;

	buf_adds(sql, tree_sql);
	buf_addf(sql, types_sql, apart);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		buf_addf(sql,
			 " UNION SELECT t.number, x.line FROM tree t, LATERAL (SELECT"
			 " pg_catalog.concat(pg_catalog.format(%s), %s) AS line"
			 " FROM pg_catalog.%s WHERE %s" IS "t.oid%s%s) x",
			 lines[i].format,
			 lines[i].newer != NULL && version >= NEWER ? lines[i].newer : "''",
			 lines[i].catalog, lines[i].of, lines[i].condition, apart);
	buf_adds(sql, ") SELECT number, pg_catalog.concat(pg_catalog.md5(pg_catalog.string_agg("
		      "line, E'\\n' ORDER BY line) FILTER (WHERE NOT " OF_INDEX ")),"
		      " pg_catalog.md5(pg_catalog.string_agg(line, E'\\n' ORDER BY line)"
		      " FILTER (WHERE " OF_INDEX "))) FROM lines GROUP BY number");
}

int
identity_read_all(struct db *db, const struct identity_of *of, size_t n, char **texts,
		  struct err *e)
{
	struct buf spaces = BUF_INIT, names = BUF_INIT, oids = BUF_INIT, sql = BUF_INIT;
	const char *params[3];
	PGresult *res;
	size_t i;
	int row;

	for (i = 0; i < n; i++) {
		texts[i] = NULL;
		pgarray_add(&spaces, of[i].name->schema);
		pgarray_add(&names, of[i].name->name);
		pgarray_add_oid(&oids, of[i].oid);
	}
	params[0] = pgarray_end(&spaces);
	params[1] = pgarray_end(&names);
	params[2] = pgarray_end(&oids);
	add_statement(&sql, n, PQserverVersion(db->conn));
	res = db_query(db, e, buf_cstr(&sql), 3, params);
	for (row = 0; row < PQntuples(res); row++)
		texts[strtoul(PQgetvalue(res, row, 0), NULL, 10) - 1] =
			xstrdup(PQgetvalue(res, row, 1));
	for (i = 0; res != NULL && i < n; i++)
		if (texts[i] == NULL)
			texts[i] = xstrdup("");
	buf_release(&spaces);
	buf_release(&names);
	buf_release(&oids);
	buf_release(&sql);
	if (res == NULL)
		return -1;
	PQclear(res);
	return 0;
}

char *
identity_read(struct db *db, unsigned oid, const struct relname *name, struct err *e)
{
	struct identity_of one = {.oid = oid, .name = name};
	char *text;

	return identity_read_all(db, &one, 1, &text, e) == 0 ? text : NULL;
}
