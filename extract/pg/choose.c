/*
 * One query for each pattern: names are compared by the server, whose regular expressions
 * and collation they are meant for; patterns are parameters, never SQL.
 */
#include "extract/pg/choose.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/pattern.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"
#include "common/pg/relation.h"
#include "extract/options/options.h"

/* Under the user's search_path, which may lead to other operators. */
#define EQUALS " OPERATOR(pg_catalog.=) "
#define MATCHES " OPERATOR(pg_catalog.~) "
#define IN_KINDS(list) "c.relkind" EQUALS "ANY ('{" list "}'::pg_catalog.\"char\"[])"
#define CLASS "'pg_catalog.pg_class'::pg_catalog.regclass"

static const char relations_sql[] =
	"SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition"
	" FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid" EQUALS "c.relnamespace WHERE ";

static const char schemas_sql[] = "SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE ";

/* What an exact name may mean; what a pattern means of it; and what it never does. */
static const char named_sql[] = IN_KINDS("r,p,v,m,f,S");
static const char matched_sql[] = "(" IN_KINDS("r,p") " AND NOT c.relispartition OR " IN_KINDS(
	"S") " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid" EQUALS CLASS
	     " AND d.objid" EQUALS "c.oid AND d.refclassid" EQUALS CLASS " AND d.deptype" EQUALS
	     "ANY ('{a,i}'::pg_catalog.\"char\"[])))"
	     " AND c.relpersistence OPERATOR(pg_catalog.<>) 't'::pg_catalog.\"char\""
	     " AND (c.relpersistence OPERATOR(pg_catalog.<>) 'u'::pg_catalog.\"char\""
	     " OR NOT pg_catalog.pg_is_in_recovery())" /* where their rows are not */
	     " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid" EQUALS CLASS
	     " AND d.objid" EQUALS "c.oid AND d.deptype" EQUALS "'e'::pg_catalog.\"char\")";
static const char others_sql[] =
	" AND n.nspname OPERATOR(pg_catalog.!~) '^(pg_|_timescaledb_|information_schema$)'::pg_catalog.text";

static void
add_condition(struct buf *sql, const char *column, const struct pattern_part *part, int param)
{
	if (part->is_set)
		buf_addf(sql,
			 "%s" MATCHES "$%d::pg_catalog.text COLLATE pg_catalog.\"default\"",
			 column, param);
	else
		buf_addf(sql, "%s" EQUALS "$%d::pg_catalog.text", column, param);
}

/* The relations that match; without a name: all in the schemas that do. */
static PGresult *
query_relations(struct db *db, const struct pattern *p, bool to_exclude, struct err *e)
{
	bool named = p->name.name != NULL, exact = named && pattern_is_exact(p);
	const char *params[] = {p->schema.name, p->name.name};
	struct buf sql = BUF_INIT;
	PGresult *res;

	buf_adds(&sql, relations_sql);
	if (named)
		add_condition(&sql, "c.relname", &p->name, 2);
	else
		buf_adds(&sql, "$2::pg_catalog.text IS NULL");
	buf_adds(&sql, " AND ");
	if (p->schema.name != NULL)
		add_condition(&sql, "n.nspname", &p->schema, 1);
	else
		buf_adds(&sql, "$1::pg_catalog.text IS NULL"
			       " AND pg_catalog.pg_table_is_visible(c.oid)");
	buf_addf(&sql, " AND %s", exact || to_exclude ? named_sql : matched_sql);
	if (!exact && (p->schema.name == NULL || p->schema.is_set))
		buf_adds(&sql, others_sql);
	res = db_query(db, e, buf_cstr(&sql), 2, params);
	buf_release(&sql);
	return res;
}

static int
blame(const char *option, const struct pattern *p, struct err *e)
{
	if (strcmp(e->sqlstate, "2201B") == 0) /* invalid_regular_expression */
		e->code = EXIT_USAGE;
	return err_prefix(e, "%s \"%s\": ", option, p->text);
}

/* ---- the list ---- */

