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

#define OF_INDEX "pg_catalog.starts_with(line, 'unique ')"
#define IS " OPERATOR(pg_catalog.=) "

/*
 * this: the relations that have the names $1, $2 and, unless that is 0, the OIDs $3, by their
 * place there; tree: with their partitions, and with what views read.
 */
static const char tree_sql[] =
	"WITH RECURSIVE this AS (SELECT w.number, c.oid, n.oid AS space, n.xmin"
	" FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.name[]),"
	" pg_catalog.unnest($2::pg_catalog.name[]), pg_catalog.unnest($3::pg_catalog.oid[]))"
	" WITH ORDINALITY AS w (space, name, oid, number)"
	" JOIN pg_catalog.pg_namespace n ON n.nspname" IS "w.space"
	" JOIN pg_catalog.pg_class c ON c.relnamespace" IS "n.oid AND c.relname" IS "w.name"
	" WHERE w.oid" IS "0::pg_catalog.oid OR c.oid" IS "w.oid),"
	" tree (number, oid) AS (SELECT number, oid FROM this"
	" UNION SELECT tree.number, below.oid FROM tree, LATERAL ("
	"SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c"
	" ON c.oid" IS "i.inhrelid AND c.relispartition WHERE i.inhparent" IS "tree.oid"
	" UNION ALL SELECT d.refobjid FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d"
	" ON d.classid" IS "'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid" IS "r.oid"
	" AND d.refclassid" IS "'pg_catalog.pg_class'::pg_catalog.regclass"
	" WHERE r.ev_class" IS "tree.oid AND r.ev_type" IS "'1') AS below (oid)),"
	" lines (number, line) AS (SELECT number, pg_catalog.format('is %s %s %s', oid, space,"
	" xmin) FROM this";

/*
 * What is said of each relation in the tree: by format(), of rows of a catalog that are its by
 * the column ${of} and the condition.  Node trees are compared by digest; they hold OIDs, not
 * names.  It runs under the user's search_path, too.
 */
static const struct {
	const char *format;
	const char *catalog;
	const char *of;
	const char *condition;
} lines[] = {
	{"'class %s %s %s %s %s', relkind, relpersistence, relowner, relrowsecurity,"
	 " relforcerowsecurity",
	 "pg_class", "oid", ""},
	{"'column %L %s %s %s %s %s %s', attname, atttypid, atttypmod, attcollation, attnotnull,"
	 " attidentity, attgenerated",
	 "pg_attribute", "attrelid",
	 " AND attnum OPERATOR(pg_catalog.>) 0 AND NOT attisdropped"},
	{"'rule %s %s %s %s', ev_type, ev_enabled, is_instead,"
	 " pg_catalog.md5(ev_action::pg_catalog.text)",
	 "pg_rewrite", "ev_class", ""},
	{"'constraint %s %s %s %s %s %s', contype, condeferrable, condeferred, convalidated,"
	 " confrelid, pg_catalog.md5(conbin::pg_catalog.text)",
	 "pg_constraint", "conrelid", ""},
	{"'referred to %s %s', confupdtype, confdeltype", "pg_constraint", "confrelid",
	 " AND contype" IS "'f'"},
	{"'trigger %L %s %s %s %s %s', tgname, tgfoid, tgtype, tgenabled, tgattr,"
	 " pg_catalog.md5(tgqual::pg_catalog.text)",
	 "pg_trigger", "tgrelid", " AND NOT tgisinternal"},
	{"'policy %L %s %s %s %s %s', polname, polcmd, polpermissive, polroles,"
	 " pg_catalog.md5(polqual::pg_catalog.text),"
	 " pg_catalog.md5(polwithcheck::pg_catalog.text)",
	 "pg_policy", "polrelid", ""},
	{"'unique %s %s %s %s %s %s', indkey, indclass, indcollation, indimmediate,"
	 " pg_catalog.md5(indpred::pg_catalog.text),"
	 " pg_catalog.md5(indexprs::pg_catalog.text)",
	 "pg_index", "indrelid", " AND indisunique AND indisvalid"},
};

/*
 * OFFSET 0 keeps the planner from joining whole catalogs, which pays for many relations: for
 * few, each catalog is read by its index.
 */
static void
add_statement(struct buf *sql, size_t n)
{
	size_t i;

	buf_adds(sql, tree_sql);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		buf_addf(sql,
			 " UNION SELECT t.number, x.line FROM tree t, LATERAL"
			 " (SELECT pg_catalog.format(%s) AS line FROM pg_catalog.%s"
			 " WHERE %s" IS "t.oid%s%s) x",
			 lines[i].format, lines[i].catalog, lines[i].of, lines[i].condition,
			 n <= FEW ? " OFFSET 0" : "");
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
	add_statement(&sql, n);
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
