/*
 * Catalog queries about one relation.
 */
#include "common/pg/relation.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/nearest.h"
#include "common/base/pack.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/engine.h"
#include "common/pg/pgarray.h"

/*
 * These run under the user's search_path, which says what is visible; it may lead
 * to other operators, so each one is written with its schema.
 */
#define EQUALS " OPERATOR(pg_catalog.=) "
#define JOINED " OPERATOR(pg_catalog.||) "

static const char find_sql[] =
	"SELECT c.oid, n.nspname, c.relname, c.relkind FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid" EQUALS "c.relnamespace"
	" WHERE c.relname" EQUALS "$2::pg_catalog.text"
	" AND c.relkind OPERATOR(pg_catalog.<>) ALL ('{i,I,c}'::pg_catalog.\"char\"[])"
	" AND CASE WHEN $1::pg_catalog.text IS NULL"
	" THEN pg_catalog.pg_table_is_visible(c.oid)"
	" ELSE n.nspname" EQUALS "$1::pg_catalog.text END";

static const char find_all_sql[] =
	"SELECT w.number, c.oid, n.nspname, c.relname, c.relkind"
	" FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]),"
	" pg_catalog.unnest($2::pg_catalog.text[])) WITH ORDINALITY AS w (space, name, number)"
	" JOIN pg_catalog.pg_namespace n ON n.nspname" EQUALS "w.space"
	" JOIN pg_catalog.pg_class c ON c.relnamespace" EQUALS "n.oid AND c.relname" EQUALS
	"w.name AND c.relkind OPERATOR(pg_catalog.<>) ALL ('{i,I,c}'::pg_catalog.\"char\"[])";

static const char near_sql[] =
	"SELECT pg_catalog.quote_ident(n.nspname)" JOINED "'.'" JOINED
	"pg_catalog.quote_ident(c.relname)"
	" FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid" EQUALS "c.relnamespace"
	" WHERE c.relkind" EQUALS "ANY ('{r,p,v,m,f}'::pg_catalog.\"char\"[])"
	" AND (pg_catalog.lower(c.relname::pg_catalog.text)" EQUALS
	"pg_catalog.lower($2::pg_catalog.text)"
	" OR pg_catalog.lower(n.nspname::pg_catalog.text" JOINED "'.'::pg_catalog.text" JOINED
	"c.relname::pg_catalog.text)" EQUALS "pg_catalog.lower($2::pg_catalog.text))"
	" ORDER BY n.nspname" EQUALS "$1::pg_catalog.text DESC NULLS LAST, 1 LIMIT 1";

static const char relation_sql[] =
	"SELECT c.oid, CASE WHEN c.reltuples >= 0 AND c.relkind IN ('r', 'm') THEN c.reltuples::int8"
	" ELSE -1 END,"
	" EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid),"
	" row_security_active(c.oid),"
	" EXISTS (SELECT FROM pg_rewrite WHERE ev_class = c.oid AND ev_type = '3'),"
	" EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgtype & 68 = 68),"
	" c.oid IN (SELECT confrelid FROM pg_constraint" /* has no index on it */
	"  WHERE contype = 'f' AND conrelid <> confrelid),"
	" pg_is_in_recovery(), coalesce(m.amhandler = 'heap_tableam_handler'::regproc, false),"
	" EXISTS (SELECT FROM pg_extension WHERE extname IN ('citus', 'timescaledb'))"
	" FROM pg_class c LEFT JOIN pg_am m ON m.oid = c.relam"
	" WHERE c.oid = ANY ($1::oid[]) ORDER BY c.oid";

/*
 * For a column whose type is a domain, d is that and those below it; only the lowest has
 * modifiers, and each may forbid NULL.
 */
#define IF_DOMAIN \
	" CASE WHEN t.typtype = 'd' THEN (WITH RECURSIVE d (type, modifiers) AS (" \
	" SELECT a.atttypid, a.atttypmod" \
	" UNION ALL SELECT b.typbasetype, b.typtypmod FROM d" \
	" JOIN pg_type b ON b.oid = d.type AND b.typtype = 'd')"