static void
append(struct choose_list *list, const PGresult *res, int row)
{
	struct choose_relation *rel;

	if (list->n == list->room) {
		list->room = list->room > 0 ? 2 * list->room : 16;
		list->rels = xrealloc(list->rels, list->room * sizeof(*list->rels));
	}
	rel = &list->rels[list->n++];
	*rel = (struct choose_relation){
		.oid = (unsigned)strtoul(PQgetvalue(res, row, 0), NULL, 10),
		.kind = PQgetvalue(res, row, 3)[0],
	};
	relname_set(&rel->id, PQgetvalue(res, row, 1), PQgetvalue(res, row, 2));
}

static int
by_oid(const void *a, const void *b)
{
	const struct choose_relation *x = a, *y = b;

	return (x->oid > y->oid) - (x->oid < y->oid);
}

static void
sort_once(struct choose_list *list)
{
	size_t i, kept = 0;

	if (list->n > 0)
		qsort(list->rels, list->n, sizeof(*list->rels), by_oid);
	for (i = 0; i < list->n; i++)
		if (kept == 0 || list->rels[kept - 1].oid != list->rels[i].oid)
			list->rels[kept++] = list->rels[i];
	list->n = kept;
}

/* Keep the relations for which ${stays}[i] is true. */
static void
keep(struct choose_list *list, const bool *stays)
{
	size_t i, kept = 0;

	for (i = 0; i < list->n; i++)
		if (stays[i])
			list->rels[kept++] = list->rels[i];
	list->n = kept;
}

/* ---- what is chosen ---- */

/* An exact name: as for one relation alone, with what may have been meant. */
static int
no_such_relation(struct db *db, const struct pattern *p, struct err *e)
{
	struct relation *rel = relation_find(db, p->schema.name, p->name.name, e);

	if (rel != NULL)
		err_set(e, EXIT_USAGE, "\"%s\" is not a table or view", rel->id.name);
	relation_free(rel);
	return -1;
}

static int
no_match(struct db *db, const char *option, const struct pattern *p, struct err *e)
{
	if (pattern_is_exact(p))
		return no_such_relation(db, p, e);
	err_set(e, EXIT_DATA, "%s \"%s\" matches no table in database \"%s\"", option, p->text,
		PQdb(db->conn));
	if (p->schema.name == NULL)
		return err_hint(e,
				"Without a schema a pattern matches only what search_path "
				"finds: \"*.%s\" is one for all schemas.",
				p->text);
	return err_hint(e, "Patterns match tables, partitioned tables and sequences; views and "
			   "partitions have to be named.");
}

static int
add_tables(struct db *db, const struct pattern *p, struct choose_list *list, bool *partitions,
	   struct err *e)
{
	PGresult *res = query_relations(db, p, false, e);
	int i, n;

	if (res == NULL)
		return blame("-t", p, e);
	n = PQntuples(res);
	for (i = 0; i < n; i++) {
		append(list, res, i);
		*partitions = *partitions || db_is_true(res, i, 4);
	}
	PQclear(res);
	return n > 0 ? 0 : no_match(db, "-t", p, e);
}

/* The names of the schemas that match; NULL with ${e} filled, too, if there are none. */
static PGresult *
find_schemas(struct db *db, const char *option, const struct pattern *p, struct err *e)
{
	const char *params[] = {p->name.name};
	struct buf sql = BUF_INIT;
	PGresult *res;

	buf_adds(&sql, schemas_sql);
	add_condition(&sql, "n.nspname", &p->name, 1);
	if (p->name.is_set)
		buf_adds(&sql, others_sql);
	res = db_query(db, e, buf_cstr(&sql), 1, params);
	buf_release(&sql);
	if (res == NULL) {
		blame(option, p, e);
	} else if (PQntuples(res) == 0) {
		err_set(e, EXIT_DATA, "%s \"%s\" matches no schema in database \"%s\"", option,
			p->text, PQdb(db->conn));
		PQclear(res);
		res = NULL;
	}
	return res;
}

