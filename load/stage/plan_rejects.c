/*
 * Facts about triggers, constraints and keys of the target and its partitions, in one query.
 * They say how a refused row can be found, never which row is refused: the server says that.
 */
#include "load/stage/plan_rejects.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

/* Of tgtype, 2 is BEFORE, 64 INSTEAD, 4 INSERT, 16 UPDATE. */
static const char facts_sql[] =
	"WITH tree AS (SELECT relid FROM pg_partition_tree($1::oid) UNION SELECT $1::oid)"
	" SELECT EXISTS (SELECT FROM pg_trigger JOIN tree ON tgrelid = relid"
	" WHERE tgenabled <> 'D' AND NOT tgisinternal AND tgtype & 66 = 0 AND tgtype & 20 <> 0)"
	" OR EXISTS (SELECT FROM pg_index JOIN tree ON indrelid = relid WHERE NOT indimmediate)"
	" OR EXISTS (SELECT FROM pg_constraint JOIN tree ON conrelid = relid WHERE contype = 'f'),"
	/* an update of what others refer to */
	" EXISTS (SELECT FROM pg_constraint JOIN tree ON confrelid = relid WHERE contype = 'f'"
	" AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = confrelid AND indisprimary"
	" AND confkey <@ indkey::int2[])),"
	" EXISTS (SELECT FROM pg_trigger JOIN tree ON tgrelid = relid"
	" WHERE tgenabled <> 'D' AND NOT tgisinternal AND tgtype & 20 <> 0),"
	" EXISTS (SELECT FROM pg_constraint JOIN tree ON conrelid = relid"
	" WHERE contype = 'f' AND confrelid IN (SELECT relid FROM tree))";

int
plan_rejects(struct plan *p, struct db *db, struct err *e)
{
	struct plan_rejects *pr = xcalloc(1, sizeof(*pr));
	PGresult *res = db_query_oid(db, e, facts_sql, p->rel != NULL ? p->rel->oid : 0);
	bool keyed = p->rules->conflict->has_key, plain;

	p->stage->rejects = pr;
	if (res == NULL)
		return -1;
	/* nobody has looked at what a view shows, or what is on another server */
	plain = p->rel == NULL || strchr("rp", p->rel->kind) != NULL;
	pr->triggers = PQgetvalue(res, 0, 2)[0] == 't' || !plain;
	pr->late = PQgetvalue(res, 0, 0)[0] == 't' || !plain ||
		   (keyed && (PQgetvalue(res, 0, 1)[0] == 't' || pr->triggers));
	pr->first = keyed && p->rules->duplicates != DUPLICATES_LAST;
	pr->self = PQgetvalue(res, 0, 3)[0] == 't' && !pr->first;
	PQclear(res);
	pr->line = keyed || pr->self;
	return 0;
}
