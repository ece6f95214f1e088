/*
 * The parts of the queries for rows that the server would refuse.  Each query
 * moves what it finds from the staged rows to those that are left out.
 */
#include "load/rejects/siftsql.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/rejects/plan_rejects.h"
#include "load/stage/plan_stage.h"
#include "load/stage/stagesql.h"

char *
siftsql_columns(const struct plan *p)
{
	struct buf list = BUF_INIT;
	const char *c;
	size_t i;

	buf_addc(&list, '{');
	for (i = 0; i < p->ncolumns; i++) {
		if (p->columns[i].target == NULL)
			continue;
		buf_adds(&list, list.len > 1 ? ",\"" : "\"");
		for (c = p->columns[i].target; *c != '\0'; c++) {
			if (*c == '"' || *c == '\\')
				buf_addc(&list, '\\');
			buf_addc(&list, *c);
		}
		buf_addc(&list, '"');
	}
	buf_addc(&list, '}');
	return buf_detach(&list);
}

void
siftsql_add_proposed(struct stagesql *w, bool first, const char *alias)
{
	size_t i;

	buf_addf(&w->sql, "(SELECT n AS portl_n_%s, place AS portl_p_%s", w->st->id, w->st->id);
	for (i = 0; i < w->p->ncolumns; i++) {
		const struct relation_column *rc = stagesql_column(w, i);

		if (w->p->columns[i].target == NULL || rc == NULL)
			continue;
		stagesql_add(w, w->p->columns[i].way != PLAN_SAME ? ", CAST(" : ", ");
		stagesql_add_value(w, i);
		if (w->p->columns[i].way != PLAN_SAME)
			stagesql_add_as(w, rc->type);
		stagesql_add(w, " AS ");
		db_add_ident(w->db, &w->sql, w->p->columns[i].target);
	}
	stagesql_add(w, " FROM (SELECT *, ctid AS place");
	if (first)
		stagesql_add_rank(w);
	stagesql_add_from(w, STAGESQL_FIRST);
	buf_addf(&w->sql,
		 first ? ") AS s WHERE r OPERATOR(pg_catalog.=) 1) AS %s" : ") AS s) AS %s",
		 alias);
}

size_t
siftsql_add_reason(struct plan_rejects *pr, const char *sqlstate, const char *column,
		   const char *constraint, char *msg)
{
	struct plan_reason *reason;

	pr->reasons = xrealloc(pr->reasons, (pr->nreasons + 1) * sizeof(*pr->reasons));
	reason = &pr->reasons[pr->nreasons];
	*reason = (struct plan_reason){.msg = msg};
	snprintf(reason->sqlstate, sizeof(reason->sqlstate), "%s", sqlstate);
	if (column != NULL)
		reason->column = xstrdup(column);
	if (constraint != NULL)
		reason->constraint = xstrdup(constraint);
	return pr->nreasons++;
}

/*
 * By the place: a join by n would read all rows once more, and look so dear to the
 * planner that it compiles it.
 */
void
siftsql_add_sift(struct stagesql *w, const char *sqlstate, bool once)
{
	struct plan_rejects *pr = w->st->rejects;
	char *found = buf_detach(&w->sql);
	struct plan_sift *sift;

	stagesql_add(w, "WITH found AS MATERIALIZED (");
	stagesql_add(w, found);
	buf_addf(&w->sql, " LIMIT %d), gone AS (DELETE FROM ", PLAN_SIFT_MOST);
	stagesql_add_temp(w, "stage");
	stagesql_add(w,
		     " WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT place FROM found))"
		     " RETURNING *), kept AS (INSERT INTO ");
	stagesql_add_temp(w, "bad");
	stagesql_add(w, " SELECT * FROM gone) SELECT * FROM found ORDER BY n");
	free(found);
	pr->sifts = xrealloc(pr->sifts, (pr->nsifts + 1) * sizeof(*pr->sifts));
	sift = &pr->sifts[pr->nsifts++];
	*sift = (struct plan_sift){.sql = buf_detach(&w->sql), .once = once};
	snprintf(sift->sqlstate, sizeof(sift->sqlstate), "%s", sqlstate);
}

void
siftsql_add_found(struct stagesql *w, size_t why)
{
	buf_addf(&w->sql, "SELECT portl_n_%s AS n, %zu AS why, portl_p_%s AS place FROM ",
		 w->st->id, why, w->st->id);
}
