/*
 * Building the reading statements.  A user's text stands on lines of its own
 * between our parentheses, so that a comment at its end cannot swallow ours;
 * source_pg has the server parse the SELECT by itself first, which proves that
 * the text is one statement and cannot close the parenthesis of COPY.
 */
#include "extract/pg/select.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/err.h"
#include "common/base/nearest.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/keylist.h"
#include "common/pg/keyorder.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "common/schema/typedocs.h"
#include "extract/options/options.h"

bool
select_is_narrowed(const struct extract_rows *o)
{
	return o->columns.n > 0 || o->exclude.n > 0 || o->where != NULL || o->limit >= 0;
}

static int
unknown_column(const struct relation *rel, const char *name, struct err *e)
{
	const char **words = xcalloc(rel->ncolumns, sizeof(*words)), *near;
	size_t i;

	for (i = 0; i < rel->ncolumns; i++)
		words[i] = rel->columns[i].name;
	near = nearest_word(name, words, rel->ncolumns);
	err_set(e, EXIT_USAGE, "%s \"%s\" has no column \"%s\"", relation_kind_name(rel->kind),
		rel->id.name, name);
	if (near != NULL)
		err_hint(e, "Perhaps you meant \"%s\".", near);
	free(words);
	return -1;
}

static int
check_names(const struct relation *rel, const struct ident_list *list, struct err *e)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (relation_column_find(rel, list->names[i]) < 0)
			return unknown_column(rel, list->names[i], e);
	return 0;
}

static void
add_named(struct buf *sql, const char **comma, const char *name)
{
	buf_adds(sql, *comma);
	ident_add_quoted(sql, name);
	*comma = ", ";
}

static int
check_excluded(const PGresult *described, const struct ident_list *list, struct err *e)
{
	size_t i;
	int j;

	for (i = 0; i < list->n; i++) {
		for (j = 0; j < PQnfields(described); j++)
			if (strcmp(list->names[i], PQfname(described, j)) == 0)
				break;
		if (j == PQnfields(described))
			return err_set(e, EXIT_USAGE, "the query has no column \"%s\"",
				       list->names[i]);
	}
	return 0;
}

/* The columns of a query are known to the server only. */
static int
add_query_columns(struct db *db, struct buf *sql, const struct extract_rows *o,
		  const char *query, struct err *e)
{
	PGresult *res = db_describe(db, e, query);
	const char *comma = "";
	int rc = res != NULL ? check_excluded(res, &o->exclude_list, e) : -1, i;
	size_t named;

	for (named = 0; rc == 0 && named < o->column_list.n; named++)
		add_named(sql, &comma, o->column_list.names[named]);
	for (i = 0; rc == 0 && o->columns.n == 0 && i < PQnfields(res); i++)
		if (!ident_list_has(&o->exclude_list, PQfname(res, i)))
			add_named(sql, &comma, PQfname(res, i));
	PQclear(res);
	return rc;
}

static int
add_columns(struct db *db, struct buf *sql, const struct extract_rows *o,
	    const struct relation *rel, const char *query, struct err *e)
{
	const char *comma = "";
	size_t i;

	if (rel == NULL)
		return add_query_columns(db, sql, o, query, e);
	if (check_names(rel, &o->column_list, e) != 0 ||
	    check_names(rel, &o->exclude_list, e) != 0)
		return -1;
	for (i = 0; i < o->column_list.n; i++)
		add_named(sql, &comma, o->column_list.names[i]);
	for (i = 0; o->columns.n == 0 && i < rel->ncolumns; i++)
		if (!ident_list_has(&o->exclude_list, rel->columns[i].name))
			add_named(sql, &comma, rel->columns[i].name);
	return 0;
}

static void
add_keys(struct buf *sql, const json_t *keys, const struct db *db)
{
	size_t n = keylist_ncolumns(keys), i;
	const char **names = xcalloc(n, sizeof(*names));

	for (i = 0; i < n; i++)
		names[i] = keylist_column(keys, i);
	keylist_add_condition(keys, names, db, sql);
	free(names);
}

static void
add_conditions(struct buf *sql, const struct select *s, const struct db *db)
{
	const char *word = "WHERE";

	if (s->condition != NULL) {
		buf_addf(sql, " WHERE (%s)", s->condition);
		word = "AND";
	}
	if (s->keys != NULL) {
		buf_addf(sql, " %s ", word);
		add_keys(sql, s->keys, db);
		word = "AND";
	}
	if (s->rows->where != NULL)
		buf_addf(sql, " %s (\n%s\n)", word, s->rows->where);
}

static void
add_limit(struct buf *sql, const struct extract_rows *o)
{
	if (o->limit >= 0)
		buf_addf(sql, " LIMIT %lld", (long long)o->limit);
}

