/*
 * The target in the loading transaction.
 */
#include "load/pg/target.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/talk/log.h"
#include "load/match/plan.h"
#include "load/pg/sender.h"

/* By the extended protocol: one statement only, whatever a header says. */
static int
run(struct db *db, const char *sql, struct err *e)
{
	PGresult *res;

	if (sql == NULL)
		return 0;
	log_sql(sql);
	res = db_query(db, e, sql, 0, NULL);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

/* Between plan and lock the table may have changed; bytes would mean something else. */
static int
lock(struct db *db, const struct plan *plan, struct err *e)
{
	PGresult *res = db_describe(db, e, plan->lock_sql);
	char *now;
	int rc;

	PQclear(res);
	if (res == NULL)
		return -1;
	now = relation_fingerprint(db, plan->rel->oid, e);
	if (now == NULL)
		return -1;
	rc = strcmp(now, plan->rel->fingerprint);
	free(now);
	if (rc == 0)
		return 0;
	err_set(e, EXIT_DATA, "the table \"%s\" was altered just now", plan->target.name);
	return err_hint(e, "Run the transfer again.");
}

int
target_prepare(struct db *db, const struct plan *plan, bool first, struct err *e)
{
	if (first && run(db, plan->create_sql, e) != 0)
		return -1;
	if (first && plan->truncate_sql != NULL &&
	    (sender_check_lock(db, plan->header, plan->rel->oid, e) != 0 ||
	     run(db, plan->truncate_sql, e) != 0))
		return -1;
	if (first && plan->key_first && run(db, plan->key_sql, e) != 0)
		return -1;
	return plan->lock_sql != NULL ? lock(db, plan, e) : 0;
}