static int
add_schema(struct db *db, const struct pattern *p, struct choose_list *list, struct err *e)
{
	const struct pattern all = {.schema = p->name};
	PGresult *found = find_schemas(db, "--schema", p, e), *res = NULL;
	int i;

	if (found != NULL)
		res = query_relations(db, &all, false, e);
	for (i = 0; res != NULL && i < PQntuples(res); i++)
		append(list, res, i);
	PQclear(found);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

/* ---- what is left out ---- */

static char *
oids(const struct choose_list *list)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < list->n; i++)
		pgarray_add_oid(&b, list->rels[i].oid);
	pgarray_end(&b);
	return buf_detach(&b);
}

/* Which relations of the list stay, and the partitions that patterns want without. */
struct exclusion {
	bool *stays;
	struct buf partitions; /* OIDs, ",1,2" */
};

static int
whole_only(const char *partition, struct err *e)
{
	err_set(e, EXIT_USAGE,
		"--exclude-table: \"%s\" is a partition, whose rows travel with those of its "
		"table",
		partition);
	return err_hint(e, "Leave out the partitioned table, or read it alone with --where.");
}

static int
exclude_tables(struct db *db, const struct pattern *p, const struct choose_list *list,
	       struct exclusion *x, struct err *e)
{
	PGresult *res = query_relations(db, p, true, e);
	int i, n, rc = 0;

	if (res == NULL)
		return blame("--exclude-table", p, e);
	n = PQntuples(res);
	for (i = 0; rc == 0 && i < n; i++) {
		const struct choose_relation key = {
			.oid = (unsigned)strtoul(PQgetvalue(res, i, 0), NULL, 10)};
		const struct choose_relation *found =
			list->n > 0 ? bsearch(&key, list->rels, list->n, sizeof(key), by_oid)
				    : NULL;

		if (found != NULL)
			x->stays[found - list->rels] = false;
		else if (db_is_true(res, i, 4))
			buf_addf(&x->partitions, ",%u", key.oid);
	}
	PQclear(res);
	if (rc != 0 || n > 0)
		return rc;
	no_match(db, "--exclude-table", p, e);
	return pattern_is_exact(p) ? err_prefix(e, "--exclude-table: ") : -1;
}

static int
exclude_schema(struct db *db, const struct pattern *p, const struct choose_list *list,
	       bool *stays, struct err *e)
{
	PGresult *res = find_schemas(db, "--exclude-schema", p, e);
	size_t i;
	int k;

	for (i = 0; res != NULL && i < list->n; i++)
		for (k = 0; k < PQntuples(res); k++)
			if (strcmp(list->rels[i].id.schema, PQgetvalue(res, k, 0)) == 0)
				stays[i] = false;
	PQclear(res);
	return res != NULL ? 0 : -1;
}

/* A partition that is to be left out may be one of a table that stays. */
static int
check_left_out(struct db *db, struct buf *partitions, const struct choose_list *list,
	       struct err *e)
{
	static const char sql[] =
		"SELECT p.oid::pg_catalog.regclass"
		" FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS p(oid)"
		" CROSS JOIN LATERAL pg_catalog.pg_partition_ancestors(p.oid) AS a"
		" WHERE a.relid OPERATOR(pg_catalog.<>) p.oid"
		" AND a.relid::pg_catalog.oid" EQUALS "ANY ($2::pg_catalog.oid[]) LIMIT 1";
	char *stay = oids(list), *parts = xasprintf("{%s}", buf_cstr(partitions) + 1);
	const char *params[] = {parts, stay};
	PGresult *res = db_query(db, e, sql, 2, params);
	int rc = res != NULL ? 0 : -1;

	if (rc == 0 && PQntuples(res) > 0)
		rc = whole_only(PQgetvalue(res, 0, 0), e);
	PQclear(res);
	free(stay);
	free(parts);
	return rc;
}

static int
exclude(struct db *db, const struct extract_what *what, struct choose_list *list, struct err *e)
{
	struct exclusion x = {
		.stays = xcalloc(list->n, sizeof(*x.stays)),
		.partitions = BUF_INIT,
	};
	size_t i;
	int rc = 0;

	for (i = 0; i < list->n; i++)
		x.stays[i] = true;
	for (i = 0; rc == 0 && i < what->exclude_tables.n; i++)
		rc = exclude_tables(db, &what->exclude_tables.list[i], list, &x, e);
	for (i = 0; rc == 0 && i < what->exclude_schemas.n; i++)
		rc = exclude_schema(db, &what->exclude_schemas.list[i], list, x.stays, e);
	keep(list, x.stays);
	if (rc == 0 && x.partitions.len > 0)
		rc = check_left_out(db, &x.partitions, list, e);
	free(x.stays);
	buf_release(&x.partitions);
	return rc;
}

