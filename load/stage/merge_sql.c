/*
 * MERGE reads the staged rows in the order in which they came only under certain planner
 * settings, which are set around it.  Why these locks: plan_merge.c.
 */
#include "load/stage/merge_sql.h"

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"
#include "load/stage/sqlparts.h"

#define LOCK_CLASS 1347572300 /* "PRTL" */

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

static void
add_updates(struct sqlparts *w)
{
	sqlparts_add(w, " WHEN MATCHED AND ");
	if (w->st->newer >= 0) /* what is newer is changed */
		sqlparts_add_newer(w, SQLPARTS_MERGED);
	else
		sqlparts_add_changed(w, SQLPARTS_MERGED);
	sqlparts_add(w, " THEN ");
	sqlparts_add_sets(w, SQLPARTS_MERGED);
}

char *
merge_sql_merge(struct sqlparts *w)
{
	const char *comma = " VALUES (";
	size_t i, j;

	if (!w->st->merges)
		return NULL;
	sqlparts_add(w, "MERGE INTO ONLY {target} AS t USING {stage}");
	for (j = 0; j < w->st->nkey; j++) {
		sqlparts_add(w, j > 0 ? " AND t." : " AS s ON t.");
		ident_add_quoted(&w->sql, w->p->columns[w->st->key[j]].target);
		buf_addf(&w->sql, " %s s.c%zu%s", w->st->key_equal[j], w->st->key[j] + 1,
			 w->st->key_collation[j]);
	}
	if (w->st->sets)
		add_updates(w);
	sqlparts_add(w, " WHEN NOT MATCHED THEN INSERT ");
	sqlparts_add_names(w);
	for (i = 0; i < w->p->ncolumns; i++)
		if (w->p->columns[i].target != NULL) {
			buf_addf(&w->sql, "%ss.c%zu", comma, i + 1);
			comma = ", ";
		}
	return sqlparts_text(w, ")");
}

/*
 * Two indexes in one order are joined in half the time that it takes to look for
 * each row, for which one of them is worth making, unless the target is much larger
 * and would be read to no purpose.  That it is unique, as the target's is, tells without
 * another look whether a key comes twice.
 */
char *
merge_sql_there(struct sqlparts *w)
{
	if (!w->st->merges)
		return NULL;
	sqlparts_add(w, "SELECT 1, (pg_catalog.pg_relation_size({stage text}) {*} 2 {>=}"
			" pg_catalog.pg_relation_size(indrelid))::int FROM pg_catalog.pg_index"
			" WHERE indexrelid {=} ");
	buf_addf(&w->sql, "'%u' AND indisvalid", w->st->index);
	return buf_detach(&w->sql);
}

char *
merge_sql_index(struct sqlparts *w)
{
	size_t j;

	if (!w->st->merges)
		return NULL;
	sqlparts_add(w, "CREATE UNIQUE INDEX ON {stage}");
	for (j = 0; j < w->st->nkey; j++)
		buf_addf(&w->sql, "%sc%zu%s", j > 0 ? ", " : " (", w->st->key[j] + 1,
			 w->st->key_collation[j]);
	return sqlparts_text(w, ")");
}

/* Two rows with one key, wherever they are. */
char *
merge_sql_again(struct sqlparts *w)
{
	if (!w->st->merges || w->st->once)
		return NULL;
	return sqlparts_text(w, "SELECT 1 FROM {stage} GROUP BY {key}"
				" HAVING pg_catalog.count(*) {>} 1 LIMIT 1");
}

char *
merge_sql_settings(struct sqlparts *w)
{
	return w->st->merges ? xstrdup(settings_sql) : NULL;
}

char *
merge_sql_reset(struct sqlparts *w)
{
	return w->st->merges ? xstrdup(reset_sql) : NULL;
}

static bool
has_queue(const struct sqlparts *w)
{
	return w->p->rules->conflict->has_key && w->p->rel != NULL;
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

char *
merge_sql_queue(struct sqlparts *w)
{
	if (!has_queue(w))
		return NULL;
	return xasprintf(queue_sql, LOCK_CLASS, (int)w->p->rel->oid, LOCK_CLASS, w->p->rel->oid,
			 w->p->rel->oid);
}

char *
merge_sql_await(struct sqlparts *w)
{
	if (!has_queue(w))
		return NULL;
	return xasprintf("SELECT pg_catalog.pg_advisory_xact_lock_shared(%d, %d)", LOCK_CLASS,
			 (int)w->p->rel->oid);
}

char *
merge_sql_alone(struct sqlparts *w)
{
	if (!has_queue(w) || !sqlparts_is_sorted(w) || !(w->st->once || w->st->merges))
		return NULL;
	return xasprintf("SELECT pg_catalog.pg_try_advisory_xact_lock(%d, %d)::int", LOCK_CLASS,
			 (int)w->p->rel->oid);
}