/* The last but two is the column's position in the primary key, from 1. */
static const char columns_sql[] =
	"SELECT a.attrelid, a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod),"
	" format_type(a.atttypid, NULL),"
	" CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation THEN"
	" (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l"
	" JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation) END,"
	" a.attnotnull OR" IF_DOMAIN
	" SELECT bool_or(b.typnotnull) FROM d JOIN pg_type b ON b.oid = d.type) ELSE false END,"
	" a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,"
	" a.attgenerated <> '',"
	" a.attidentity = 'a', has_column_privilege(a.attrelid, a.attnum, 'INSERT'),"
	" a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid"
	" AND k.contype = 'n' AND NOT k.convalidated AND k.conkey[1] = a.attnum),"
	" array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum)," IF_DOMAIN
	" SELECT min(format_type(d.type, d.modifiers)) FILTER (WHERE b.typtype <> 'd')"
	" FROM d JOIN pg_type b ON b.oid = d.type) ELSE format_type(a.atttypid, a.atttypmod) END,"
	" a.attcollation <> 0"
	" FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
	" LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary"
	" AND i.indrelid = ANY ($1)" /* else all of them are looked at */
	" WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped"
	" ORDER BY a.attrelid, a.attnum";

/* All whose name may have been mistyped, but the system's own. */
static const char names_sql[] =
	"SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
	" ON n.oid" EQUALS "c.relnamespace WHERE c.relkind" EQUALS
	"ANY ('{r,p,v,m,f}'::pg_catalog.\"char\"[]) AND c.oid OPERATOR(pg_catalog.>=)"
	" '16384'::pg_catalog.oid AND CASE WHEN $1::pg_catalog.text IS NULL"
	" THEN pg_catalog.pg_table_is_visible(c.oid)"
	" ELSE n.nspname::pg_catalog.text" EQUALS "$1::pg_catalog.text END LIMIT 10000";

/* Words help whoever has mistyped a name; a server that is gone is another matter. */
static void
take_loss(struct db *db, struct err *why, struct err *e)
{
	if (why->code == EXIT_CONN || (why->code != EXIT_DONE && db_is_lost(db)))
		err_take(e, why);
	err_release(why);
}

static void
suggest_nearest(struct db *db, const char *schema, const char *name, struct err *e)
{
	const char *params[] = {schema}, **words, *near;
	struct err why = ERR_INIT;
	PGresult *res = db_query(db, &why, names_sql, 1, params);
	int n = res != NULL ? PQntuples(res) : 0, i;

	words = xcalloc((size_t)n + 1, sizeof(*words));
	for (i = 0; i < n; i++)
		words[i] = PQgetvalue(res, i, 0);
	near = nearest_word(name, words, (size_t)n);
	if (near != NULL)
		err_hint(e, "Perhaps you meant \"%s\".", near);
	free(words);
	PQclear(res);
	take_loss(db, &why, e);
}

/* A second look, to say what may have been meant. */
static void
suggest(struct db *db, const char *schema, const char *name, struct err *e)
{
	const char *params[] = {schema, name};
	struct err why = ERR_INIT;
	PGresult *res = db_query(db, &why, near_sql, 2, params);

	err_set(e, EXIT_DATA, "relation \"%s%s%s\" does not exist in database \"%s\"",
		schema != NULL ? schema : "", schema != NULL ? "." : "", name, PQdb(db->conn));
	if (res != NULL && PQntuples(res) > 0)
		err_hint(e,
			 "There is %s; names are folded to lower case unless they are in "
			 "double quotes, and looked up along search_path unless qualified.",
			 PQgetvalue(res, 0, 0));
	else if (strchr(name, ',') != NULL)
		err_hint(e, "Each relation has a -t of its own: -t one -t another.");
	else if (!db_is_lost(db))
		suggest_nearest(db, schema, name, e);
	PQclear(res);
	take_loss(db, &why, e);
}

static unsigned
oid_at(const PGresult *res, int row, int col)
{
	return (unsigned)strtoul(PQgetvalue(res, row, col), NULL, 10);
}

/* From column ${col} on: OID, schema, name, kind. */
static struct relation *
take_relation(const PGresult *res, int row, int col)
{
	struct relation *rel = xcalloc(1, sizeof(*rel));

	rel->oid = oid_at(res, row, col);
	relname_set(&rel->id, PQgetvalue(res, row, col + 1), PQgetvalue(res, row, col + 2));
	rel->kind = PQgetvalue(res, row, col + 3)[0];
	return rel;
}

struct relation *
relation_find(struct db *db, const char *schema, const char *name, struct err *e)
{
	const char *params[] = {schema, name};
	PGresult *res = db_query(db, e, find_sql, 2, params);
	struct relation *rel = NULL;

	if (res == NULL)
		return NULL;
	if (PQntuples(res) == 0) {
		suggest(db, schema, name, e);
	} else {
		rel = take_relation(res, 0, 0);
	}
	PQclear(res);
	return rel;
}

