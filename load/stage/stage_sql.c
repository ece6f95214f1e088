/*
 * The statements of the staged route.  What happens to rows is counted where it happens,
 * by sequences: nextval() is not undone by ROLLBACK, and works where RETURNING
 * (xmax = 0) does not, in partitioned tables.
 *
 *	INSERT INTO target AS t (…) SELECT … FROM (
 *	    SELECT *, row_number() OVER (PARTITION BY key ORDER BY n) AS r
 *	    FROM stage ORDER BY key, n OFFSET 0) AS s
 *	WHERE CASE WHEN r <> 1 THEN false ELSE nextval(reached) IS NOT NULL END
 *	ON CONFLICT (key) DO UPDATE SET … WHERE CASE
 *	    WHEN NOT newer THEN false WHEN NOT changed THEN nextval(same) IS NULL
 *	    ELSE nextval(updated) IS NOT NULL END
 *
 * OFFSET 0 keeps the planner from moving the WHERE below the sort.  These run
 * under the user's search_path, which triggers may need; it may also lead to
 * other operators, so each one is written with its schema.
 */
#include "load/stage/stage_sql.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/schema/schema.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_rejects.h"
#include "load/stage/plan_stage.h"
#include "load/stage/stagesql.h"

/* What is inserted; a merge that has looked first fills its NULLs from the old row. */
static void
add_values(struct stagesql *w)
{
	bool fill = w->st->look_first && w->p->rules->conflict->fills;
	const char *comma = "";
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++) {
		if (w->p->columns[i].target == NULL)
			continue;
		stagesql_add(w, comma);
		if (fill && plan_stage_sets(w->p, i))
			stagesql_add_new(w, i, STAGESQL_JOINED);
		else
			stagesql_add_value(w, i);
		comma = ", ";
	}
}

/* Looked for first: old rows that stay as they are. */
static void
add_found_cases(struct stagesql *w)
{
	if (w->p->rules->conflict->keeps) {
		stagesql_add(w, " WHEN found THEN false");
		return;
	}
	if (w->st->newer >= 0) {
		stagesql_add(w, " WHEN found AND NOT ");
		stagesql_add_newer(w, STAGESQL_JOINED);
		stagesql_add(w, " THEN false");
	}
	stagesql_add(w, " WHEN found");
	if (w->st->sets) {
		stagesql_add(w, " AND NOT ");
		stagesql_add_changed(w, STAGESQL_JOINED);
	}
	stagesql_add(w, " THEN pg_catalog.nextval({same}) IS NULL");
}

/* Do rows of one key come round by round? */
static bool
has_rounds(const struct stagesql *w)
{
	return stagesql_is_upsert(w) && w->p->rules->duplicates == DUPLICATES_LAST;
}

/* Can a row be told from its position in the order of insertion? */
static bool
is_counted(const struct stagesql *w, enum stagesql_rows rows)
{
	return rows == STAGESQL_FIRST && !w->st->look_first;
}

/* Which rows are inserted. */
static void
add_filter(struct stagesql *w, enum stagesql_rows rows)
{
	bool first_only = rows == STAGESQL_FIRST && stagesql_is_ranked(w);
	bool cases = w->st->look_first || first_only || rows == STAGESQL_LAST;

	stagesql_add(w, cases ? " WHERE CASE" : " WHERE ");
	if (first_only)
		stagesql_add(w, " WHEN r {<>} 1 THEN false");
	if (rows == STAGESQL_LAST)
		stagesql_add(w, " WHEN r {=} 1 OR next IS NOT NULL THEN false");
	if (w->st->look_first)
		add_found_cases(w);
	stagesql_add(w, cases ? " ELSE " : "");
	stagesql_add(w, is_counted(w, rows)
				? "pg_catalog.nextval({reached})"
				: "pg_catalog.setval({reached}, n)"); /* costs more */
	stagesql_add(w, cases ? " IS NOT NULL END" : " IS NOT NULL");
}

