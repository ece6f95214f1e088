/*
 * What of a target decides how rows that it refuses can be found.
 */
#include "load/rejects/plan_rejects.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/options.h"
#include "load/rejects/plan_sift.h"
#include "load/stage/plan_stage.h"
#include "load/stage/stagesql.h"

/* Of tgtype, 2 is BEFORE, 64 INSTEAD, 4 INSERT, 16 UPDATE. */
static const char facts_sql[] =
	"WITH tree AS (SELECT relid FROM pg_partition_tree($1::oid) UNION SELECT $1::oid)"
	" SELECT EXISTS (SELECT FROM pg_trigger JOIN tree ON tgrelid = relid"
	" WHERE tgenabled <> 'D' AND NOT tgisinternal AND tgtype & 66 = 0 AND tgtype & 20 <> 0)"
	" OR EXISTS (SELECT FROM pg_index JOIN tree ON indrelid = relid WHERE NOT indimmediate)"
	" OR EXISTS (SELECT FROM pg_constraint JOIN tree ON confrelid = relid"
	" WHERE contype = 'f' AND confupdtype <> 'a'),"
	" EXISTS (SELECT FROM pg_constraint JOIN tree ON conrelid = relid WHERE contype = 'f'),"
	" EXISTS (SELECT FROM pg_constraint JOIN tree ON conrelid = relid"
	" WHERE contype = 'f' AND confrelid IN (SELECT relid FROM tree)),"
	" (SELECT count(*) FROM pg_constraint c WHERE conrelid = $1 AND (contype IN ('c', 'x')"
	" OR contype = 'f' AND NOT condeferred)"
	" AND to_jsonb(c)->>'conenforced' IS DISTINCT FROM 'false') + (SELECT count(*) FROM pg_index"
	" WHERE indrelid = $1 AND indisunique) + (SELECT count(*) FROM pg_attribute"
	" WHERE attrelid = $1 AND attgenerated <> '')";

bool
plan_rejects_rounds(const struct relation_column *rc)
{
	return strcmp(rc->type, rc->base) != 0 &&
	       (strcmp(rc->base, "numeric") == 0 || strncmp(rc->base, "time with", 9) == 0 ||
		strncmp(rc->base, "timestamp with", 14) == 0 ||
		strcmp(rc->base, "interval") == 0);
}

/*
 * May the assignment to the column refuse what neither the cast before it nor
 * plan_sift_lengths() does?
 */
static bool
is_unsure(const struct plan_column *c, const struct relation_column *rc)
{
	if (rc == NULL)
		return false;
	if (strcmp(rc->base, "character varying") == 0 || strcmp(rc->base, "character") == 0)
		return false;
	if (strcmp(c->cast_type, rc->base) != 0)
		return true; /* a domain */
	return strcmp(rc->type, rc->base) != 0 && !plan_rejects_rounds(rc);
}

static void
note_casts(struct stagesql *w)
{
	struct plan_rejects *pr = w->st->rejects;
	size_t i, j;

	for (i = 0; i < w->p->ncolumns; i++) {
		if (w->p->columns[i].target == NULL || w->p->columns[i].way == PLAN_SAME)
			continue;
		pr->casts = true;
		pr->unsure = pr->unsure || is_unsure(&w->p->columns[i], stagesql_column(w, i));
	}
	for (j = 0; j < w->st->nkey; j++)
		pr->key_cast = pr->key_cast || w->p->columns[w->st->key[j]].way != PLAN_SAME;
	plan_sift_lengths(w);
}

int
plan_rejects(struct plan *p, struct db *db, struct err *e)
{
	struct plan_stage *st = p->stage;
	struct plan_rejects *pr = xcalloc(1, sizeof(*pr));
	struct stagesql w = {.p = p, .st = st, .db = db, .sql = BUF_INIT};
	bool first = p->options->conflict != CONFLICT_FAIL &&
		     p->options->duplicates != DUPLICATES_LAST;
	PGresult *res = db_query_oid(db, e, facts_sql, p->rel != NULL ? p->rel->oid : 0);
	size_t all;

	st->rejects = pr;
	if (res == NULL)
		return -1;
	pr->late = PQgetvalue(res, 0, 0)[0] == 't';
	pr->foreign = PQgetvalue(res, 0, 1)[0] == 't';
	pr->whole = PQgetvalue(res, 0, 2)[0] == 't' || first;
	all = strtoul(PQgetvalue(res, 0, 3), NULL, 10);
	PQclear(res);
	note_casts(&w);
	if (p->rel == NULL || strchr("rp", p->rel->kind) == NULL || st->insert_triggers ||
	    (p->options->conflict != CONFLICT_FAIL && st->nkey == 0))
		return 0;
	return plan_sift_constraints(&w, first, all, e);
}

void
plan_rejects_free(struct plan_rejects *pr)
{
	size_t i;

	if (pr == NULL)
		return;
	for (i = 0; i < pr->nreasons; i++) {
		free(pr->reasons[i].msg);
		free(pr->reasons[i].column);
		free(pr->reasons[i].constraint);
	}
	for (i = 0; i < pr->nsifts; i++)
		free(pr->sifts[i].sql);
	free(pr->reasons);
	free(pr->sifts);
	free(pr->number_sql);
	free(pr->cast_sql);
	free(pr->index_sql);
	free(pr->casts_sql);
	free(pr->move_sql);
	free(pr->line_sql);
	free(pr->rounds_sql);
	free(pr->piece_sql);
	free(pr->name_sql);
	free(pr->leave_sql);
	free(pr->zero_sql);
	free(pr->gather_sql);
	free(pr->drop_sql);
	free(pr);
}
