/*
 * Rows are looked for before the stream's own are written, and their keys kept:
 *
 *	CREATE TEMPORARY TABLE absent AS SELECT o.k1 FROM (
 *	    SELECT key AS k1 FROM ONLY target WHERE (scope)) AS o
 *	WHERE NOT EXISTS (SELECT FROM (SELECT c1 AS k1 FROM stage) AS s WHERE o.k1 = s.k1)
 *
 * NOT IN would be quadratic, and find nothing if one key is NULL.  The user's text stands on
 * lines of its own in a query of its own, where no name of ours hides a column; plan_absent.c
 * has proved that it is one expression.  Rows whose key is NULL are nobody's, and stay.
 *
 * Keys that come alone and in order need no stage: the client has the target's pass beside
 * them, and sends back those that are absent.
 *
 * Where NULLs are equal (NULLS NOT DISTINCT) they are keys as all others, as GROUP BY has it;
 * and since no join by such keys is other than quadratic, the rows' places are kept as well.
 */
#include "load/stage/absent_sql.h"

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"
#include "load/stage/sqlparts.h"

/* Children by inheritance have keys of their own. */
static const char *
target(const struct sqlparts *w)
{
	return relation_only(w->p->rel)[0] != '\0' ? "ONLY {target}" : "{target}";
}

static void
add_key_name(struct sqlparts *w, size_t j)
{
	ident_add_quoted(&w->sql, w->p->columns[w->st->key[j]].target);
}

/* The target's rows that may be deleted, with their keys as k1, k2 …, and ${more} of each. */
static void
add_old_keys(struct sqlparts *w, const char *more)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++) {
		sqlparts_add(w, j > 0 ? ", " : "SELECT ");
		add_key_name(w, j);
		buf_addf(&w->sql, " AS k%zu", j + 1);
	}
	sqlparts_add(w, more);
	sqlparts_add(w, " FROM ");
	sqlparts_add(w, target(w));
	if (w->p->rules->absent.scope != NULL)
		buf_addf(&w->sql, " WHERE (\n%s\n)", w->p->rules->absent.scope);
}

/* The staged rows' keys. */
static void
add_new_keys(struct sqlparts *w, const char *more)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++) {
		sqlparts_add(w, j > 0 ? ", " : "SELECT ");
		sqlparts_add_key_value(w, j);
		buf_addf(&w->sql, " AS k%zu", j + 1);
	}
	sqlparts_add(w, more);
	sqlparts_add(w, " FROM {stage}");
}

/*
 * The key ${key} is called so in ${table} (NULL: as the target has it) and k1, k2 … in
 * ${other}; equal is what is equal to the key's index.
 */
static void
add_same(struct sqlparts *w, const char *table, bool named, const char *other)
{
	struct buf name = BUF_INIT;
	size_t j;

	for (j = 0; j < w->st->nkey; j++) {
		name.len = 0;
		buf_addf(&name, "%s.", table);
		if (named)
			ident_add_quoted(&name, w->p->columns[w->st->key[j]].target);
		else
			buf_addf(&name, "k%zu", j + 1);
		sqlparts_add(w, j > 0 ? " AND " : "");
		buf_addf(&w->sql, w->st->null_keys ? "(%s %s %s.k%zu%s" : "%s %s %s.k%zu%s",
			 buf_cstr(&name), w->st->key_equal[j], other, j + 1,
			 w->st->key_collation[j]);
		if (w->st->null_keys)
			buf_addf(
				&w->sql,
				" OR %s IS NOT DISTINCT FROM NULL AND %s.k%zu IS NOT DISTINCT FROM"
				" NULL)",
				buf_cstr(&name), other, j + 1);
	}
	buf_release(&name);
}

static bool
may_be_null(const struct sqlparts *w, size_t j)
{
	return !w->p->rel->columns[w->p->columns[w->st->key[j]].position].not_null_itself;
}

