/*
 * MERGE looks each staged row up in the target once and updates or inserts by
 * what it has found (PostgreSQL manual, MERGE).  It is exact where no key is
 * staged twice and nothing but a plain table is behind the name.  Against other
 * writers it is not: a row that they have inserted meanwhile makes it fail, and
 * then ON CONFLICT has its turn.  Nor does it miss the key's index if somebody has
 * dropped that since the plan was made, for which it is looked before and behind it.
 *
 * Rows are locked in the order in which they are staged, so that this has to be
 * the key order or nobody else's business.  Loaders therefore hold an advisory
 * lock of the target until COMMIT: those that write in key order share it, and
 * one that does not has it alone.  It is only tried for, never waited for; who
 * does not get it sorts.
 */
#include "load/stage/plan_merge.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/rows/keyrun.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"
#include "load/stage/stagesql.h"

#define LOCK_CLASS 1347572300 /* "PRTL" */
#define MERGE_SINCE 150000    /* the server's version, and libpq's that knows its rows */

/*
 * Columns of the index, each with whether MERGE can do it: the planner must be
 * free to use the index, which it is not for a while where a new index meets
 * rows changed before.
 */
static const char facts_sql[] =
	"SELECT a.attname, NOT c.relhasrules AND NOT i.indcheckxmin,"
	" CASE WHEN a.atttypid IN (20, 21, 23, 1082, 1083, 1114, 1184) THEN 1"
	" WHEN a.atttypid IN (26, 2950) THEN 2"
	" ELSE 0 END, a.attlen"
	" FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
	" JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[])"
	" WHERE i.indexrelid = $1";

enum { NAME, FIT, KIND, SIZE };

/*
 * One row after the other: the index is asked for each, or read along with that of
 * the staged rows.  Any other plan would change their order, or read the table,
 * which grows meanwhile, once a row.
 */
static const char settings_sql[] =
	"SET LOCAL enable_nestloop = on; SET LOCAL enable_indexscan = on;"
	" SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;"
	" SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = on; SET LOCAL enable_sort = off;"
	" SET LOCAL enable_material = off; SET LOCAL enable_memoize = off; SET LOCAL jit = off";
static const char reset_sql[] =
	"SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL enable_indexscan TO DEFAULT;"
	" SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL enable_bitmapscan TO DEFAULT;"
	" SET LOCAL enable_hashjoin TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT;"
	" SET LOCAL enable_sort TO DEFAULT;"
	" SET LOCAL enable_material TO DEFAULT; SET LOCAL enable_memoize TO DEFAULT;"
	" SET LOCAL jit TO DEFAULT";

static bool
may_merge(const struct plan *p, const struct db *db)
{
	const struct plan_stage *st = p->stage;
	size_t i;

	if (!st->merges || p->rel == NULL || p->rel->kind != 'r' || p->rel->row_security ||
	    st->null_keys || st->index == 0 || PQserverVersion(db->conn) < MERGE_SINCE ||
	    PQlibVersion() < MERGE_SINCE)
		return false;
	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].target != NULL && p->columns[i].way != PLAN_SAME)
			return false;
	return true;
}

/* Can the server's order of the keys be seen here?  It matters where rows need no MERGE, too.
 */
static bool
may_watch(const struct plan *p)
{
	const struct plan_stage *st = p->stage;
	size_t j;

	for (j = 0; j < st->nkey; j++)
		if (p->columns[st->key[j]].way != PLAN_SAME)
			return false;
	return !p->text && !st->null_keys && st->index != 0 && (st->once || st->plain);
}

/* The place of stream column ${i} among the fields that are staged. */
static size_t
field_of(const struct plan *p, size_t i)
{
	size_t j, place = 0;

	for (j = 0; j < i; j++)
		place += p->keep[j];
	return place;
}

/* What the facts say of the key's ${j}-th column; false if it cannot be watched. */
static bool
find_column(const struct plan *p, size_t j, const PGresult *facts, struct keyrun_column *c)
{
	const char *name = p->columns[p->stage->key[j]].target;
	int row;

	for (row = 0; row < PQntuples(facts); row++)
		if (strcmp(PQgetvalue(facts, row, NAME), name) == 0)
			break;
	if (row == PQntuples(facts))
		return false;
	c->place = field_of(p, p->stage->key[j]);
	c->kind = (enum keyrun_kind)atoi(PQgetvalue(facts, row, KIND));
	c->size = (size_t)atoi(PQgetvalue(facts, row, SIZE));
	return c->kind != KEYRUN_NO;
}

int
plan_merge(struct plan *p, struct db *db, struct err *e)
{
	struct plan_stage *st = p->stage;
	PGresult *facts;
	bool merges = may_merge(p, db), watched = may_watch(p);
	size_t j;

	st->merges = false;
	if (!merges && !watched)
		return 0;
	facts = db_query_oid(db, e, facts_sql, st->index);
	if (facts == NULL)
		return -1;
	st->merges = merges && PQntuples(facts) > 0 && PQgetvalue(facts, 0, FIT)[0] == 't';
	watched = watched && (st->merges || st->once);
	st->key_columns = xcalloc(st->nkey, sizeof(*st->key_columns));
	for (j = 0; j < st->nkey && watched; j++)
		watched = find_column(p, j, facts, &st->key_columns[j]);
	if (!watched) {
		free(st->key_columns);
		st->key_columns = NULL;
	}
	PQclear(facts);
	return 0;
}

