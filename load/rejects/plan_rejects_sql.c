/*
 * The statements that leave rows out.  Rows that were refused are kept in a
 * second temporary table, portl_bad_*, until the batch is done.  In portl_line_*
 * all rows stand in the order of insertion, for pieces of it.
 */
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/options.h"
#include "load/rejects/plan_rejects.h"
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

/* A value with the modifiers of its column, where a cast minds them as INSERT will. */
static void
add_strict(struct stagesql *w, size_t i)
{
	const struct relation_column *rc = stagesql_column(w, i);
	bool strict = rc != NULL && plan_rejects_rounds(rc);

	stagesql_add(w, strict ? "CAST(" : "");
	stagesql_add_typed(w, i);
	if (strict)
		buf_addf(&w->sql, " AS %s)", rc->type);
}

static bool
is_cast(const struct stagesql *w, size_t i)
{
	return w->p->columns[i].target != NULL && w->p->columns[i].way != PLAN_SAME;
}

/* OFFSET 0 lets the planner leave none of the casts out. */
static char *
cast_sql(struct stagesql *w, bool noted, bool keys)
{
	const char *comma = "ROW(";
	size_t i;

	stagesql_add(w, "SELECT pg_catalog.count(v) FROM (SELECT ");
	if (noted) {
		stagesql_add(w, "CASE WHEN pg_catalog.setval(");
		stagesql_add_counter(w, STAGESQL_REACHED);
		stagesql_add(w, ", n) IS NOT NULL THEN ");
	}
	for (i = 0; i < w->p->ncolumns; i++)
		if (is_cast(w, i) && (!keys || plan_stage_is_key(w->p, i))) {
			stagesql_add(w, comma);
			add_strict(w, i);
			comma = ", ";
		}
	stagesql_add(w, noted ? ") END AS v FROM (SELECT * FROM " : ") AS v FROM ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, noted ? " WHERE n OPERATOR(pg_catalog.>=) $1 ORDER BY n OFFSET 0) AS s"
				" OFFSET 0) AS x"
			      : " OFFSET 0) AS x");
	return buf_detach(&w->sql);
}

char *
plan_rejects_sql_keys(struct stagesql *w)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++)
		if (is_cast(w, w->st->key[j]))
			return cast_sql(w, true, true);
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

static char *
move_sql(struct stagesql *w)
{
	stagesql_add(w, "WITH gone AS (DELETE FROM ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, " WHERE n OPERATOR(pg_catalog.=) $1 RETURNING *) ");
	add_bad(w);
	stagesql_add(w, "* FROM gone");
	return buf_detach(&w->sql);
}

static bool
has_rounds(const struct stagesql *w)
{
	return stagesql_is_upsert(w);
}

static char *
line_sql(struct stagesql *w, const char *piece)
{
	stagesql_add(w, "CREATE TEMPORARY TABLE ");
	stagesql_add_temp(w, "line");
	stagesql_add(w,
		     " ON COMMIT DROP AS SELECT *, pg_catalog.row_number() OVER (ORDER BY r");
	if (w->st->nkey > 0) {
		stagesql_add(w, ", ");
		stagesql_add_key_values(w);
	}
	stagesql_add(w, ", n) AS pos FROM (SELECT *");
	if (has_rounds(w))
		stagesql_add_rank(w);
	else
		stagesql_add(w, ", 1::bigint AS r");
	stagesql_add_from(w, STAGESQL_FIRST);
	stagesql_add(w, ") AS s; CREATE UNIQUE INDEX ON ");
	stagesql_add_temp(w, "line");
	stagesql_add(w, " (pos); ANALYZE ");
	stagesql_add_temp(w, "line");
	buf_addf(&w->sql, " (pos); PREPARE portl_piece_%s (bigint, bigint) AS %s", w->st->id,
		 piece);
	return buf_detach(&w->sql);
}

static char *
rounds_sql(struct stagesql *w)
{
	stagesql_add(w, "SELECT pg_catalog.min(pos), pg_catalog.max(pos) FROM ");
	stagesql_add_temp(w, "line");
	stagesql_add(w, " GROUP BY r ORDER BY r");
	return buf_detach(&w->sql);
}

static char *
name_sql(struct stagesql *w)
{
	stagesql_add(w, "SELECT n FROM ");
	stagesql_add_temp(w, "line");
	stagesql_add(w, " WHERE pos OPERATOR(pg_catalog.=) $1");
	return buf_detach(&w->sql);
}

static char *
leave_sql(struct stagesql *w)
{
	add_bad(w);
	add_columns(w);
	stagesql_add(w, "n FROM ");
	stagesql_add_temp(w, "line");
	stagesql_add(w, " WHERE pos OPERATOR(pg_catalog.=) $1");
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
	stagesql_add(w, "DROP TABLE ");
	stagesql_add_temp(w, "line");
	buf_addf(&w->sql, "; DEALLOCATE portl_piece_%s", w->st->id);
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
	pr->index_sql = index_sql(w);
	if (pr->casts) {
		pr->cast_sql = cast_sql(w, false, false);
		pr->casts_sql = cast_sql(w, true, false);
	}
	pr->move_sql = move_sql(w);
	pr->line_sql = line_sql(w, piece);
	pr->rounds_sql = rounds_sql(w);
	pr->piece_sql = xasprintf("EXECUTE portl_piece_%s (", w->st->id);
	pr->name_sql = name_sql(w);
	pr->leave_sql = leave_sql(w);
	if (stagesql_is_upsert(w))
		pr->zero_sql = zero_sql(w);
	pr->gather_sql = gather_sql(w);
	pr->drop_sql = drop_sql(w);
}
