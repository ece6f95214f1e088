/*
 * Two more temporary tables: portl_bad_ID has the rows that were left out, until the batch is
 * done.  portl_line_ID has the others with round r, and with pos, the position in the order of
 * insertion (r, key, n); where that is the order of n, portl_stage_ID itself serves.
 *
 * 	n  key     r  pos
 * 	1  7       1  2
 * 	2  3       1  1
 * 	3  7       2  3
 * 	4  7       3  4
 */
#include "load/stage/rejects_sql.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/stage/plan_rejects.h"
#include "load/stage/plan_stage.h"
#include "load/stage/stage_sql.h"
#include "load/stage/stagesql.h"

char *
rejects_sql_number(struct stagesql *w)
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

static bool
casts_keys(const struct stagesql *w)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++)
		if (is_cast(w, w->st->key[j]))
			return true;
	return false;
}

/* OFFSET 0 lets the planner leave none of the casts out. */
char *
rejects_sql_keys(struct stagesql *w)
{
	const char *comma = "ROW(";
	size_t j;

	if (!casts_keys(w))
		return NULL;
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
	return buf_detach(&w->sql);
}

char *
rejects_sql_index(struct stagesql *w)
{
	if (!casts_keys(w))
		return NULL;
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

/* The table in which rows stand in the order of insertion, and their positions there. */
static void
add_line(struct stagesql *w)
{
	stagesql_add_temp(w, stagesql_line(w));
}

static void
add_leave(struct stagesql *w, const char *table, const char *position)
{
	stagesql_add(w, "WITH gone AS (DELETE FROM ");
	stagesql_add_temp(w, table);
	buf_addf(&w->sql, " WHERE %s OPERATOR(pg_catalog.=) $1 RETURNING *) ", position);
	add_bad(w);
	add_columns(w);
	stagesql_add(w, "n FROM gone RETURNING n");
}

char *
rejects_sql_key(struct stagesql *w)
{
	if (!casts_keys(w))
		return NULL;
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

char *
rejects_sql_line(struct stagesql *w)
{
	const char *position = stagesql_position(w);
	char *piece = stage_sql_piece(w);

	if (w->st->rejects->line)
		add_copy(w);
	stagesql_add(w, "CREATE UNIQUE INDEX ON ");
	add_line(w);
	buf_addf(&w->sql, " (%s); ANALYZE ", position);
	add_line(w);
	buf_addf(&w->sql, " (%s); PREPARE portl_piece_%s (bigint, bigint) AS %s", position,
		 w->st->id, piece);
	buf_addf(&w->sql, "; PREPARE portl_leave_%s (bigint) AS ", w->st->id);
	add_leave(w, stagesql_line(w), position);
	free(piece);
	return buf_detach(&w->sql);
}

char *
rejects_sql_next(struct stagesql *w)
{
	const char *position = stagesql_position(w);

	buf_addf(&w->sql, "SELECT %s, pg_catalog.min(%s), pg_catalog.max(%s) FROM ",
		 w->st->rejects->line ? "r" : "1", position, position);
	add_line(w);
	stagesql_add(w, w->st->rejects->line
				? " WHERE r OPERATOR(pg_catalog.>) $1 GROUP BY r ORDER BY r"
				: " HAVING $1::bigint OPERATOR(pg_catalog.<) 1"
				  " AND pg_catalog.count(*) OPERATOR(pg_catalog.>) 0");
	return buf_detach(&w->sql);
}

char *
rejects_sql_again(struct stagesql *w)
{
	if (!w->st->rejects->self)
		return NULL;
	stagesql_add(w, "UPDATE ");
	add_line(w);
	stagesql_add(w, " SET pos = $2, r = $3 WHERE pos OPERATOR(pg_catalog.=) $1");
	return buf_detach(&w->sql);
}

char *
rejects_sql_thin(struct stagesql *w)
{
	if (!w->st->rejects->first)
		return NULL;
	stagesql_add(w, "DELETE FROM ");
	add_line(w);
	stagesql_add(w, " AS l WHERE r OPERATOR(pg_catalog.>) $1 AND EXISTS (SELECT FROM ");
	add_line(w);
	stagesql_add(w, " AS p WHERE p.k OPERATOR(pg_catalog.=) l.k"
			" AND p.r OPERATOR(pg_catalog.<=) $1)");
	return buf_detach(&w->sql);
}

char *
rejects_sql_count(struct stagesql *w)
{
	if (!w->st->once)
		return NULL;
	stagesql_add(w, "SELECT pg_catalog.count(*) FROM ");
	add_line(w);
	return buf_detach(&w->sql);
}

char *
rejects_sql_clean(struct stagesql *w)
{
	if (!stagesql_is_strict(w))
		return NULL;
	stagesql_add(w, "DELETE FROM ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, " WHERE n OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT n FROM ");
	stagesql_add_temp(w, "bad");
	stagesql_add(w, "))");
	return buf_detach(&w->sql);
}

char *
rejects_sql_zero(struct stagesql *w)
{
	enum stagesql_counter last = stagesql_is_upsert(w) ? STAGESQL_SAME : STAGESQL_REACHED;
	enum stagesql_counter counter;

	for (counter = STAGESQL_REACHED; counter <= last; counter++) {
		stagesql_add(w, counter > 0 ? ", pg_catalog.setval("
					    : "SELECT pg_catalog.setval(");
		stagesql_add_counter(w, counter);
		stagesql_add(w, ", 1, false)");
	}
	return buf_detach(&w->sql);
}

/* The values as an error's detail has them. */
char *
rejects_sql_guess(struct stagesql *w)
{
	const char *position = stagesql_position(w);

	buf_addf(&w->sql, "SELECT pg_catalog.min(%s) FROM ", position);
	add_line(w);
	buf_addf(&w->sql,
		 " WHERE %s OPERATOR(pg_catalog.>=) $1 AND %s OPERATOR(pg_catalog.<) $2"
		 " AND $3::pg_catalog.text OPERATOR(pg_catalog.=) pg_catalog.concat_ws(', '",
		 position, position);
	return buf_detach(&w->sql);
}

char *
rejects_sql_gather(struct stagesql *w)
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

char *
rejects_sql_drop(struct stagesql *w)
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

char *
rejects_sql_bad(struct stagesql *w)
{
	stagesql_add(w, "CREATE TEMPORARY TABLE ");
	stagesql_add_temp(w, "bad");
	stagesql_add(w, " ON COMMIT DROP AS SELECT * FROM ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, " WITH NO DATA");
	return buf_detach(&w->sql);
}

char *
rejects_sql_piece(struct stagesql *w)
{
	return xasprintf("EXECUTE portl_piece_%s (", w->st->id);
}

char *
rejects_sql_leave(struct stagesql *w)
{
	return xasprintf("EXECUTE portl_leave_%s (", w->st->id);
}