int
relation_find_all(struct db *db, const struct relname *const *names, size_t n,
		  struct relation **rels, struct err *e)
{
	struct buf spaces = BUF_INIT, words = BUF_INIT;
	const char *params[2];
	PGresult *res;
	size_t i;
	int row;

	for (i = 0; i < n; i++) {
		rels[i] = NULL;
		pgarray_add(&spaces, names[i]->schema);
		pgarray_add(&words, names[i]->name);
	}
	params[0] = pgarray_end(&spaces);
	params[1] = pgarray_end(&words);
	res = db_query(db, e, find_all_sql, 2, params);
	for (row = 0; res != NULL && row < PQntuples(res); row++)
		rels[strtoul(PQgetvalue(res, row, 0), NULL, 10) - 1] = take_relation(res, row,
										     1);
	buf_release(&spaces);
	buf_release(&words);
	if (res == NULL)
		return -1;
	PQclear(res);
	return 0;
}

static int
read_engines(struct db *db, struct relation *const *rels, size_t n, const char *oids,
	     struct err *e)
{
	const struct engine **found = xcalloc(n, sizeof(struct engine *));
	Oid *oid = xcalloc(n, sizeof(*oid));
	size_t i;
	int rc;

	for (i = 0; i < n; i++)
		oid[i] = rels[i]->oid;
	rc = engine_read(db, oid, n, oids, found, e);
	for (i = 0; rc == 0 && i < n; i++)
		if (found[i] != NULL) {
			rels[i]->engine = found[i]->what;
			rels[i]->remote = found[i]->remote;
		}
	free(oid);
	free(found);
	return rc;
}

static int
read_facts(struct db *db, struct relation *const *rels, size_t n, const char *oids,
	   struct err *e)
{
	PGresult *res = db_query(db, e, relation_sql, 1, &oids);
	bool engines = false;
	size_t i;

	if (res == NULL)
		return -1;
	for (i = 0; i < n && i < (size_t)PQntuples(res); i++) {
		struct relation *rel = rels[i];

		if (oid_at(res, (int)i, 0) != rel->oid)
			break;
		rel->rows_estimate = strtoll(PQgetvalue(res, (int)i, 1), NULL, 10);
		rel->has_children = db_is_true(res, (int)i, 2);
		rel->row_security = db_is_true(res, (int)i, 3);
		rel->insert_rules = db_is_true(res, (int)i, 4);
		rel->instead_trigger = db_is_true(res, (int)i, 5);
		rel->referenced = db_is_true(res, (int)i, 6);
		rel->standby = db_is_true(res, (int)i, 7);
		rel->heap = db_is_true(res, (int)i, 8);
		engines = db_is_true(res, (int)i, 9);
	}
	PQclear(res);
	if (i < n)
		return err_set(e, EXIT_DATA, "relation \"%s\" was dropped just now",
			       rels[i]->id.name);
	return engines ? read_engines(db, rels, n, oids, e) : 0;
}

/* Column ${i} is the primary key's ${position}th, from 1. */
static void
note_key(struct relation *rel, size_t i, size_t position)
{
	rel->primary_key[position - 1] = rel->columns[i].name;
	rel->nprimary_key++;
}

static void
take_column(struct relation *rel, size_t at, const PGresult *res, int row)
{
	struct relation_column *c = &rel->columns[at];

	c->name = intern(PQgetvalue(res, row, 1));
	c->type_oid = oid_at(res, row, 2);
	c->type = intern(PQgetvalue(res, row, 3));
	c->base = intern(PQgetvalue(res, row, 4));
	if (!PQgetisnull(res, row, 5))
		c->collation = intern(PQgetvalue(res, row, 5));
	c->not_null = db_is_true(res, row, 6);
	c->has_default = db_is_true(res, row, 7);
	c->generated = db_is_true(res, row, 8);
	c->identity_always = db_is_true(res, row, 9);
	c->may_insert = db_is_true(res, row, 10);
	c->not_null_itself = db_is_true(res, row, 11);
	if (!PQgetisnull(res, row, 12))
		note_key(rel, at, strtoul(PQgetvalue(res, row, 12), NULL, 10));
	c->plain = intern(PQgetvalue(res, row, 13));
	c->collatable = db_is_true(res, row, 14);
}

