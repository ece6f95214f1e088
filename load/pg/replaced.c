/*
 * Whoever waits for ACCESS EXCLUSIVE has all readers wait that come later.  So it is asked
 * for during moments only, with pauses in which readers come and go, until it is had.
 *
 * Other writers are kept out since before the rows (SHARE ROW EXCLUSIVE).  One of them may
 * have read the table in the same transaction: it waits for us, and would be waited for.
 */
#include "load/pg/replaced.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/match/waits.h"
#include "load/replace/replace.h"
#include "load/route/ready.h"
#include "load/rules/rules.h"

#define ATTEMPT 50  /* ms that readers may have to wait behind us */
#define PAUSE "0.2" /* seconds between attempts */

/* The tables that are exchanged together, and the one that is at hand. */
struct group {
	const struct plan *const *plans;
	size_t n, at;
};

typedef int act_fn(struct group *g, struct db *db, struct err *e);

/* Sessions that we cannot wait for: they hold a lock on one of $1, and wait for one of ours. */
static const char entangled_sql[] =
	"SELECT pid FROM pg_locks WHERE locktype = 'relation' AND granted"
	" AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
	" AND relation = ANY ($1::oid[]) AND pid <> pg_backend_pid()"
	" AND pg_blocking_pids(pid) @> ARRAY[pg_backend_pid()] LIMIT 1";

static int
look_entangled(const struct plan *plan, struct db *db, struct err *e)
{
	char *pid = db_query_text(db, e, entangled_sql, 1,
				  (const char *const[]){plan->replace->oids});
	int rc = pid != NULL ? 0 : -1;

	if (rc == 0 && pid[0] != '\0') {
		err_set(e, EXIT_DATA,
			"process %s has read \"%s\", or a table that it refers to, and waits to "
			"write it: neither it nor the exchange can go on",
			pid, plan->target.name);
		rc = err_hint(e, "Run the transfer again.");
	}
	free(pid);
	return rc;
}

static int
unlike(const struct plan *plan, const char *now, struct err *e)
{
	err_set(e, EXIT_TARGET, "\"%s\" cannot be replaced by a table that is like it in all",
		plan->target.name);
	replace_unlike(plan->replace->likeness, now, e);
	return err_hint(e, REPLACE_INSTEAD);
}

/* Is the target, or what has its name now, what the plan says of it? */
static int
compare(const struct plan *plan, struct db *db, bool exchanged, struct err *e)
{
	char *now = replace_likeness(db, &plan->target, true, e);
	int rc = now != NULL ? 0 : -1;

	if (rc == 0 && strcmp(now, plan->replace->likeness) != 0)
		rc = exchanged ? unlike(plan, now, e) : ready_altered(&plan->target, e);
	free(now);
	return rc;
}

/* What came to depend on it while the rows came. */
static int
look_again(const struct plan *plan, struct db *db, struct err *e)
{
	struct reasons why = {.n = 0};

	if (replace_look(plan, db, &why, e) != 0) {
		reasons_release(&why);
		return -1;
	}
	return reasons_report(&why, plan->target.name, e);
}

/* 1: a lock was not had, nothing is done, and nobody waits behind us. */
static int
attempt(struct group *g, struct db *db, act_fn *act, struct err *e)
{
	if (db_exec(db, e, "SAVEPOINT portl_replace; SET LOCAL lock_timeout = %d", ATTEMPT) !=
	    0)
		return -1;
	if (act(g, db, e) == 0)
		return db_exec(db, e, "RELEASE SAVEPOINT portl_replace");
	/* a deadlock is looked into below */
	if (strcmp(e->sqlstate, "55P03") != 0 && strcmp(e->sqlstate, "40P01") != 0)
		return -1;
	err_release(e);
	return db_exec(db, e,
		       "ROLLBACK TO SAVEPOINT portl_replace; "
		       "RELEASE SAVEPOINT portl_replace") == 0
		       ? 1
		       : -1;
}

static int
give_up(const struct plan *plan, struct err *e)
{
	err_set(e, EXIT_DATA,
		"the lock on \"%s\" was not had within --lock-wait-timeout=%" PRId64,
		plan->target.name, plan->rules->lock_timeout);
	return err_hint(e, "Other sessions have used it, or a table that it refers to, without "
			   "a moment's pause.");
}

/* Time passes; it is looked who is in the way, and whether that will end. */
static int
pause_between(const struct plan *plan, struct db *db, int64_t since, int *looked, struct err *e)
{
	int64_t most = plan->rules->lock_timeout, waited = db_clock() - since;
	int seconds = (int)(waited / 1000);

	if (most > 0 && waited >= most)
		return give_up(plan, e);
	if (seconds > *looked) {
		if (waits_look(db, plan, WAITS_ALONE, *looked, seconds, e) != 0)
			return -1;
		*looked = seconds;
	}
	if (look_entangled(plan, db, e) != 0)
		return -1;
	return db_exec(db, e, "SELECT pg_catalog.pg_sleep(" PAUSE ")");
}

