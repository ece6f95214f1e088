/*
 * Rows of one key that come one after the other, in one statement.  It runs when the first
 * row of each key is in; what the others do to that is computed by windows over the rows of
 * a key in the stream's order, of which the row in the target is the first:
 *
 *	ranked     staged rows with their number r among those of their key
 *	listed     those behind the first, and before them what the target has now
 *	aged       --newer: the value's rank, for not each type has a max()
 *	topped     --newer: the greatest rank before a row
 *	kept       --newer: rows that exceed it; the others change nothing
 *	placed     merge: each row's place
 *	found      merge: the place of each column's last value so far
 *	filled     merge: what the row in the target is by then
 *	compared   whether that is another than before, and whether it is the last
 *	counted    how many were, so far
 *	folded     the last of each key
 *	written    the INSERT
 *
 * To overwrite, the row in the target is just the first staged one, and not fetched.
 */
#include "load/stage/fold_sql.h"

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/pg/relation.h"
#include "common/schema/schema.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"
#include "load/stage/sqlparts.h"
#include "load/stage/sqlrows.h"

static bool
is_newer(const struct sqlparts *w)
{
	return w->st->newer >= 0;
}

static bool
fills(const struct sqlparts *w)
{
	return w->p->rules->conflict->fills;
}

static bool
is_loaded(const struct sqlparts *w, size_t i)
{
	return w->p->columns[i].target != NULL;
}

static bool
is_set(const struct sqlparts *w, size_t i)
{
	return plan_stage_sets(w->p, i);
}

/* "c1, c2 …": columns for which ${is} holds. */
static void
add_columns(struct sqlparts *w, bool (*is)(const struct sqlparts *, size_t))
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		if (is(w, i)) {
			buf_addf(&w->sql, "%sc%zu", comma, i + 1);
			comma = ", ";
		}
}

/* The row that is there: its key as it was staged, which is equal. */
static void
add_row_there(struct sqlparts *w)
{
	size_t i;

	sqlparts_add(w, "SELECT ");
	for (i = 0; i < w->p->ncolumns; i++) {
		if (!is_loaded(w, i))
			continue;
		sqlparts_add(w, is_set(w, i) ? "o." : "s.");
		if (is_set(w, i))
			ident_add_quoted(&w->sql, w->p->columns[i].target);
		else
			buf_addf(&w->sql, "c%zu", i + 1);
		sqlparts_add(w, ", ");
	}
	sqlparts_add(w, "0 FROM ranked AS s JOIN ");
	sqlrows_add_join(w);
	sqlparts_add(w, " WHERE s.r {=} 2");
}

static void
add_listed(struct sqlparts *w)
{
	bool fetch = is_newer(w) || fills(w);

	sqlparts_add(w, "WITH ");
	if (fetch) {
		sqlparts_add(w, "ranked AS (SELECT * FROM ");
		sqlrows_add_keyed_rows(w, SQLPARTS_FIRST);
		sqlparts_add(w, "), ");
	}
	sqlparts_add(w, "listed AS (SELECT ");
	add_columns(w, is_loaded);
	sqlparts_add(w,
		     fetch ? ", n FROM ranked WHERE r {>} 1 UNION ALL " : ", n FROM {stage}");
	if (fetch)
		add_row_there(w);
	sqlparts_add(w, ")");
}

/* As GREATEST orders: by the type's own operators; an old NULL is older than all. */
static const char *
add_kept(struct sqlparts *w)
{
	if (!is_newer(w))
		return "listed";
	sqlparts_add(w, ", aged AS (SELECT *, pg_catalog.rank() OVER (PARTITION BY {key}");
	buf_addf(&w->sql, " ORDER BY c%d NULLS FIRST) AS age FROM listed)", w->st->newer + 1);
	sqlparts_add(w, ", topped AS (SELECT *, pg_catalog.max(age) OVER (PARTITION BY {key}"
			" ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS top"
			" FROM aged)"
			", kept AS (SELECT * FROM topped WHERE top IS NULL OR age {>} top)");
	return "kept";
}

/* IS NULL would be true of a composite value, too. */
static void
add_places(struct sqlparts *w)
{
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		if (is_set(w, i))
			buf_addf(&w->sql,
				 ", pg_catalog.max(CASE WHEN c%zu IS DISTINCT FROM NULL THEN"
				 " place END) OVER w AS p%zu",
				 i + 1, i + 1);
}

