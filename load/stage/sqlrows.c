#include "load/stage/sqlrows.h"

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

void
sqlrows_add_rank(struct sqlparts *w)
{
	sqlparts_add(w, ", pg_catalog.row_number() OVER (PARTITION BY {key} ORDER BY n) AS r");
}

void
sqlrows_add_from(struct sqlparts *w, enum sqlparts_rows rows)
{
	if (rows == SQLPARTS_ROW)
		sqlparts_add(w, " FROM {line} WHERE {pos} {=} $1");
	else if (rows == SQLPARTS_PIECE) /* hashed, unlike an array's elements before 15 */
		sqlparts_add(w, " FROM {line} WHERE {pos} {>=} $1 AND {pos} {<} $2"
				" AND NOT ({pos} {=} ANY (SELECT pg_catalog.unnest($3)))");
	else
		sqlparts_add(w, rows == SQLPARTS_LATER ? " FROM {rest} WHERE r {=} $1"
						       : " FROM {stage}");
}

/* Staged rows with the keys as k1, k2 …, which no column of the target hides. */
void
sqlrows_add_keyed_rows(struct sqlparts *w, enum sqlparts_rows rows)
{
	size_t j;

	sqlparts_add(w, "(SELECT *");
	for (j = 0; j < w->st->nkey; j++) {
		sqlparts_add(w, ", ");
		sqlparts_add_key_value(w, j);
		buf_addf(&w->sql, " AS k%zu", j + 1);
	}
	if (rows == SQLPARTS_FIRST && sqlparts_is_ranked(w))
		sqlrows_add_rank(w);
	sqlrows_add_from(w, rows);
	sqlparts_add(w, ") AS s");
}

static void
add_old_rows(struct sqlparts *w)
{
	/* ON CONFLICT meets no row of a table that inherits */
	sqlparts_add(w, w->p->rel != NULL ? relation_only(w->p->rel) : "");
	sqlparts_add(w, "{target} AS o");
}

static void
add_same_key(struct sqlparts *w)
{
	size_t j;

	for (j = 0; j < w->st->nkey; j++) {
		struct buf column = BUF_INIT;
		const char *name;

		ident_add_quoted(&column, w->p->columns[w->st->key[j]].target);
		name = buf_cstr(&column);
		sqlparts_add(w, j > 0 ? " AND " : "");
		buf_addf(&w->sql, w->st->null_keys ? "(o.%s %s s.k%zu%s" : "o.%s %s s.k%zu%s",
			 name, w->st->key_equal[j], j + 1, w->st->key_collation[j]);
		if (w->st->null_keys)
			buf_addf(&w->sql,
				 " OR o.%s IS NOT DISTINCT FROM NULL AND s.k%zu IS NOT DISTINCT"
				 " FROM NULL)",
				 name, j + 1);
		buf_release(&column);
	}
}

void
sqlrows_add_join(struct sqlparts *w)
{
	add_old_rows(w);
	sqlparts_add(w, " ON ");
	add_same_key(w);
}

void
sqlrows_add_key_order(struct sqlparts *w)
{
	size_t j;

	sqlparts_add(w, " ORDER BY ");
	for (j = 0; j < w->st->nkey; j++)
		buf_addf(&w->sql, "s.k%zu, ", j + 1);
	sqlparts_add(w, "s.n");
}

/* The old row's values as o1, o2 … */
static void
add_old_values(struct sqlparts *w)
{
	size_t i;

	for (i = 0; i < w->p->ncolumns; i++)
		if (sqlparts_is_upsert(w) && plan_stage_sets(w->p, i)) {
			sqlparts_add(w, ", o.");
			ident_add_quoted(&w->sql, w->p->columns[i].target);
			buf_addf(&w->sql, " AS o%zu", i + 1);
		}
}

bool
sqlrows_is_held(const struct sqlparts *w)
{
	return w->st->look_first && w->p->rules->conflict->fills && sqlparts_is_upsert(w);
}

/*
 * The old row is locked as it is read, and read as it is then: what a NULL is filled with
 * is written back, so that nobody may change it in between.  (A row that has come since
 * the statement began is not seen, and a NULL that it would fill is refused.)
 */
static void
add_held_rows(struct sqlparts *w)
{
	sqlparts_add(w, "LATERAL (SELECT true AS found");
	add_old_values(w);
	sqlparts_add(w, " FROM ");
	add_old_rows(w);
	sqlparts_add(w, " WHERE ");
	add_same_key(w);
	sqlparts_add(w, " FOR NO KEY UPDATE) AS o ON true");
}

/* Staged rows and the old ones, in the order of insertion. */
static void
add_joined_rows(struct sqlparts *w, enum sqlparts_rows rows)
{
	bool held = sqlrows_is_held(w);
	size_t i;

	sqlparts_add(w, held ? "(SELECT s.*, o.found IS NOT NULL AS found"
			     : "(SELECT s.*, o.tableoid IS NOT NULL AS found");
	if (!held)
		add_old_values(w);
	for (i = 0; held && i < w->p->ncolumns; i++)
		if (plan_stage_sets(w->p, i))
			buf_addf(&w->sql, ", o.o%zu", i + 1);
	sqlparts_add(w, " FROM ");
	sqlrows_add_keyed_rows(w, rows);
	sqlparts_add(w, " LEFT JOIN ");
	if (held)
		add_held_rows(w);
	else
		sqlrows_add_join(w);
	sqlparts_add(w,
		     rows == SQLPARTS_FIRST && sqlparts_is_ranked(w) ? " WHERE s.r {=} 1" : "");
	if (rows == SQLPARTS_PIECE || rows == SQLPARTS_ROW)
		sqlparts_add(w, " ORDER BY s.pos");
	else
		sqlrows_add_key_order(w);
	sqlparts_add(w, " OFFSET 0) AS s");
}

/* Staged rows in the order of insertion. */
void
sqlrows_add_rows(struct sqlparts *w, enum sqlparts_rows rows)
{
	if (w->st->look_first) {
		add_joined_rows(w, rows);
		return;
	}
	sqlparts_add(w, "(SELECT *");
	if (rows == SQLPARTS_FIRST && sqlparts_is_ranked(w))
		sqlrows_add_rank(w);
	sqlrows_add_from(w, rows);
	if (rows == SQLPARTS_PIECE ||
	    rows == SQLPARTS_ROW) /* by its index, so that none is sorted again */
		sqlparts_add(w, " ORDER BY {pos} OFFSET 0) AS s");
	else
		sqlparts_add(w, w->st->nkey > 0 ? " ORDER BY {key}, n OFFSET 0) AS s"
						: " ORDER BY n OFFSET 0) AS s");
}
