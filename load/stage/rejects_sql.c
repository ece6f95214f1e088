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
#include "load/stage/plan_stage.h"
#include "load/stage/stage_sql.h"
#include "load/stage/sqlparts.h"
#include "load/stage/sqlrows.h"

char *
rejects_sql_number(struct sqlparts *w)
{
	return sqlparts_text(w, "SELECT pg_catalog.setval({reached}, ");
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
add_strict(struct sqlparts *w, size_t i)
{
	const struct relation_column *rc = sqlparts_column(w, i);
	bool strict = rc != NULL && rounds(rc);

	sqlparts_add(w, strict ? "CAST(" : "");
	sqlparts_add_typed(w, i);
	if (strict)
		buf_addf(&w->sql, " AS %s)", rc->type);
}

static bool
is_cast(const struct sqlparts *w, size_t i)
{
	return w->p->columns[i].way != PLAN_SAME;
}

static bool
casts_keys(const struct sqlparts *w)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++)
		if (is_cast(w, w->st->key[j]))
			return true;
	return false;
}

/* OFFSET 0 lets the planner leave none of the casts out. */
char *
rejects_sql_keys(struct sqlparts *w)
{
	const char *comma = "ROW(";
	size_t j;

	if (!casts_keys(w))
		return NULL;
	sqlparts_add(w, "SELECT pg_catalog.count(v) FROM (SELECT CASE"
			" WHEN pg_catalog.setval({reached}, n) IS NOT NULL THEN ");
	for (j = 0; j < w->st->nkey; j++)
		if (is_cast(w, w->st->key[j])) {
			sqlparts_add(w, comma);
			add_strict(w, w->st->key[j]);
			comma = ", ";
		}
	return sqlparts_text(w, ") END AS v FROM (SELECT * FROM {stage} WHERE n {>=} $1"
				" ORDER BY n OFFSET 0) AS s OFFSET 0) AS x");
}

char *
rejects_sql_index(struct sqlparts *w)
{
	if (!casts_keys(w))
		return NULL;
	return sqlparts_text(w, "CREATE INDEX ON {stage} (n); ANALYZE {stage} (n)");
}

static void
add_columns(struct sqlparts *w)
{
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		buf_addf(&w->sql, "c%zu, ", i + 1);
}

/* ${where} is a table and what in it is $1; their numbers come in the order of ${position}. */
static void
add_leave(struct sqlparts *w, const char *where, const char *position)
{
	sqlparts_add(w, "WITH gone AS (DELETE FROM ");
	sqlparts_add(w, where);
	sqlparts_add(w, " RETURNING *), kept AS (INSERT INTO {bad} SELECT ");
	add_columns(w);
	sqlparts_add(w, "n FROM gone) SELECT n FROM gone ORDER BY ");
	sqlparts_add(w, position);
}

char *
rejects_sql_key(struct sqlparts *w)
{
	if (!casts_keys(w))
		return NULL;
	add_leave(w, "{stage} WHERE n {=} $1", "n");
	return buf_detach(&w->sql);
}

/* Rows in the order of insertion, round by round; k is one for all rows of a key. */
static void
add_copy(struct sqlparts *w)
{
	sqlparts_add(w, "CREATE TEMPORARY TABLE {line} USING heap ON COMMIT DROP AS SELECT *");
	if (w->st->rejects->first)
		sqlparts_add(w, ", pg_catalog.min(n) OVER (PARTITION BY {key}) AS k");
	sqlparts_add(w, ", pg_catalog.row_number() OVER (ORDER BY r");
	sqlparts_add(w, w->st->nkey > 0 ? ", {key}, n) AS pos FROM (SELECT *"
					: ", n) AS pos FROM (SELECT *");
	if (sqlparts_is_ranked(w))
		sqlrows_add_rank(w);
	else
		sqlparts_add(w, ", 1::bigint AS r");
	sqlparts_add(w, " FROM {stage}) AS s; ");
}

/* One block's worth of statistics tells that positions ascend, so that no piece is sorted. */
char *
rejects_sql_line(struct sqlparts *w)
{
	char *piece = stage_sql_piece(w), *row = stage_sql_piece_row(w);

	if (w->st->rejects->line)
		add_copy(w);
	sqlparts_add(w,
		     "CREATE UNIQUE INDEX ON {line} ({pos});"
		     " ALTER TABLE {line} ALTER {pos} SET STATISTICS 1; ANALYZE {line} ({pos});"
		     " PREPARE portl_piece_{id} (bigint, bigint, bigint[]) AS ");
	buf_adds(&w->sql, piece);
	sqlparts_add(w, "; PREPARE portl_row_{id} (bigint) AS ");
	buf_adds(&w->sql, row);
	sqlparts_add(w, "; PREPARE portl_leave_{id} (bigint[]) AS ");
	add_leave(w, "{line} WHERE {pos} {=} ANY ($1)", "{pos}");
	free(piece);
	free(row);
	return buf_detach(&w->sql);
}

