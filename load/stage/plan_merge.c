/*
 * MERGE looks each staged row up in the target once, then updates or inserts (PostgreSQL
 * manual, MERGE).  Unlike ON CONFLICT it does not lock a row that stays as it is, and does not
 * insert a row only to find that its key is there.
 *
 * MERGE is exact on three conditions:
 * - No key is staged twice, and the target is a heap table without rules, triggers or row
 *   security.  plan_decide() and may_merge() see to that.
 * - No other session inserts one of the keys meanwhile.  If one does, MERGE fails with a
 *   unique violation; it is rolled back to a savepoint, and ON CONFLICT writes the rows.
 * - The key's unique index is still there.  MERGE would not notice that it has been dropped,
 *   so the index is looked for before and behind the statement.
 *
 * MERGE locks rows in the order in which they are staged.  Two loaders with the same keys in
 * different orders would deadlock.  So each loader holds an advisory lock of the target until
 * COMMIT: loaders in key order share it, a loader in any other order has it alone.  The lock
 * is only tried for; a loader that does not get it sorts its rows.
 */
#include "load/stage/plan_merge.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/rows/keyrun.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

#define MERGE_SINCE 150000 /* the server's version, and libpq's that knows its rows */

/*
 * Columns of the index, each with whether MERGE can do it: the planner must be
 * free to use the index, which it is not for a while where a new index meets
 * rows changed before.  And whether somebody may mind that a table is altered, or rewritten.
 */
static const char facts_sql[] =
	"SELECT a.attname, NOT c.relhasrules AND NOT i.indcheckxmin,"
	" CASE WHEN a.atttypid IN (20, 21, 23, 1082, 1083, 1114, 1184) THEN 1"
	" WHEN a.atttypid IN (26, 2950) THEN 2"
	" ELSE 0 END, a.attlen, EXISTS (SELECT FROM pg_event_trigger WHERE evtenabled <> 'D'"
	" AND evtevent IN ('table_rewrite', 'ddl_command_start', 'ddl_command_end')"
	" AND (evttags IS NULL OR 'ALTER TABLE' = ANY (evttags)))"
	" FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
	" JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[])"
	" WHERE i.indexrelid = $1";

enum { NAME, FIT, KIND, SIZE, MINDED };

static bool
may_merge(const struct plan *p, const struct db *db)
{
	const struct plan_stage *st = p->stage;
	size_t i;

	if (p->rel == NULL || p->rel->kind != 'r' || !p->rel->heap || p->rel->engine != NULL ||
	    p->rel->row_security || st->null_keys || st->index == 0 ||
	    PQserverVersion(db->conn) < MERGE_SINCE || PQlibVersion() < MERGE_SINCE)
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

/* The position of stream column ${i} among the fields that are staged. */
static size_t
field_of(const struct plan *p, size_t i)
{
	size_t j, field = 0;

	for (j = 0; j < i; j++)
		field += p->keep[j];
	return field;
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
	c->field = field_of(p, p->stage->key[j]);
	c->kind = (enum keyrun_kind)atoi(PQgetvalue(facts, row, KIND));
	c->size = (size_t)atoi(PQgetvalue(facts, row, SIZE));
	return c->kind != KEYRUN_NO;
}

int
plan_merge(struct plan *p, bool simple, struct db *db, struct err *e)
{
	struct plan_stage *st = p->stage;
	PGresult *facts;
	bool merges = simple && may_merge(p, db), watched = may_watch(p);
	size_t j;

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
	st->numbers_late = st->merges && watched && p->rules->parts.what == PARTS_NONE &&
			   p->rules->keys != KEYS_ALONE &&
			   PQgetvalue(facts, 0, MINDED)[0] == 'f';
	PQclear(facts);
	return 0;
}
