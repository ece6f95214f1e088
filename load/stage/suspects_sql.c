/*
 * The staged rows as the target's constraints see them, below the queries of the plan.
 */
#include "load/stage/suspects_sql.h"

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "load/match/plan.h"
#include "load/stage/plan_stage.h"
#include "load/stage/sqlparts.h"

#define ONCE "WITH s AS NOT MATERIALIZED"

/*
 * ${with}, ${position} AS portl_place and rows "s" under their columns' names in the target, up
 * to SELECT … FROM the query.  What the query says is no template.
 */
static void
add_rows(struct sqlparts *w, const char *with, const char *position, const char *from)
{
	size_t i;

	sqlparts_add(w, with);
	sqlparts_add(w, " (SELECT ");
	sqlparts_add(w, position);
	sqlparts_add(w, " AS portl_place");
	for (i = 0; i < w->p->ncolumns; i++) {
		if (w->p->columns[i].target == NULL)
			continue;
		sqlparts_add(w, ", ");
		sqlparts_add_typed(w, i);
		sqlparts_add(w, " AS ");
		ident_add_quoted(&w->sql, w->p->columns[i].target);
	}
	sqlparts_add(w, from);
}

char *
suspects_sql_missing(struct sqlparts *w)
{
	const char *query = w->st->suspects[SUSPECT_REFERENCES];

	if (query == NULL)
		return NULL;
	add_rows(w, ONCE, "n", " FROM {stage} WHERE n {>=} $1) SELECT 1 FROM (");
	buf_adds(&w->sql, query);
	return sqlparts_text(w, ") AS x LIMIT 1");
}

static char *
suspects(struct sqlparts *w, enum plan_suspects kind)
{
	const char *query = w->st->suspects[kind];

	if (query == NULL)
		return NULL;
	add_rows(w, ONCE, "{pos}",
		 " FROM {line} WHERE {pos} {>=} $1) SELECT portl_place FROM (");
	buf_adds(&w->sql, query);
	buf_addf(&w->sql, ") AS x GROUP BY portl_place ORDER BY portl_place LIMIT %d",
		 SUSPECTS_MOST);
	return buf_detach(&w->sql);
}

char *
suspects_sql_values(struct sqlparts *w)
{
	return suspects(w, SUSPECT_VALUES);
}

char *
suspects_sql_references(struct sqlparts *w)
{
	return suspects(w, SUSPECT_REFERENCES);
}

char *
suspects_sql_twice(struct sqlparts *w)
{
	return suspects(w, SUSPECT_TWICE);
}

char *
suspects_sql_lost(struct sqlparts *w)
{
	char *const *queries = w->st->suspects;

	if (!w->st->rejects->self || queries[SUSPECT_LOST] == NULL)
		return NULL;
	add_rows(w, "WITH RECURSIVE s AS MATERIALIZED", "pos",
		 " FROM {line} WHERE pos {>=} $1 AND pos {<} $3"
		 " AND $2::pg_catalog.text[] IS NULL), lost (portl_place) AS"
		 " (SELECT portl_place FROM (");
	buf_adds(&w->sql, queries[SUSPECT_LOST]);
	if (queries[SUSPECT_REFERENCES] != NULL)
		buf_addf(&w->sql, " UNION ALL %s", queries[SUSPECT_REFERENCES]);
	sqlparts_add(w, ") AS x UNION ");
	buf_adds(&w->sql, queries[SUSPECT_LOST_TOO]);
	buf_addf(&w->sql,
		 ") SELECT array_agg(portl_place ORDER BY portl_place), count(*),"
		 " (SELECT count(*) FROM s) FROM (SELECT portl_place FROM lost"
		 " ORDER BY portl_place LIMIT %d) AS x",
		 SUSPECTS_MOST);
	return buf_detach(&w->sql);
}