char *
rejects_sql_next(struct sqlparts *w)
{
	if (w->st->rejects->line)
		return sqlparts_text(
			w,
			"SELECT r, pg_catalog.min(pos), pg_catalog.max(pos),"
			" pg_catalog.count(*) FROM {line} WHERE r {>} $1 GROUP BY r ORDER BY r");
	return sqlparts_text(w, "SELECT 1, pg_catalog.min(n), pg_catalog.max(n) FROM {stage}"
				" HAVING $1::bigint {<} 1 AND pg_catalog.min(n) IS NOT NULL");
}

char *
rejects_sql_again(struct sqlparts *w)
{
	if (!w->st->rejects->self)
		return NULL;
	return sqlparts_text(w, "UPDATE {line} AS l SET pos = $2 {+} o, r = $3"
				" FROM pg_catalog.unnest($1::pg_catalog.int8[])"
				" WITH ORDINALITY AS x (p, o) WHERE l.pos {=} p");
}

char *
rejects_sql_thin(struct sqlparts *w)
{
	if (!w->st->rejects->first)
		return NULL;
	return sqlparts_text(w, "DELETE FROM {line} AS l WHERE r {>} $1 AND EXISTS ("
				"SELECT FROM {line} AS p WHERE p.k {=} l.k AND p.r {<=} $1)");
}

char *
rejects_sql_count(struct sqlparts *w)
{
	return w->st->once ? sqlparts_text(w, "SELECT pg_catalog.count(*) FROM {line}") : NULL;
}

char *
rejects_sql_clean(struct sqlparts *w)
{
	if (!sqlparts_is_strict(w))
		return NULL;
	return sqlparts_text(w, "DELETE FROM {stage} WHERE n {=} ANY ("
				"ARRAY(SELECT n FROM {bad}))");
}

char *
rejects_sql_zero(struct sqlparts *w)
{
	sqlparts_add(w, "SELECT pg_catalog.setval({reached}, 1, false)");
	if (sqlparts_is_upsert(w))
		sqlparts_add(w, ", pg_catalog.setval({updated}, 1, false),"
				" pg_catalog.setval({same}, 1, false)");
	return buf_detach(&w->sql);
}

/* The values as an error's detail has them. */
char *
rejects_sql_guess(struct sqlparts *w)
{
	return sqlparts_text(w, "SELECT pg_catalog.min({pos}) FROM {line} WHERE {pos} {>=} $1"
				" AND {pos} {<} $2 AND $3::pg_catalog.text {=}"
				" pg_catalog.concat_ws(', '");
}

char *
rejects_sql_gather(struct sqlparts *w)
{
	size_t i;

	sqlparts_add(w, "COPY (SELECT n");
	for (i = 0; i < w->p->ncolumns; i++)
		buf_addf(&w->sql, ", c%zu", i + 1);
	sqlparts_add(w, " FROM {bad} ORDER BY n) TO STDOUT (FORMAT ");
	return sqlparts_text(w, w->p->text ? "text)" : "binary)");
}

char *
rejects_sql_drop(struct sqlparts *w)
{
	if (w->st->rejects->line)
		sqlparts_add(w, "DROP TABLE {line}; ");
	return sqlparts_text(w, "DEALLOCATE portl_piece_{id}; DEALLOCATE portl_row_{id};"
				" DEALLOCATE portl_leave_{id}");
}

char *
rejects_sql_bad(struct sqlparts *w)
{
	return sqlparts_text(w, "CREATE TEMPORARY TABLE {bad} USING heap ON COMMIT DROP AS"
				" SELECT * FROM {stage} WITH NO DATA");
}

char *
rejects_sql_piece(struct sqlparts *w)
{
	return sqlparts_text(w, "EXECUTE portl_piece_{id} (");
}

char *
rejects_sql_row(struct sqlparts *w)
{
	return sqlparts_text(w, "EXECUTE portl_row_{id} (");
}

char *
rejects_sql_leave(struct sqlparts *w)
{
	return sqlparts_text(w, "EXECUTE portl_leave_{id} (");
}
