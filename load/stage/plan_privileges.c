/*
 * The privileges that conflicts ask for.
 */
#include "load/stage/plan_privileges.h"

#include <stdbool.h>

#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

static const char privileges_sql[] =
	"SELECT has_column_privilege(attrelid, attnum, 'SELECT'),"
	" has_column_privilege(attrelid, attnum, 'UPDATE') FROM pg_attribute"
	" WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum";

/* ON CONFLICT reads the key, and what it compares and sets. */
static void
check_column(struct plan *p, size_t i, const PGresult *may, struct reasons *why)
{
	int position = p->columns[i].position;
	bool key = plan_stage_is_key(p, i), sets = !p->stage->once && plan_stage_sets(p, i);

	if (position < 0 || position >= PQntuples(may))
		return;
	if ((sets || key) && PQgetvalue(may, position, 0)[0] != 't')
		plan_refuse(p, i, why, key ? "grant it, for it is of the key" : NULL,
			    "may not be compared: no SELECT privilege");
	if (sets && PQgetvalue(may, position, 1)[0] != 't')
		plan_refuse(p, i, why, NULL, "may not be updated: no UPDATE privilege");
}

int
plan_privileges(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *may;
	size_t i;

	if (p->stage == NULL || p->rel == NULL || !p->rules->conflict->has_key)
		return 0;
	may = db_query_oid(db, e, privileges_sql, p->rel->oid);
	if (may == NULL)
		return -1;
	for (i = 0; i < p->ncolumns; i++)
		check_column(p, i, may, why);
	PQclear(may);
	return 0;
}
