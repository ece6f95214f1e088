/*
 * The statements that leave rows out.  Rows that were refused are kept in a
 * second temporary table, portl_bad_*, until the batch is done.  In portl_line_*
 * all rows stand in the order of insertion, for pieces of it.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_rejects.h"
#include "load/stage/plan_stage.h"
#include "load/stage/stagesql.h"

static char *
number_sql(struct stagesql *w)
{
	stagesql_add(w, "SELECT pg_catalog.setval(");
	stagesql_add_counter(w, STAGESQL_REACHED);
	stagesql_add(w, ", ");
	return buf_detach(&w->sql);
}

/* Does an explicit cast to the column's type with its modifiers do as an assignment does? */
static bool
rounds(const struct relation_column *rc)
{
	return strcmp(rc->type, rc->base) != 0 &&
	       (strcmp(rc->base, "numeric") == 0 || strncmp(rc->base, "time with", 9) == 0 ||
		strncmp(rc->base, "timestamp with", 14) == 0 ||
		strcmp(rc->base, "interval") == 0);
}

/* A value with the modifiers of its column, where a cast minds them as INSERT will. */
static void
add_strict(struct stagesql *w, size_t i)
{
	const struct relation_column *rc = stagesql_column(w, i);
	bool strict = rc != NULL && rounds(rc);

	stagesql_add(w, strict ? "CAST(" : "");
	stagesql_add_typed(w, i);
	if (strict)
		buf_addf(&w->sql, " AS %s)", rc->type);
}

static bool
is_cast(const struct stagesql *w, size_t i)
{
	return w->p->columns[i].way != PLAN_SAME;
}

/* OFFSET 0 lets the planner leave none of the casts out. */
char *
plan_rejects_sql_keys(struct stagesql *w)
{
	const char *comma = "ROW(";
	size_t j;

	stagesql_add(w, "SELECT pg_catalog.count(v) FROM (SELECT CASE WHEN pg_catalog.setval(");
	stagesql_add_counter(w, STAGESQL_REACHED);
	stagesql_add(w, ", n) IS NOT NULL THEN ");
	for (j = 0; j < w->st->nkey; j++)
		if (is_cast(w, w->st->key[j])) {
			stagesql_add(w, comma);
			add_strict(w, w->st->key[j]);
			comma = ", ";
		}
	stagesql_add(w, ") END AS v FROM (SELECT * FROM ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, " WHERE n OPERATOR(pg_catalog.>=) $1 ORDER BY n OFFSET 0) AS s"
			" OFFSET 0) AS x");
	if (comma[0] == ',')
		return buf_detach(&w->sql);
	buf_release(&w->sql);
	return NULL;
}

static char *
index_sql(struct stagesql *w)
{
	stagesql_add(w, "CREATE INDEX ON ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, " (n); ANALYZE ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, " (n)");
	return buf_detach(&w->sql);
}

static void
add_bad(struct stagesql *w)
{
	stagesql_add(w, "INSERT INTO ");
	stagesql_add_temp(w, "bad");
	stagesql_add(w, " SELECT ");
}

static void
add_columns(struct stagesql *w)
{
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		buf_addf(&w->sql, "c%zu, ", i + 1);
}

/* The table in which rows stand in the order of insertion, and their places there. */
static void
add_line(struct stagesql *w)
{
	stagesql_add_temp(w, stagesql_line(w));
}

static void
add_leave(struct stagesql *w, const char *table, const char *place)
{
	stagesql_add(w, "WITH gone AS (DELETE FROM ");
	stagesql_add_temp(w, table);
	buf_addf(&w->sql, " WHERE %s OPERATOR(pg_catalog.=) $1 RETURNING *) ", place);
	add_bad(w);
	add_columns(w);
	stagesql_add(w, "n FROM gone RETURNING n");
}

static char *
key_sql(struct stagesql *w)
{
	add_leave(w, "stage", "n");
	return buf_detach(&w->sql);
}

/* Rows in the order of insertion, round by round; k is one for all rows of a key. */
static void
add_copy(struct stagesql *w)
{
	stagesql_add(w, "CREATE TEMPORARY TABLE ");
	add_line(w);
	stagesql_add(w, " ON COMMIT DROP AS SELECT *");
	if (w->st->rejects->first) {
		stagesql_add(w, ", pg_catalog.min(n) OVER (PARTITION BY ");
		stagesql_add_key_values(w);
		stagesql_add(w, ") AS k");
	}
	stagesql_add(w, ", pg_catalog.row_number() OVER (ORDER BY r");
	if (w->st->nkey > 0) {
		stagesql_add(w, ", ");
		stagesql_add_key_values(w);
	}
	stagesql_add(w, ", n) AS pos FROM (SELECT *");
	if (stagesql_is_ranked(w))
		stagesql_add_rank(w);
	else
		stagesql_add(w, ", 1::bigint AS r");
	stagesql_add_from(w, STAGESQL_FIRST);
	stagesql_add(w, ") AS s; ");
}

static char *
line_sql(struct stagesql *w, const char *piece)
{
	const char *place = stagesql_place(w);

	if (w->st->rejects->line)
		add_copy(w);
	stagesql_add(w, "CREATE UNIQUE INDEX ON ");
	add_line(w);
	buf_addf(&w->sql, " (%s); ANALYZE ", place);
	add_line(w);
	buf_addf(&w->sql, " (%s); PREPARE portl_piece_%s (bigint, bigint) AS %s", place,
		 w->st->id, piece);
	buf_addf(&w->sql, "; PREPARE portl_leave_%s (bigint) AS ", w->st->id);
	add_leave(w, stagesql_line(w), place);
	return buf_detach(&w->sql);
}