static void
add_updates(struct stagesql *w)
{
	stagesql_add(w, " WHEN MATCHED AND ");
	if (w->st->newer >= 0) /* what is newer is changed */
		stagesql_add_newer(w, STAGESQL_MERGED);
	else
		stagesql_add_changed(w, STAGESQL_MERGED);
	stagesql_add(w, " THEN ");
	stagesql_add_sets(w, STAGESQL_MERGED);
}

static char *
merge_sql(struct stagesql *w)
{
	const char *comma = " VALUES (";
	size_t i, j;

	stagesql_add(w, "MERGE INTO ONLY ");
	stagesql_add_target(w);
	stagesql_add(w, " AS t USING ");
	stagesql_add_temp(w, "stage");
	for (j = 0; j < w->st->nkey; j++) {
		stagesql_add(w, j > 0 ? " AND t." : " AS s ON t.");
		ident_add_quoted(&w->sql, w->p->columns[w->st->key[j]].target);
		buf_addf(&w->sql, " %s s.c%zu", w->st->key_equal[j], w->st->key[j] + 1);
	}
	if (w->st->sets)
		add_updates(w);
	stagesql_add(w, " WHEN NOT MATCHED THEN INSERT ");
	stagesql_add_names(w);
	for (i = 0; i < w->p->ncolumns; i++)
		if (w->p->columns[i].target != NULL) {
			buf_addf(&w->sql, "%ss.c%zu", comma, i + 1);
			comma = ", ";
		}
	stagesql_add(w, ")");
	return buf_detach(&w->sql);
}

/*
 * Two indexes in one order are joined in half the time that it takes to look for
 * each row, for which one of them is worth making, unless the target is much larger
 * and would be read to no purpose.
 */
static char *
there_sql(struct stagesql *w)
{
	stagesql_add(w, "SELECT 1, (pg_catalog.pg_relation_size('");
	stagesql_add_temp(w, "stage");
	buf_addf(&w->sql,
		 "') OPERATOR(pg_catalog.*) 2 OPERATOR(pg_catalog.>=)"
		 " pg_catalog.pg_relation_size(indrelid))::int FROM pg_catalog.pg_index"
		 " WHERE indexrelid OPERATOR(pg_catalog.=) '%u' AND indisvalid",
		 w->st->index);
	return buf_detach(&w->sql);
}

static char *
index_sql(struct stagesql *w)
{
	size_t j;

	stagesql_add(w, "CREATE INDEX ON ");
	stagesql_add_temp(w, "stage");
	for (j = 0; j < w->st->nkey; j++)
		buf_addf(&w->sql, "%sc%zu", j > 0 ? ", " : " (", w->st->key[j] + 1);
	stagesql_add(w, ")");
	return buf_detach(&w->sql);
}

/* Two rows with one key, wherever they are. */
static char *
again_sql(struct stagesql *w)
{
	stagesql_add(w, "SELECT 1 FROM ");
	stagesql_add_temp(w, "stage");
	stagesql_add(w, " GROUP BY ");
	stagesql_add_key_values(w);
	stagesql_add(w, " HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 LIMIT 1");
	return buf_detach(&w->sql);
}

/*
 * 1 with the lock that loaders in key order share; 0 while one has it alone that holds
 * the target as INSERT does; 2 if whoever keeps it from us does not, which anybody can.
 */
static const char queue_sql[] =
	"SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock_shared(%d, %d) THEN 1"
	" WHEN EXISTS (SELECT FROM pg_catalog.pg_locks a JOIN pg_catalog.pg_locks t"
	" ON t.pid OPERATOR(pg_catalog.=) a.pid AND t.database OPERATOR(pg_catalog.=) a.database"
	" JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) a.database"
	" AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"
	" WHERE a.locktype OPERATOR(pg_catalog.=) 'advisory' AND a.granted"
	" AND a.mode OPERATOR(pg_catalog.=) 'ExclusiveLock'"
	" AND a.classid OPERATOR(pg_catalog.=) '%d' AND a.objid OPERATOR(pg_catalog.=) '%u'"
	" AND a.objsubid OPERATOR(pg_catalog.=) 2 AND t.granted"
	" AND t.locktype OPERATOR(pg_catalog.=) 'relation'"
	" AND t.relation OPERATOR(pg_catalog.=) '%u'"
	" AND t.mode OPERATOR(pg_catalog.=) 'RowExclusiveLock') THEN 0 ELSE 2 END,"
	" (SELECT setting FROM pg_catalog.pg_settings"
	" WHERE name OPERATOR(pg_catalog.=) 'lock_timeout')";

void
plan_merge_sql(struct stagesql *w, struct plan_stage *st)
{
	const struct plan *p = w->p;

	if (!p->rules->conflict->has_key || p->rel == NULL)
		return;
	st->queue_sql = xasprintf(queue_sql, LOCK_CLASS, (int)p->rel->oid, LOCK_CLASS,
				  p->rel->oid, p->rel->oid);
	if (st->sorted_sql != NULL && (st->once || st->merges))
		st->alone_sql =
			xasprintf("SELECT pg_catalog.pg_try_advisory_xact_lock(%d, %d)::int",
				  LOCK_CLASS, (int)p->rel->oid);
	if (!st->merges)
		return;
	st->there_sql = there_sql(w);
	st->index_sql = index_sql(w);
	st->merge_sql = merge_sql(w);
	st->settings_sql = settings_sql;
	st->reset_sql = reset_sql;
	if (!st->once)
		st->again_sql = again_sql(w);
}