char *
absent_sql_hold(struct sqlparts *w)
{
	if (!w->st->deletes)
		return NULL;
	sqlparts_add(w, "LOCK TABLE ");
	sqlparts_add(w, target(w));
	return sqlparts_text(w, " IN SHARE ROW EXCLUSIVE MODE");
}

/* Only a share of them needs to be known in number, and no more than $1 if that is enough. */
char *
absent_sql_present(struct sqlparts *w)
{
	const struct rules_absent_rows *a = &w->p->rules->absent;

	if (!w->st->deletes || !a->percent || a->most >= 100 ||
	    w->st->counts_late != (w->p->rules->keys == KEYS_ALONE))
		return NULL;
	sqlparts_add(w, "SELECT pg_catalog.count(*) FROM (SELECT FROM ");
	sqlparts_add(w, target(w));
	if (a->scope != NULL)
		buf_addf(&w->sql, " WHERE (\n%s\n)", a->scope);
	return sqlparts_text(w, " LIMIT $1::bigint) AS r");
}

/* Rows of the target whose keys no staged row has, and where they are. */
static void
add_places(struct sqlparts *w)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++)
		buf_addf(&w->sql, "%sk%zu", j > 0 ? ", " : "SELECT ", j + 1);
	sqlparts_add(w,
		     ", pg_catalog.max(place) AS place, pg_catalog.max(part) AS part FROM (");
	add_old_keys(w, ", ctid AS place, tableoid AS part");
	sqlparts_add(w, " UNION ALL ");
	add_new_keys(w, ", NULL, NULL");
	sqlparts_add(w, ") AS u");
	for (j = 0; j < w->st->nkey; j++)
		buf_addf(&w->sql, "%sk%zu", j > 0 ? ", " : " GROUP BY ", j + 1);
	sqlparts_add(w, " HAVING pg_catalog.bool_and(place IS NOT NULL)");
}

char *
absent_sql_absent(struct sqlparts *w)
{
	size_t j;

	if (!w->st->finds)
		return NULL;
	sqlparts_add(w, "CREATE TEMPORARY TABLE {absent} USING heap ON COMMIT DROP AS ");
	if (w->st->null_keys) {
		add_places(w);
		return buf_detach(&w->sql);
	}
	for (j = 0; j < w->st->nkey; j++)
		buf_addf(&w->sql, "%so.k%zu", j > 0 ? ", " : "SELECT ", j + 1);
	sqlparts_add(w, " FROM (");
	add_old_keys(w, "");
	sqlparts_add(w, ") AS o WHERE ");
	for (j = 0; j < w->st->nkey; j++)
		if (may_be_null(w, j))
			buf_addf(&w->sql, "o.k%zu IS DISTINCT FROM NULL AND ", j + 1);
	sqlparts_add(w, "NOT EXISTS (SELECT FROM (");
	add_new_keys(w, "");
	sqlparts_add(w, ") AS s WHERE ");
	add_same(w, "o", false, "s");
	return sqlparts_text(w, ")");
}

/* Which part of the key stream column ${i} is; none is anything else. */
static size_t
part_of_key(const struct sqlparts *w, size_t i)
{
	size_t j = 0;

	while (w->st->key[j] != i)
		j++;
	return j;
}

/* The key's columns as k1, k2 … in the order of the stream's columns. */
static void
add_stream_keys(struct sqlparts *w, const char *before, const char *name)
{
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++) {
		sqlparts_add(w, i > 0 ? ", " : before);
		buf_addf(&w->sql, "%sk%zu", name, part_of_key(w, i) + 1);
	}
}