static void
add_values_there(struct sqlparts *w)
{
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++) {
		if (!is_loaded(w, i))
			continue;
		if (is_set(w, i))
			buf_addf(&w->sql,
				 "pg_catalog.nth_value(c%zu, p%zu::pg_catalog.int4)"
				 " OVER w AS c%zu, ",
				 i + 1, i + 1, i + 1);
		else
			buf_addf(&w->sql, "c%zu, ", i + 1);
	}
}

/* The window of the rows of a key up to this one. */
static void
add_window(struct sqlparts *w, const char *from)
{
	buf_addf(&w->sql, " FROM %s", from);
	sqlparts_add(w,
		     " WINDOW w AS (PARTITION BY {key} ORDER BY n ROWS UNBOUNDED PRECEDING))");
}

static const char *
add_filled(struct sqlparts *w, const char *from)
{
	if (!fills(w))
		return from;
	sqlparts_add(w, ", placed AS (SELECT *, pg_catalog.row_number() OVER w AS place");
	add_window(w, from);
	sqlparts_add(w, ", found AS (SELECT *");
	add_places(w);
	add_window(w, "placed");
	sqlparts_add(w, ", filled AS (SELECT ");
	add_values_there(w);
	sqlparts_add(w, "n");
	add_window(w, "found");
	return "filled";
}

static void
add_folded(struct sqlparts *w, const char *from)
{
	sqlparts_add(w,
		     ", compared AS (SELECT *, CASE WHEN pg_catalog.lag(n) OVER w IS NOT NULL"
		     " THEN ");
	sqlparts_add_changed(w, SQLPARTS_FOLDED);
	sqlparts_add(w, " END AS changed, pg_catalog.lead(n) OVER w IS NULL AS last");
	add_window(w, from);
	sqlparts_add(w, ", counted AS (SELECT *,"
			" pg_catalog.count(*) FILTER (WHERE changed) OVER w AS updated,"
			" pg_catalog.count(*) FILTER (WHERE NOT changed) OVER w AS same");
	add_window(w, "compared");
	sqlparts_add(w,
		     ", folded AS (SELECT * FROM counted WHERE last AND changed IS NOT NULL)");
}

static bool
is_not_null(const struct sqlparts *w, size_t i)
{
	const struct relation_column *rc = sqlparts_column(w, i);

	if (rc != NULL)
		return rc->not_null;
	return w->p->schema != NULL && w->p->schema->columns[i].not_null;
}

/*
 * A NULL that the server refuses, were its row written.  What is filled before it is
 * written is none, and none is in a key.
 */
char *
fold_sql_nulls(struct sqlparts *w)
{
	bool filled = w->st->look_first && fills(w), any = false;
	size_t i;

	if (!w->st->folds)
		return NULL;
	for (i = 0; i < w->p->ncolumns; i++) {
		if (!is_loaded(w, i) || plan_stage_is_key(w->p, i) || !is_not_null(w, i) ||
		    (filled && is_set(w, i)))
			continue;
		sqlparts_add(w, any ? " OR " : "SELECT 1 FROM {stage} WHERE ");
		buf_addf(&w->sql, "c%zu IS NOT DISTINCT FROM NULL", i + 1);
		any = true;
	}
	if (!any)
		return NULL;
	return sqlparts_text(w, " LIMIT 1");
}

char *
fold_sql_latest(struct sqlparts *w)
{
	const char *from;

	if (!w->st->folds)
		return NULL;
	add_listed(w);
	from = add_kept(w);
	from = add_filled(w, from);
	add_folded(w, from);
	sqlparts_add(w, ", written AS (INSERT INTO {target} AS t ");
	sqlparts_add_names(w);
	sqlparts_add(w, " SELECT ");
	add_columns(w, is_loaded);
	sqlparts_add(w, " FROM (SELECT * FROM folded ORDER BY {key} OFFSET 0) AS s WHERE CASE"
			" WHEN updated {=} 0 THEN false"
			" ELSE pg_catalog.setval({reached}, n) IS NOT NULL END");
	sqlparts_add_conflict(w, true);
	return sqlparts_text(
		w, " RETURNING 1) SELECT pg_catalog.sum(updated), pg_catalog.sum(same),"
		   " (SELECT pg_catalog.count(*) FROM written) FROM folded");
}
