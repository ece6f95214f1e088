/*
 * A lock is asked for under a savepoint, for some time: in between the session is free to look
 * into pg_locks.  The first time is a second, for most of those who would be waited for forever
 * are found then.  The others are longer than deadlock_timeout: only so long after a wait has
 * begun the server looks whether it is part of a deadlock; where that is very long, they are as
 * long only when nothing is left to be looked for.  A session of postgres_fdw cannot be
 * told to be the sender's; but one that reads for anybody else goes on, and one that keeps its
 * lock for ten seconds most likely waits for the pipe.  So it is with one that holds a snapshot
 * for the parts that are published.
 */
#include "load/match/waits.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/talk/log.h"
#include "load/match/plan.h"

#define FIRST 1000   /* ms of the first wait */
#define LONGER 500   /* ms more than deadlock_timeout of the others … */
#define MOST 5000    /* … and no more, before all is looked at that is */
#define WARN_AFTER 5 /* seconds */
#define FDW_AFTER 10

#define DONE "SET LOCAL lock_timeout = 0; RELEASE SAVEPOINT portl_wait"
#define BACK "ROLLBACK TO SAVEPOINT portl_wait; RELEASE SAVEPOINT portl_wait"

/*
 * Who holds a lock that is in our way on the target, its partitions or children, or in that of
 * one who is queued before us: the sender first.  A prepared transaction has no process.
 */
static const char holders_sql[] =
	"WITH RECURSIVE tree (oid) AS (SELECT $1::pg_catalog.oid UNION"
	" SELECT inhrelid FROM pg_catalog.pg_inherits JOIN tree"
	" ON inhparent OPERATOR(pg_catalog.=) tree.oid)"
	" SELECT l.pid, COALESCE(a.application_name, ''), COALESCE(a.state, ''),"
	" COALESCE($2 OPERATOR(pg_catalog.=) (l.pid::pg_catalog.text"
	" OPERATOR(pg_catalog.||) " SESSION_SERVER_SQL "), false) AS sender"
	" FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a"
	" ON a.pid OPERATOR(pg_catalog.=) l.pid"
	" WHERE l.locktype OPERATOR(pg_catalog.=) 'relation' AND l.granted"
	" AND l.relation OPERATOR(pg_catalog.=) ANY (SELECT oid FROM tree)"
	" AND l.database OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_database"
	" WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())"
	" AND (pg_catalog.array_position('{AccessShareLock,RowShareLock,RowExclusiveLock,"
	"ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,"
	"AccessExclusiveLock}'::pg_catalog.text[], l.mode) OPERATOR(pg_catalog.>=)"
	" $3::pg_catalog.int4 OR EXISTS (SELECT FROM pg_catalog.pg_locks AS w"
	" WHERE w.locktype OPERATOR(pg_catalog.=) 'relation' AND NOT w.granted"
	" AND w.relation OPERATOR(pg_catalog.=) l.relation"
	" AND w.database OPERATOR(pg_catalog.=) l.database))"
	" AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()"
	" ORDER BY sender DESC,"
	" a.application_name OPERATOR(pg_catalog.=) 'postgres_fdw' DESC, l.pid LIMIT 1";

enum { PID, NAME, STATE, SENDER };

static bool
is_fdw(const PGresult *res)
{
	return strcmp(PQgetvalue(res, 0, NAME), "postgres_fdw") == 0;
}

/* No stream is read, and a sender has its transaction open: it holds a snapshot. */
static bool
is_keeper(const struct plan *plan, const PGresult *res)
{
	return (plan->header == NULL || plan->header->backend == NULL) &&
	       strcmp(PQgetvalue(res, 0, NAME), "portl-extract") == 0 &&
	       strcmp(PQgetvalue(res, 0, STATE), "idle in transaction") == 0;
}

static int
refuse(const struct plan *plan, const PGresult *res, struct err *e)
{
	const char *name = plan->target.name, *state = PQgetvalue(res, 0, STATE);

	if (db_is_true(res, 0, SENDER))
		err_set(e, EXIT_TARGET,
			"the lock on \"%s\" would be waited for forever: the sender reads the "
			"same table",
			name);
	else if (is_keeper(plan, res))
		err_set(e, EXIT_TARGET,
			"the lock on \"%s\" is held by process %s, portl-extract, which may hold "
			"the snapshot of the parts: it would be waited for forever",
			name, PQgetvalue(res, 0, PID));
	else
		err_set(e, EXIT_TARGET,
			"the lock on \"%s\" is held by process %s of postgres_fdw%s%s, by which "
			"the sender may read the table: it would be waited for forever",
			name, PQgetvalue(res, 0, PID), *state != '\0' ? ", " : "", state);
	if (is_keeper(plan, res))
		return err_hint(e, "Let the snapshot go before \"portl publish\", or load into "
				   "another table than is read.");
	return err_hint(e, "Write the stream to a file (portl-extract -o FILE) and load that.");
}

static void
warn(const struct plan *plan, const PGresult *res)
{
	if (PQgetisnull(res, 0, PID) != 0)
		log_warning("waiting for the lock on \"%s\", which a prepared transaction "
			    "(pg_prepared_xacts) holds",
			    plan->target.name);
	else
		log_warning("waiting for the lock on \"%s\", which process %s (%s) holds",
			    plan->target.name, PQgetvalue(res, 0, PID),
			    PQgetvalue(res, 0, NAME));
}