static char *
next_sql(struct stagesql *w)
{
	const char *place = stagesql_place(w);

	buf_addf(&w->sql, "SELECT %s, pg_catalog.min(%s), pg_catalog.max(%s) FROM ",
		 w->st->rejects->line ? "r" : "1", place, place);
	add_line(w);
	stagesql_add(w, w->st->rejects->line
				? " WHERE r OPERATOR(pg_catalog.>) $1 GROUP BY r ORDER BY r"
				: " HAVING $1::bigint OPERATOR(pg_catalog.<) 1"
				  " AND pg_catalog.count(*) OPERATOR(pg_catalog.>) 0");
	return buf_detach(&w->sql);
}

static char *
again_sql(struct stagesql *w)
{
	stagesql_add(w, "UPDATE ");
	add_line(w);
	stagesql_add(w, " SET pos = $2, r = $3 WHERE pos OPERATOR(pg_catalog.=) $1");
	return buf_detach(&w->sql);
}

static char *
thin_sql(struct stagesql *w)
{
	stagesql_add(w, "DELETE FROM ");
	add_line(w);
	stagesql_add(w, " AS l WHERE r OPERATOR(pg_catalog.>) $1 AND EXISTS (SELECT FROM ");
	add_line(w);
	stagesql_add(w, " AS p WHERE p.k OPERATOR(pg_catalog.=) l.k"
			" AND p.r OPERATOR(pg_catalog.<=) $1)");
	return buf_detach(&w->sql);
}

static char *
count_sql(struct stagesql *w)
{
	stagesql_add(w, "SELECT pg_catalog.count(*) FROM ");
	add_line(w);
	return buf_detach(&w->sql);
}

static char *
clean_sql(struct stagesql *w)
{
	stagesql_add(w, "DELETE FROM ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, " WHERE n OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT n FROM ");
	stagesql_add_temp(w, "bad");
	stagesql_add(w, "))");
	return buf_detach(&w->sql);
}

static char *
zero_sql(struct stagesql *w)
{
	stagesql_add(w, "SELECT pg_catalog.setval(");
	stagesql_add_counter(w, STAGESQL_UPDATED);
	stagesql_add(w, ", 1, false), pg_catalog.setval(");
	stagesql_add_counter(w, STAGESQL_SAME);
	stagesql_add(w, ", 1, false)");
	return buf_detach(&w->sql);
}

static char *
gather_sql(struct stagesql *w)
{
	size_t i;

	stagesql_add(w, "COPY (SELECT n");
	for (i = 0; i < w->p->ncolumns; i++)
		buf_addf(&w->sql, ", c%zu", i + 1);
	stagesql_add(w, " FROM ");
	stagesql_add_temp(w, "bad");
	buf_addf(&w->sql, " ORDER BY n) TO STDOUT (FORMAT %s)", w->p->text ? "text" : "binary");
	return buf_detach(&w->sql);
}

static char *
drop_sql(struct stagesql *w)
{
	if (w->st->rejects->line) {
		stagesql_add(w, "DROP TABLE ");
		add_line(w);
		stagesql_add(w, "; ");
	}
	buf_addf(&w->sql, "DEALLOCATE portl_piece_%s; DEALLOCATE portl_leave_%s", w->st->id,
		 w->st->id);
	return buf_detach(&w->sql);
}

static void
add_bad_table(struct stagesql *w)
{
	struct plan_stage *st = w->p->stage;
	char *both;

	stagesql_add(w, "CREATE TEMPORARY TABLE ");
	stagesql_add_temp(w, "bad");
	stagesql_add(w, " ON COMMIT DROP AS SELECT * FROM ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, " WITH NO DATA");
	both = xasprintf("%s; %s", st->create_sql, buf_cstr(&w->sql));
	buf_release(&w->sql);
	free(st->create_sql);
	st->create_sql = both;
	stagesql_add(w, "DROP TABLE ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, ", ");
	stagesql_add_temp(w, "bad");
	free(st->drop_sql);
	st->drop_sql = buf_detach(&w->sql);
}

void
plan_rejects_sql(struct stagesql *w, const char *piece)
{
	struct plan_rejects *pr = w->st->rejects;

	add_bad_table(w);
	pr->number_sql = number_sql(w);
	if (w->st->keys_sql != NULL) {
		pr->index_sql = index_sql(w);
		pr->key_sql = key_sql(w);
	}
	pr->line_sql = line_sql(w, piece);
	pr->next_sql = next_sql(w);
	pr->piece_sql = xasprintf("EXECUTE portl_piece_%s (", w->st->id);
	pr->leave_sql = xasprintf("EXECUTE portl_leave_%s (", w->st->id);
	if (pr->self)
		pr->again_sql = again_sql(w);
	if (pr->first)
		pr->thin_sql = thin_sql(w);
	if (w->st->once)
		pr->count_sql = count_sql(w);
	if (w->st->twice_sql != NULL)
		pr->clean_sql = clean_sql(w);
	if (stagesql_is_upsert(w))
		pr->zero_sql = zero_sql(w);
	pr->gather_sql = gather_sql(w);
	pr->drop_sql = drop_sql(w);
}