/* ---- all ---- */

/* A partition has been named: are its rows among those of its table? */
static int
check_twice(struct db *db, const struct choose_list *list, struct err *e)
{
	static const char sql[] =
		"SELECT p.oid::pg_catalog.regclass, a.relid"
		" FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS p(oid)"
		" CROSS JOIN LATERAL pg_catalog.pg_partition_ancestors(p.oid) AS a"
		" WHERE a.relid OPERATOR(pg_catalog.<>) p.oid"
		" AND a.relid::pg_catalog.oid" EQUALS "ANY ($1) LIMIT 1";
	char *all = oids(list);
	const char *params[] = {all};
	PGresult *res = db_query(db, e, sql, 1, params);
	int rc = res != NULL ? 0 : -1;

	if (rc == 0 && PQntuples(res) > 0) {
		rc = err_set(e, EXIT_USAGE, "the rows of partition %s are among those of %s",
			     PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1));
		err_hint(e, "Name one of the two.");
	}
	PQclear(res);
	free(all);
	return rc;
}

int
choose_relations(struct db *db, const struct extract_what *what, struct choose_list *list,
		 struct err *e)
{
	bool partitions = false;
	size_t i;

	for (i = 0; i < what->tables.n; i++)
		if (add_tables(db, &what->tables.list[i], list, &partitions, e) != 0)
			return -1;
	for (i = 0; i < what->schemas.n; i++)
		if (add_schema(db, &what->schemas.list[i], list, e) != 0)
			return -1;
	sort_once(list);
	if (exclude(db, what, list, e) != 0)
		return -1;
	if (list->n == 0)
		return err_set(e, EXIT_DATA, "no table is left to be read");
	return partitions ? check_twice(db, list, e) : 0;
}

static const char privileges_sql[] =
	"SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname), ', '"
	"  ORDER BY n.nspname, c.relname),"
	" pg_catalog.concat_ws('; ',"
	"  'GRANT USAGE ON SCHEMA ' OPERATOR(pg_catalog.||) pg_catalog.string_agg(DISTINCT"
	"   pg_catalog.quote_ident(n.nspname), ', ') FILTER (WHERE NOT"
	"   pg_catalog.has_schema_privilege(n.oid, 'USAGE'))"
	"  OPERATOR(pg_catalog.||) pg_catalog.format(' TO %I', CURRENT_USER),"
	"  'GRANT SELECT ON ' OPERATOR(pg_catalog.||) pg_catalog.string_agg("
	"   pg_catalog.format('%I.%I', n.nspname, c.relname), ', ' ORDER BY n.nspname, c.relname)"
	"   FILTER (WHERE NOT pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))"
	"  OPERATOR(pg_catalog.||) pg_catalog.format(' TO %I', CURRENT_USER))"
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
	" ON n.oid" EQUALS "c.relnamespace WHERE c.oid" EQUALS "ANY ($1::pg_catalog.oid[])"
	" AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
	" AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))";

int
choose_check(struct db *db, const struct choose_list *list, struct err *e)
{
	char *all = oids(list);
	const char *params[] = {all};
	PGresult *res = db_query(db, e, privileges_sql, 1, params);
	int rc = res != NULL ? 0 : -1;

	if (rc == 0 && !PQgetisnull(res, 0, 0)) {
		rc = err_set(e, EXIT_DATA, "permission denied to read %s",
			     PQgetvalue(res, 0, 0));
		err_hint(e, "This would help: %s;", PQgetvalue(res, 0, 1));
	}
	PQclear(res);
	free(all);
	return rc;
}

void
choose_release(struct choose_list *list)
{
	free(list->rels);
	*list = (struct choose_list){.n = 0};
}