int
waits_look(struct db *db, const struct plan *plan, enum waits_mode mode, int before,
	   int seconds, struct err *e)
{
	char *number = xasprintf("%u", plan->rel->oid), *least = xasprintf("%d", (int)mode);
	const char *params[] = {number, plan->header != NULL ? plan->header->backend : NULL,
				least};
	PGresult *res = db_query(db, e, holders_sql, 3, params);
	int rc = res != NULL ? 0 : -1;

	free(number);
	free(least);
	if (res != NULL && PQntuples(res) > 0) {
		if (db_is_true(res, 0, SENDER) ||
		    (seconds >= FDW_AFTER && (is_fdw(res) || is_keeper(plan, res))))
			rc = refuse(plan, res, e);
		else if (before < WARN_AFTER && seconds >= WARN_AFTER)
			warn(plan, res);
	}
	PQclear(res);
	return rc;
}

static bool
is_insert(const char *sql)
{
	return strncmp(sql, "INSERT", strlen("INSERT")) == 0;
}

static enum waits_mode
mode_of(const char *sql)
{
	if (is_insert(sql))
		return WAITS_INSERT;
	return strstr(sql, " IN SHARE ROW EXCLUSIVE MODE") != NULL ? WAITS_WRITE : WAITS_ALONE;
}

/* An INSERT is only parsed, which locks its table as running it would. */
static int
attempt(struct db *db, const char *sql, struct err *e)
{
	PGresult *res;

	if (!is_insert(sql))
		return db_exec_one(db, e, sql);
	res = db_describe(db, e, sql);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

/* When it has failed, nothing can be asked. */
static int
attempt_once(struct db *db, const struct plan *plan, const char *sql, struct err *e)
{
	if (attempt(db, sql, e) == 0)
		return 0;
	if (strcmp(e->sqlstate, "55P03") == 0)
		err_hint(e,
			 "Another session, or a transaction of pg_prepared_xacts, holds a "
			 "lock on \"%s\".",
			 plan->target.name);
	return -1;
}

int
waits_limited(struct db *db, bool *limited, struct err *e)
{
	char *set = db_query_text(db, e, "SELECT pg_catalog.current_setting('lock_timeout')", 0,
				  NULL);

	*limited = set != NULL && strcmp(set, "0") != 0;
	free(set);
	return set != NULL ? 0 : -1;
}

int
waits_glance(struct db *db, struct err *e)
{
	bool limited;

	if (waits_limited(db, &limited, e) != 0)
		return -1;
	if (limited)
		return 1;
	return db_exec(db, e, "SAVEPOINT portl_wait; SET LOCAL lock_timeout = 200");
}

int
waits_glanced(struct db *db, int taken, struct err *e)
{
	/* Held by somebody; INSERT on some columns only; gone, or another kind by now. */
	static const char *const by_itself[] = {"55P03", "42501", "42P01", "42809"};
	size_t i;

	if (taken == 0)
		return db_exec(db, e, DONE);
	for (i = 0; i < sizeof(by_itself) / sizeof(by_itself[0]); i++)
		if (strcmp(e->sqlstate, by_itself[i]) == 0)
			break;
	if (i == sizeof(by_itself) / sizeof(by_itself[0]))
		return -1;
	err_release(e);
	return db_exec(db, e, BACK) == 0 ? 1 : -1;
}

int
waits_try(struct db *db, const char *sql, int ms, struct err *e)
{
	if (db_exec(db, e, "SAVEPOINT portl_wait; SET LOCAL lock_timeout = %d", ms) != 0)
		return -1;
	if (attempt(db, sql, e) == 0)
		return db_exec(db, e, DONE);
	if (strcmp(e->sqlstate, "55P03") != 0)
		return -1;
	err_release(e);
	return db_exec(db, e, BACK) == 0 ? 1 : -1;
}

int
waits_long(struct db *db, int *ms, struct err *e)
{
	char *set = db_query_text(db, e,
				  "SELECT setting FROM pg_catalog.pg_settings"
				  " WHERE name OPERATOR(pg_catalog.=) 'deadlock_timeout'",
				  0, NULL);
	long timeout = set != NULL ? strtol(set, NULL, 10) : 0;

	*ms = timeout < INT_MAX - LONGER ? (int)timeout + LONGER : INT_MAX;
	*ms = *ms > FIRST ? *ms : FIRST;
	free(set);
	return set != NULL ? 0 : -1;
}

int
waits_run(struct db *db, const struct plan *plan, const char *sql, struct err *e)
{
	enum waits_mode mode = mode_of(sql);
	int64_t since = db_clock();
	int ms = FIRST, most = 0, before, seconds = 0, rc;
	bool timeout;

	if (waits_limited(db, &timeout, e) != 0)
		return -1;
	if (timeout && mode == WAITS_ALONE && waits_look(db, plan, mode, 0, 0, e) != 0)
		return -1; /* a reader's lock is in the way, and afterwards nothing can be asked
			    */
	if (timeout)
		return attempt_once(db, plan, sql, e);
	for (rc = waits_try(db, sql, ms, e); rc > 0; rc = waits_try(db, sql, ms, e)) {
		before = seconds;
		seconds = (int)((db_clock() - since) / 1000);
		if (waits_look(db, plan, mode, before, seconds, e) != 0 ||
		    (most == 0 && waits_long(db, &most, e) != 0))
			return -1;
		ms = seconds < FDW_AFTER && most > MOST ? MOST : most;
	}
	return rc;
}