char *
select_build(const struct select *s, struct db *db, struct err *e)
{
	struct buf sql = BUF_INIT;

	if (s->rel == NULL && s->keys == NULL && !select_is_narrowed(s->rows))
		return xstrdup(s->query);
	buf_adds(&sql, "SELECT ");
	if (add_columns(db, &sql, s->rows, s->rel, s->query, e) != 0) {
		buf_release(&sql);
		return NULL;
	}
	if (s->rel != NULL) {
		buf_adds(&sql, (s->flags & SELECT_ONLY) != 0 ? " FROM ONLY " : " FROM ");
		relname_add_quoted(s->leaf != NULL ? s->leaf : &s->rel->id, &sql);
	} else {
		buf_addf(&sql, " FROM (\n%s\n) AS portl", s->query);
	}
	add_conditions(&sql, s, db);
	if (s->rel != NULL && (s->flags & SELECT_ORDERED) != 0)
		keyorder_add(s->rel, s->rel->primary_key, s->rel->nprimary_key, db, &sql);
	add_limit(&sql, s->rows);
	return buf_detach(&sql);
}

/* The rows of the topmost node of a plan in JSON, or -1. */
static int64_t
planned_rows(const char *plan)
{
	json_t *doc = json_loads(plan, JSON_DECODE_INT_AS_REAL, NULL);
	const json_t *top = json_object_get(json_array_get(doc, 0), "Plan");
	double rows = json_number_value(json_object_get(top, "Plan Rows"));

	json_decref(doc);
	return rows > 0 && rows < 1e18 ? (int64_t)rows : -1;
}

int
select_plan(struct db *db, const char *select, int64_t *rows, struct err *e)
{
	char *sql = xasprintf("EXPLAIN (FORMAT json)\n%s", select);
	PGresult *res = db_query(db, e, sql, 0, NULL);

	*rows = res != NULL && PQntuples(res) == 1 ? planned_rows(PQgetvalue(res, 0, 0)) : -1;
	free(sql);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

/* In a read-only transaction the server refuses ${copy} before it runs; its own word for why.
 */
static int
refused_copy(struct db *db, const char *copy, struct err *e)
{
	struct err why = ERR_INIT;

	if (db_exec(db, &why, "ROLLBACK TO SAVEPOINT portl") == 0 &&
	    db_copy_out(db, &why, copy) == 0)
		return -1; /* as the cursor has it; closing ends what runs */
	err_release(e);
	*e = why;
	return -1;
}

/*
 * The server parses what is inside COPY only when it runs.  A cursor that nothing is
 * fetched from goes as far as COPY does before its first row: rewritten, planned,
 * privileges looked at, found to write or to lock rows in a read-only transaction.
 */
int
select_try(struct db *db, const char *copy, const char *select, struct err *e)
{
	PGresult *res = db_describe(db, e, copy);
	char *cursor;

	PQclear(res);
	if (res == NULL || db_exec(db, e, "SAVEPOINT portl") != 0)
		return -1;
	cursor = xasprintf("DECLARE portl NO SCROLL CURSOR FOR\n%s", select);
	res = db_query(db, e, cursor, 0, NULL);
	free(cursor);
	PQclear(res);
	return res != NULL ? 0 : refused_copy(db, copy, e);
}

/* COPY t reads a heap without the executor, but knows nothing of children or expressions. */
static bool
can_copy_table(const struct select *s)
{
	const struct relation *rel = s->rel;
	size_t i;

	if (rel == NULL || rel->kind != 'r' || s->condition != NULL || s->keys != NULL ||
	    (s->flags & SELECT_ORDERED) != 0 ||
	    (rel->has_children && (s->flags & SELECT_ONLY) == 0) || rel->ncolumns == 0 ||
	    select_is_narrowed(s->rows))
		return false;
	for (i = 0; i < rel->ncolumns; i++)
		if (rel->columns[i].generated)
			return false;
	return true;
}

/* What xml is cast to, or NULL: its output function drops declarations, text keeps them. */
static const char *
text_cast(const struct schema *schema, const struct schema_column *c)
{
	const char *base = typedocs_unwrap(schema->types, c->base);

	if (strcmp(base, "xml") == 0)
		return "::pg_catalog.text";
	return strcmp(base, "xml[]") == 0 ? "::pg_catalog.text[]" : NULL;
}

/* The same rows with xml as text, or NULL where there is none. */
static char *
select_as_text(const struct schema *schema, const char *select)
{
	struct buf sql = BUF_INIT;
	const char *comma = "SELECT ", *cast;
	bool found = false;
	size_t i;

	for (i = 0; i < schema->ncolumns; i++) {
		add_named(&sql, &comma, schema->columns[i].name);
		cast = text_cast(schema, &schema->columns[i]);
		found = found || cast != NULL;
		buf_adds(&sql, cast != NULL ? cast : "");
	}
	buf_addf(&sql, " FROM (\n%s\n) AS portl", select);
	if (found)
		return buf_detach(&sql);
	buf_release(&sql);
	return NULL;
}

char *
select_copy(const struct select *s, const struct header *header, const char *select)
{
	bool binary = header->values == HEADER_BINARY;
	char *as_text = binary ? NULL : select_as_text(&header->schema, select);
	struct buf sql = BUF_INIT;

	buf_adds(&sql, "COPY ");
	if (as_text == NULL && can_copy_table(s))
		relname_add_quoted(&s->rel->id, &sql);
	else
		buf_addf(&sql, "(\n%s\n)", as_text != NULL ? as_text : select);
	buf_addf(&sql, " TO STDOUT (FORMAT %s)", binary ? "binary" : "text");
	free(as_text);
	return buf_detach(&sql);
}