static void
add_insert(struct stagesql *w)
{
	stagesql_add(w, "INSERT INTO {target} AS t ");
	stagesql_add_names(w);
	stagesql_add(w, " SELECT ");
	add_values(w);
}

/* Rows in pieces: every row's position is noted, whatever becomes of it. */
static void
add_piece_filter(struct stagesql *w)
{
	stagesql_add(w, " WHERE CASE WHEN pg_catalog.setval({reached}, {pos}) IS NULL"
			" THEN false");
	if (w->st->look_first)
		add_found_cases(w);
	stagesql_add(w, " ELSE true END");
}

/* What is newer is changed. */
static void
add_plain_condition(struct stagesql *w)
{
	stagesql_add(w, " WHERE ");
	if (w->st->newer >= 0)
		stagesql_add_newer(w, STAGESQL_CONFLICT);
	else
		stagesql_add_changed(w, STAGESQL_CONFLICT);
}

static void
add_counted_condition(struct stagesql *w)
{
	stagesql_add(w, " WHERE CASE WHEN NOT ");
	if (w->st->newer >= 0) {
		stagesql_add_newer(w, STAGESQL_CONFLICT);
		stagesql_add(w, " THEN false WHEN NOT ");
	}
	stagesql_add_changed(w, STAGESQL_CONFLICT);
	stagesql_add(w, " THEN pg_catalog.nextval({same}) IS NULL"
			" ELSE pg_catalog.nextval({updated}) IS NOT NULL END");
}

/* The last rows of keys are counted with those before them. */
static void
add_on_conflict(struct stagesql *w, enum stagesql_rows rows)
{
	size_t j;

	if (!w->p->rules->conflict->has_key)
		return;
	for (j = 0; j < w->st->nkey; j++) {
		stagesql_add(w, j > 0 ? ", " : " ON CONFLICT (");
		ident_add_quoted(&w->sql, w->p->columns[w->st->key[j]].target);
	}
	if (!w->st->sets) {
		stagesql_add(w, ") DO NOTHING");
		return;
	}
	stagesql_add(w, ") DO ");
	stagesql_add_sets(w, STAGESQL_CONFLICT);
	if (w->st->plain || rows == STAGESQL_LAST)
		add_plain_condition(w);
	else
		add_counted_condition(w);
}

static char *
insert_sql(struct stagesql *w, enum stagesql_rows rows)
{
	add_insert(w);
	stagesql_add(w, " FROM ");
	stagesql_add_rows(w, rows);
	if (rows == STAGESQL_PIECE)
		add_piece_filter(w);
	else
		add_filter(w, rows);
	add_on_conflict(w, rows);
	return buf_detach(&w->sql);
}

/*
 * Rows of a table mostly come in the order of its key, each key once: then they
 * need neither sort nor rounds.  LIMIT 1 makes the question short where they do
 * not.
 */
char *
stage_sql_unsorted(struct stagesql *w)
{
	if (!stagesql_is_sorted(w))
		return NULL;
	if (w->st->nkey == 0) /* a record takes twice the time of a number */
		return stagesql_text(w,
				     "SELECT 1 FROM (SELECT n, pg_catalog.lag(n) OVER () AS p"
				     " FROM {stage}) AS s WHERE n {<=} p LIMIT 1");
	return stagesql_text(w,
			     "SELECT 1 FROM (SELECT ROW({key}) AS k,"
			     " pg_catalog.lag(ROW({key})) OVER () AS p FROM {stage}) AS s"
			     " WHERE p IS NOT NULL AND NOT pg_catalog.record_gt(k, p) LIMIT 1");
}

char *
stage_sql_sorted(struct stagesql *w)
{
	if (!stagesql_is_sorted(w))
		return NULL;
	add_insert(w);
	stagesql_add(w, " FROM {stage} WHERE true");
	add_on_conflict(w, STAGESQL_FIRST);
	return buf_detach(&w->sql);
}