/* Until what is done under one savepoint is done. */
static int
persist(struct group *g, struct db *db, act_fn *act, struct err *e)
{
	int64_t since = db_clock();
	int rc, looked = 0;

	while ((rc = attempt(g, db, act, e)) > 0)
		if (pause_between(g->plans[g->at], db, since, &looked, e) != 0)
			return -1;
	return rc;
}

/* Foreign keys are added under this lock, with which readers go on. */
static int
lock_referred(struct group *g, struct db *db, struct err *e)
{
	const struct plan *plan = g->plans[g->at];

	if (plan->replace->referred[0] == '\0')
		return 0;
	return db_exec(db, e, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE",
		       plan->replace->referred);
}

/* The partitioned table first, as those do who read it. */
static int
lock_all(const struct plan *plan, struct db *db, struct err *e)
{
	const struct replace *r = plan->replace;
	struct buf sql = BUF_INIT;
	int rc;

	buf_addf(&sql, "LOCK TABLE %s%s%sONLY ", r->parent[0] != '\0' ? "ONLY " : "", r->parent,
		 r->parent[0] != '\0' ? ", " : "");
	relname_add_quoted(&plan->target, &sql);
	if (r->referred[0] != '\0')
		buf_addf(&sql, ", %s", r->referred);
	buf_adds(&sql, " IN ACCESS EXCLUSIVE MODE");
	rc = db_exec(db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
}

/* Rows of parts are to come to those that are there, of which there are none. */
static int
check_empty(const struct plan *plan, struct db *db, struct err *e)
{
	struct buf sql = BUF_INIT;
	char *has;
	int rc = 0;

	if (!plan->rules->parts.empty)
		return 0;
	buf_adds(&sql, "SELECT 1 FROM ONLY ");
	relname_add_quoted(&plan->target, &sql);
	buf_adds(&sql, " LIMIT 1");
	has = db_query_text(db, e, buf_cstr(&sql), 0, NULL);
	if (has == NULL) {
		rc = -1;
	} else if (has[0] != '\0') {
		err_set(e, EXIT_TARGET,
			"partition \"%s\" has rows now, and had none when the plan was made",
			plan->target.name);
		rc = err_hint(e, "Empty it and publish again, or remove what the run has left "
				 "with --drop-parts and make a new plan.");
	}
	buf_release(&sql);
	free(has);
	return rc;
}

/* Who has one of them and waits for the next has its readers wait as well. */
static int
lock_group(struct group *g, struct db *db, struct err *e)
{
	for (g->at = 0; g->at < g->n; g->at++)
		if (lock_all(g->plans[g->at], db, e) != 0)
			return -1;
	g->at = 0;
	return 0;
}

static int
exchange(struct group *g, struct db *db, struct err *e)
{
	const struct plan *plan = g->plans[g->at];

	if (lock_all(plan, db, e) != 0 || check_empty(plan, db, e) != 0 ||
	    compare(plan, db, false, e) != 0 || look_again(plan, db, e) != 0)
		return -1;
	if (db_exec(db, e, "%s", plan->sql[SQL_EXCHANGE]) != 0)
		return -1;
	return compare(plan, db, true, e);
}

static int
take_place(struct group *g, struct db *db, struct err *e)
{
	const struct plan *plan = g->plans[0];

	if (persist(g, db, lock_referred, e) != 0)
		return -1;
	if (plan->rules->parts.what == PARTS_NONE && /* else that is done */
	    db_exec(db, e, "%s", plan->sql[SQL_BUILD]) != 0)
		return replace_unseen(e, "use --conflict=overwrite --delete");
	return persist(g, db, exchange, e);
}

/* With the path and the timeout as they were. */
static int
within(struct group *g, struct db *db, act_fn *act, struct err *e)
{
	char *path = NULL, *timeout;
	int rc = -1;

	timeout = db_query_text(db, e, "SELECT pg_catalog.current_setting('lock_timeout')", 0,
				NULL);
	if (timeout != NULL && session_narrow_path(db, &path, e) == 0 && act(g, db, e) == 0 &&
	    session_set_path(db, path, e) == 0)
		rc = db_exec(db, e, "SET LOCAL lock_timeout = '%s'", timeout);
	if (rc != 0)
		replace_name(g->plans[g->at], e);
	free(timeout);
	free(path);
	return rc;
}

int
replaced_take_place(const struct plan *plan, struct db *db, struct err *e)
{
	struct group g = {&plan, 1, 0};

	return within(&g, db, take_place, e);
}

static int
hold(struct group *g, struct db *db, struct err *e)
{
	return persist(g, db, lock_group, e);
}

int
replaced_hold(const struct plan *const *plans, size_t n, struct db *db, struct err *e)
{
	struct group g = {plans, n, 0};

	return n > 0 ? within(&g, db, hold, e) : 0;
}