/* Rows come relation by relation, in the order of ${rels}. */
static int
read_columns(struct db *db, struct relation *const *rels, size_t n, const char *oids,
	     struct err *e)
{
	PGresult *res = db_query(db, e, columns_sql, 1, &oids);
	int row = 0, first;
	size_t i;

	if (res == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		struct relation *rel = rels[i];

		for (first = row; row < PQntuples(res) && oid_at(res, row, 0) == rel->oid;)
			row++;
		rel->ncolumns = (size_t)(row - first);
		rel->columns = xcalloc(rel->ncolumns, sizeof(*rel->columns));
		rel->primary_key = xcalloc(rel->ncolumns, sizeof(*rel->primary_key));
		for (row = first; row - first < (int)rel->ncolumns; row++)
			take_column(rel, (size_t)(row - first), res, row);
	}
	PQclear(res);
	return 0;
}

#define AT_ONCE 1000 /* relations in one query */

int
relation_read_all(struct db *db, struct relation *const *rels, size_t n, struct err *e)
{
	struct buf oids = BUF_INIT;
	size_t from, m, i;
	int rc = 0;

	for (from = 0; rc == 0 && from < n; from += m) {
		m = n - from < AT_ONCE ? n - from : AT_ONCE;
		oids.len = 0;
		for (i = from; i < from + m; i++)
			pgarray_add_oid(&oids, rels[i]->oid);
		pgarray_end(&oids);
		rc = read_facts(db, rels + from, m, buf_cstr(&oids), e);
		if (rc == 0)
			rc = read_columns(db, rels + from, m, buf_cstr(&oids), e);
	}
	buf_release(&oids);
	return rc;
}

int
relation_read(struct db *db, struct relation *rel, struct err *e)
{
	return relation_read_all(db, &rel, 1, e);
}

int
relation_column_find(const struct relation *rel, const char *name)
{
	size_t i;

	for (i = 0; i < rel->ncolumns; i++)
		if (strcmp(rel->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

const char *
relation_only(const struct relation *rel)
{
	return rel->kind == 'r' && rel->engine == NULL ? "ONLY " : "";
}

const char *
relation_kind_name(char kind)
{
	switch (kind) {
	case 'r':
		return "table";
	case 'p':
		return "partitioned table";
	case 'v':
		return "view";
	case 'm':
		return "materialized view";
	case 'f':
		return "foreign table";
	case 'S':
		return "sequence";
	case 't':
		return "TOAST table";
	default:
		return "relation";
	}
}

static const char grant_sql[] =
	"SELECT CASE WHEN NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') THEN"
	" pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, CURRENT_USER)"
	" WHEN NOT pg_catalog.has_table_privilege(c.oid, 'SELECT') THEN"
	" pg_catalog.format('GRANT SELECT ON %I.%I TO %I', n.nspname, c.relname, CURRENT_USER)"
	" END FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid" EQUALS "c.relnamespace"
	" WHERE c.oid" EQUALS "$1::pg_catalog.oid";

void
relation_suggest_grant(struct db *db, const struct relation *rel, struct err *e)
{
	struct err ignored = ERR_INIT;
	PGresult *res = db_query_oid(db, &ignored, grant_sql, rel->oid);

	if (res != NULL && PQntuples(res) == 1 && !PQgetisnull(res, 0, 0) && e->hint == NULL)
		err_hint(e, "This would help: %s;", PQgetvalue(res, 0, 0));
	PQclear(res);
	err_release(&ignored);
}

void
relation_pack(struct buf *to, const struct relation *rel)
{
	struct relation bare = *rel;

	bare.columns = NULL; /* of no use to whoever unpacks it, and no two are alike */
	bare.primary_key = NULL;
	buf_add(to, &bare, sizeof(bare));
	pack_array(to, rel->columns, rel->ncolumns, sizeof(*rel->columns));
	pack_array(to, rel->primary_key, rel->nprimary_key, sizeof(*rel->primary_key));
}

struct relation *
relation_unpack(struct unpack *from)
{
	struct relation *rel = xmalloc(sizeof(*rel));

	pack_take_bytes(from, rel, sizeof(*rel));
	rel->columns = pack_take_array(from, rel->ncolumns, sizeof(*rel->columns),
				       rel->ncolumns);
	rel->primary_key = pack_take_array(from, rel->nprimary_key, sizeof(*rel->primary_key),
					   rel->nprimary_key);
	return rel;
}

void
relation_free(struct relation *rel)
{
	if (rel == NULL)
		return;
	free(rel->primary_key);
	free(rel->columns);
	free(rel);
}