char *
stage_sql_find(struct stagesql *w)
{
	if (!is_counted(w, STAGESQL_FIRST))
		return NULL;
	stagesql_add(w, "SELECT n FROM ");
	stagesql_add_rows(w, STAGESQL_FIRST);
	stagesql_add(w, stagesql_is_ranked(w) ? " WHERE r {=} 1" : "");
	return stagesql_text(w, " OFFSET $1::bigint {-} 1 LIMIT 1");
}

/* CASE evaluates no other column's cast. */
char *
stage_sql_cast(struct stagesql *w)
{
	bool any = false;
	size_t i;

	stagesql_add(w, "SELECT CASE $2::pg_catalog.int4");
	for (i = 0; i < w->p->ncolumns; i++)
		if (w->p->columns[i].target != NULL && w->p->columns[i].way != PLAN_SAME) {
			buf_addf(&w->sql, " WHEN %zu THEN (", i);
			stagesql_add_typed(w, i);
			stagesql_add(w, ") IS NULL");
			any = true;
		}
	if (any)
		return stagesql_text(w, " END FROM {line} WHERE {pos} {=} $1");
	buf_release(&w->sql);
	return NULL;
}

char *
stage_sql_last(struct stagesql *w)
{
	return stagesql_text(w, "SELECT CASE WHEN is_called THEN last_value ELSE 0 END"
				" FROM {stage}_n_seq");
}

char *
stage_sql_twice(struct stagesql *w)
{
	if (!stagesql_is_strict(w))
		return NULL;
	return stagesql_text(w, "SELECT n, p FROM (SELECT n, pg_catalog.lag(n)"
				" OVER (PARTITION BY {key} ORDER BY n) AS p FROM {stage}) AS s"
				" WHERE p IS NOT NULL ORDER BY n LIMIT 1");
}

/*
 * The old rows shall not change between the look at them and the INSERT.  A table that is
 * small when the INSERT is planned would be read once a row while it grows.
 */
char *
stage_sql_lock(struct stagesql *w)
{
	if (!stagesql_is_upsert(w) || !w->st->look_first || !w->st->sets)
		return NULL;
	stagesql_add(w, "SELECT pg_catalog.count(*) FROM (SELECT FROM ");
	stagesql_add_keyed_rows(w, STAGESQL_FIRST);
	stagesql_add(w, " JOIN ");
	stagesql_add_join(w);
	stagesql_add(w, " WHERE s.r {=} 1");
	stagesql_add_key_order(w);
	stagesql_add(w, " FOR NO KEY UPDATE OF o) AS x");
	if (stagesql_is_held(w))
		stagesql_add(w, "; SET LOCAL enable_seqscan = off; SET LOCAL jit = off");
	return buf_detach(&w->sql);
}

/* "c2, c5 …": what a row sets. */
static void
add_set_values(struct stagesql *w)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		if (plan_stage_sets(w->p, i)) {
			buf_addf(&w->sql, "%sc%zu", comma, i + 1);
			comma = ", ";
		}
}

static bool
is_not_null(const struct stagesql *w, size_t i)
{
	const struct relation_column *rc = stagesql_column(w, i);

	if (rc != NULL)
		return rc->not_null;
	return w->p->schema != NULL && w->p->schema->columns[i].not_null;
}

/* The first row of a key has none before it; what it does is known from its INSERT. */
char *
stage_sql_changes(struct stagesql *w)
{
	size_t i;

	if (!w->st->folds)
		return NULL;
	stagesql_add(w, "SELECT pg_catalog.count(*) FILTER (WHERE changed),"
			" pg_catalog.count(*) FILTER (WHERE NOT changed),"
			" pg_catalog.count(*) FILTER (WHERE false");
	for (i = 0; i < w->p->ncolumns; i++)
		if (w->p->columns[i].target != NULL && is_not_null(w, i))
			buf_addf(&w->sql, " OR c%zu IS NULL", i + 1);
	stagesql_add(w, ") FROM (SELECT *, pg_catalog.record_image_ne(ROW(");
	add_set_values(w);
	stagesql_add(w, "), pg_catalog.lag(ROW(");
	add_set_values(w);
	return stagesql_text(w, ")) OVER (PARTITION BY {key} ORDER BY n)) AS changed"
				" FROM {stage}) AS s WHERE changed IS NOT NULL");
}

