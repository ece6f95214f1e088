/*
 * The target in the loading transaction.
 */
#include "load/route/ready.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "load/match/identity.h"
#include "load/match/plan.h"
#include "load/route/sender.h"

/* By the extended protocol: one statement only, whatever a header says. */
static int
run(struct db *db, const char *sql, struct err *e)
{
	return sql != NULL ? db_exec_one(db, e, sql) : 0;
}

/* The lock that INSERT and COPY take, on whatever has the name now. */
static int
lock(struct db *db, const char *sql, struct err *e)
{
	PGresult *res = db_describe(db, e, sql);

	PQclear(res);
	return res != NULL ? 0 : -1;
}

int
ready_check(struct db *db, const struct plan *plan, const char *identity, struct err *e)
{
	unsigned oid = plan->rel != NULL ? plan->rel->oid : 0;
	char *now = identity_read(db, oid, &plan->target, e);
	bool same = now != NULL && now[0] != '\0' && strcmp(now, identity) == 0;

	if (now == NULL)
		return -1;
	free(now);
	if (same)
		return 0;
	err_set(e, EXIT_DATA, "the table \"%s\" was altered just now", plan->target.name);
	return err_hint(e, "Run the transfer again.");
}

int
ready_target(struct db *db, const struct plan *plan, bool first, struct err *e)
{
	if (first && run(db, plan->sql[SQL_CREATE], e) != 0)
		return -1;
	if (first && plan->sql[SQL_TRUNCATE] != NULL &&
	    (sender_check_lock(db, plan->header, plan->rel->oid, e) != 0 ||
	     run(db, plan->sql[SQL_TRUNCATE], e) != 0))
		return -1;
	if (first && run(db, plan->sql[SQL_KEY_FIRST], e) != 0)
		return -1;
	if (plan->rel == NULL)
		return 0;
	if (lock(db, plan->sql[SQL_LOCK], e) != 0)
		return -1;
	return ready_check(db, plan, plan->identity, e);
}