/* No string is among them, so that every server puts them in one order by itself. */
char *
absent_sql_beside(struct sqlparts *w)
{
	const struct ident_list *order;
	const char *word = " WHERE ";
	size_t j;

	if (!w->st->passes)
		return NULL;
	order = &w->p->header->order;
	add_stream_keys(w, "COPY (SELECT ", "o.");
	sqlparts_add(w, " FROM (");
	add_old_keys(w, "");
	sqlparts_add(w, ") AS o");
	for (j = 0; j < w->st->nkey; j++)
		if (may_be_null(w, j)) {
			buf_addf(&w->sql, "%so.k%zu IS DISTINCT FROM NULL", word, j + 1);
			word = " AND ";
		}
	for (j = 0; j < order->n; j++)
		buf_addf(&w->sql, "%so.k%zu", j > 0 ? ", " : " ORDER BY ",
			 part_of_key(w, (size_t)schema_find(w->p->schema, order->names[j])) +
				 1);
	return sqlparts_text(w, ") TO STDOUT (FORMAT binary)");
}

char *
absent_sql_gone(struct sqlparts *w)
{
	size_t j;

	if (!w->st->passes)
		return NULL;
	for (j = 0; j < w->st->nkey; j++) {
		sqlparts_add(w, j > 0 ? ", " : "CREATE TEMPORARY TABLE {absent} (");
		buf_addf(&w->sql, "k%zu ", j + 1);
		ident_add_type(&w->sql, sqlparts_column(w, w->st->key[j])->plain);
	}
	return sqlparts_text(w, ") USING heap ON COMMIT DROP");
}

char *
absent_sql_gone_copy(struct sqlparts *w)
{
	if (!w->st->passes)
		return NULL;
	sqlparts_add(w, "COPY {absent}");
	add_stream_keys(w, " (", "");
	return sqlparts_text(w, ") FROM STDIN (FORMAT binary)");
}

char *
absent_sql_still(struct sqlparts *w)
{
	if (!w->st->finds || !w->p->rules->absent.several)
		return NULL;
	sqlparts_add(w, "DELETE FROM {absent} AS o WHERE EXISTS (SELECT FROM (");
	add_new_keys(w, "");
	sqlparts_add(w, ") AS s WHERE ");
	add_same(w, "o", false, "s");
	return sqlparts_text(w, ")");
}

/*
 * By the key's index: a table is not to be read for the few rows that are gone.  What the
 * server takes such a plan to cost, and those of the queries that look after foreign keys row
 * by row, would have it compile each of them.
 */
static char *
delete_sql(struct sqlparts *w)
{
	sqlparts_add(w, "SET LOCAL enable_seqscan = off; SET LOCAL jit = off; DELETE FROM ");
	sqlparts_add(w, target(w));
	sqlparts_add(w, " AS t USING {absent} AS g WHERE ");
	if (w->st->null_keys)
		sqlparts_add(w, "t.ctid {=} g.place AND t.tableoid {=} g.part");
	else
		add_same(w, "t", true, "g");
	return sqlparts_text(w,
			     "; SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL jit TO DEFAULT");
}

char *
absent_sql_delete(struct sqlparts *w)
{
	return w->st->finds && w->st->delete_first ? delete_sql(w) : NULL;
}

char *
absent_sql_delete_last(struct sqlparts *w)
{
	return w->st->finds && !w->st->delete_first ? delete_sql(w) : NULL;
}

/* May a row be written under a key that is not equal to the one that is staged? */
static bool
may_change_keys(const struct sqlparts *w)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++)
		if (w->p->columns[w->st->key[j]].way != PLAN_SAME)
			return true;
	return w->st->facts.insert_triggers;
}

/* The key that a row has been written under may be among those that were found absent. */
char *
absent_sql_lost(struct sqlparts *w)
{
	if (!w->st->finds || w->st->delete_first || !may_change_keys(w))
		return NULL;
	sqlparts_add(w, "SELECT 1 FROM (");
	add_new_keys(w, "");
	sqlparts_add(w, ") AS s WHERE NOT EXISTS (SELECT FROM ");
	sqlparts_add(w, target(w));
	sqlparts_add(w, " AS t WHERE ");
	add_same(w, "t", true, "s");
	return sqlparts_text(w, ") LIMIT 1");
}