char *
stage_sql_latest(struct stagesql *w)
{
	return w->st->folds ? insert_sql(w, STAGESQL_LAST) : NULL;
}

/* Rounds are many and small: their INSERT is planned once. */
char *
stage_sql_rest(struct stagesql *w)
{
	char *insert;

	if (!has_rounds(w))
		return NULL;
	insert = insert_sql(w, STAGESQL_LATER);
	stagesql_add(w,
		     "CREATE TEMPORARY TABLE {rest} ON COMMIT DROP AS SELECT * FROM (SELECT *");
	stagesql_add_rank(w);
	stagesql_add(w, " FROM {stage}) AS s WHERE r {>} 1 ORDER BY r, {key};"
			" CREATE INDEX ON {rest} (r); PREPARE portl_round_{id} (bigint) AS ");
	buf_adds(&w->sql, insert);
	free(insert);
	return buf_detach(&w->sql);
}

char *
stage_sql_rounds(struct stagesql *w)
{
	if (!has_rounds(w))
		return NULL;
	return stagesql_text(w, "SELECT COALESCE(pg_catalog.max(r), 1) FROM {rest}");
}

/* The savepoint lets the rows be looked at after one was refused. */
char *
stage_sql_restart(struct stagesql *w)
{
	return stagesql_text(w,
			     "SAVEPOINT portl; SELECT pg_catalog.setval({reached}, 1, false)");
}

char *
stage_sql_reached(struct stagesql *w)
{
	return stagesql_text(w, "SELECT pg_catalog.nextval({reached}) {-} 1");
}

char *
stage_sql_counts(struct stagesql *w)
{
	if (!stagesql_is_upsert(w) || w->st->plain)
		return NULL;
	return stagesql_text(w, "SELECT pg_catalog.nextval({updated}) {-} 1,"
				" pg_catalog.nextval({same}) {-} 1");
}

/* The updates of the target in this transaction so far, and before it where none was since. */
char *
stage_sql_updates(struct stagesql *w)
{
	unsigned oid;

	if (!stagesql_is_upsert(w) || !(w->st->facts.update_triggers || w->st->plain))
		return NULL;
	oid = w->p->rel->oid;
	if (w->p->rel->kind == 'r')
		return xasprintf("SELECT pg_catalog.pg_stat_get_xact_tuples_updated(%u)", oid);
	return xasprintf(
		"SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_updated(relid)),"
		" 0) FROM (SELECT relid FROM pg_catalog.pg_partition_tree(%u) UNION"
		" SELECT %u) AS tree",
		oid, oid);
}

char *
stage_sql_drop_rest(struct stagesql *w)
{
	return has_rounds(w)
		       ? stagesql_text(w, "DROP TABLE {rest}; DEALLOCATE portl_round_{id}")
		       : NULL;
}

char *
stage_sql_drop(struct stagesql *w)
{
	stagesql_add(w, w->st->rejects != NULL ? "DROP TABLE {stage}, {bad}"
					       : "DROP TABLE {stage}");
	if (stagesql_is_held(w))
		stagesql_add(w,
			     "; SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL jit TO DEFAULT");
	return buf_detach(&w->sql);
}

char *
stage_sql_insert(struct stagesql *w)
{
	return insert_sql(w, STAGESQL_FIRST);
}

char *
stage_sql_piece(struct stagesql *w)
{
	return insert_sql(w, STAGESQL_PIECE);
}

char *
stage_sql_round(struct stagesql *w)
{
	return has_rounds(w) ? stagesql_text(w, "EXECUTE portl_round_{id} (") : NULL;
}
