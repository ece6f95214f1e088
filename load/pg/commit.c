/*
 * A COMMIT whose answer never came may have happened.  The transaction's id is
 * asked for before, and pg_xact_status() afterwards tells what became of it
 * (PostgreSQL manual, "Transaction ID and Snapshot Information Functions").
 */
#include "load/pg/commit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/pg/db.h"
#include "common/talk/log.h"

#define ASK_FOR 30      /* seconds; a server that crashed needs a while to recover */
#define ASK_TIMEOUT "5" /* seconds for one attempt, during which no signal is heard */
#define ASK_PAUSE 200   /* ms between attempts */

/*
 * Which server this is and on which line of its history.  After a failover
 * another server may answer, and there our number may be somebody else's.
 */
#define HISTORY_SQL \
	"(SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system())" \
	" OPERATOR(pg_catalog.||) '/' OPERATOR(pg_catalog.||) " \
	"pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8)"

/* A role may have switched off the warning that standbys have not confirmed the COMMIT. */
#define HEAR_SQL \
	"CASE WHEN pg_catalog.current_setting('client_min_messages') OPERATOR(pg_catalog.=)" \
	" ANY ('{error,fatal,panic}'::pg_catalog.text[])" \
	" THEN pg_catalog.set_config('client_min_messages', 'warning', true) END"

/* What names the open transaction. */
struct transaction {
	char *xid;     /* "" if nothing was written */
	char *history; /* "" where the role may not ask */
};

static int
identify(struct db *db, const char *sql, struct transaction *t, struct err *e)
{
	PGresult *res = db_query(db, e, sql, 0, NULL);

	if (res == NULL)
		return -1;
	t->xid = xstrdup(PQgetvalue(res, 0, 0));
	t->history = xstrdup(PQgetvalue(res, 0, 1));
	PQclear(res);
	return 0;
}

static int
name_transaction(struct db *db, struct transaction *t, struct err *e)
{
	struct err refused = ERR_INIT;
	int rc;

	if (db_exec(db, e, "SAVEPOINT portl") != 0)
		return -1;
	rc = identify(db,
		      "SELECT pg_catalog.pg_current_xact_id_if_assigned(), " HISTORY_SQL
		      ", " HEAR_SQL,
		      t, &refused);
	if (rc != 0 && refused.sqlstate[0] != '\0' && !db_is_lost(db)) {
		err_release(&refused);
		if (db_exec(db, e, "ROLLBACK TO SAVEPOINT portl") != 0)
			return -1;
		return identify(
			db, "SELECT pg_catalog.pg_current_xact_id_if_assigned(), '', " HEAR_SQL,
			t, e);
	}
	if (rc != 0)
		err_take(e, &refused);
	return rc;
}

static void
pause_ms(long ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* Ask once.  Returns 1 committed, 0 rolled back, -1 not known yet, -2 never. */
static int
ask(struct db *db, const struct db_params *params, const struct transaction *t)
{
	const char *sql =
		t->history[0] == '\0'
			? "SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8), ''"
			: "SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8), " HISTORY_SQL;
	const char *values[] = {t->xid};
	struct err ignored = ERR_INIT;
	PGresult *res = NULL;
	int answer = -1;

	if (db_connect(db, params, &ignored) == 0)
		res = db_query(db, &ignored, sql, 1, values);
	if (res != NULL && strcmp(PQgetvalue(res, 0, 1), t->history) != 0)
		answer = -2; /* another server, or the same one set back */
	else if (res != NULL && PQgetisnull(res, 0, 0))
		answer = -2;
	else if (res != NULL && strcmp(PQgetvalue(res, 0, 0), "committed") == 0)
		answer = 1;
	else if (res != NULL && strcmp(PQgetvalue(res, 0, 0), "aborted") == 0)
		answer = 0;
	else if (res == NULL && strcmp(ignored.sqlstate, "22023") == 0)
		answer = -2; /* "in the future": not the same server any more */
	PQclear(res);
	err_release(&ignored);
	return answer;
}

/* Ask until there is an answer, the time is up, or somebody wants us to stop. */
static int
ask_patiently(struct db *db, const struct db_params *params, const struct transaction *t)
{
	struct db_params again = *params;
	time_t end = time(NULL) + ASK_FOR;
	int answer;

	if (again.timeout == NULL)
		again.timeout = ASK_TIMEOUT;
	while ((answer = ask(db, &again, t)) == -1 && time(NULL) < end && intr_pending() == 0)
		pause_ms(ASK_PAUSE);
	return answer;
}

/* Whoever asks afterwards learns what is committed here, not what standbys have. */
static bool
waits_for_standbys(struct db *db)
{
	struct err ignored = ERR_INIT;
	char *waits = db_query_text(
		db, &ignored,
		"SELECT pg_catalog.current_setting('synchronous_standby_names')"
		" OPERATOR(pg_catalog.<>) '' AND pg_catalog.current_setting('synchronous_commit')"
		" OPERATOR(pg_catalog.<>) ALL (ARRAY['off', 'local'])",
		0, NULL);
	bool yes = waits == NULL || waits[0] == 't';

	free(waits);
	err_release(&ignored);
	return yes;
}

static int
not_replicated(struct err *e, enum receipt_committed *outcome)
{
	err_release(e);
	*outcome = RECEIPT_LOCALLY;
	err_set(e, EXIT_CONN,
		"the rows are committed, but might not have been replicated to the standby");
	err_detail(e, "COMMIT ended before the standby that it waits for had confirmed it.");
	return err_hint(e, "Do not run the transfer again: the rows are in the table.");
}

static int
find_out(struct db *db, const struct db_params *params, const struct transaction *t,
	 enum receipt_committed *outcome, struct err *e)
{
	const char *xid = t->xid;
	int answer;

	log_warning("%s; asking the server what became of transaction %s",
		    db_is_lost(db) ? "the connection was lost during COMMIT"
				   : "the answer to COMMIT could not be read",
		    xid);
	answer = ask_patiently(db, params, t);
	if (answer == 1) {
		log_warning("transaction %s was committed", xid);
		if (db->unreplicated || waits_for_standbys(db))
			return not_replicated(e, outcome);
		err_release(e);
		*outcome = RECEIPT_YES;
		return 0;
	}
	if (answer == 0) {
		*outcome = RECEIPT_NO;
		return err_detail(e, "Transaction %s was rolled back: nothing is loaded.", xid);
	}
	*outcome = RECEIPT_UNKNOWN;
	err_detail(e,
		   "It was lost during COMMIT, and whether transaction %s was committed is "
		   "not known.",
		   xid);
	return err_hint(e, "Look at the table before you run the transfer again.");
}

/* A server that refuses COMMIT says so with an SQLSTATE; libpq may lack memory for its answer.
 */
static bool
is_doubtful(const struct err *e)
{
	return e->code == EXIT_CONN || e->sqlstate[0] == '\0';
}

/*
 * The servers of foreign tables commit one after the other, before this one does.  A line of
 * the context ends in the statement that postgres_fdw has sent, in any language.
 */
static bool
is_anothers(const struct err *e)
{
	static const char sent[] = ": COMMIT TRANSACTION";
	const char *p = e->context;

	while (p != NULL && (p = strstr(p, sent)) != NULL) {
		p += sizeof(sent) - 1;
		if (*p == '\0' || *p == '\n')
			return true;
	}
	return false;
}

static int
half_done(struct err *e, enum receipt_committed *outcome)
{
	*outcome = RECEIPT_UNKNOWN;
	err_detail(e,
		   "The COMMIT of a foreign table's server has failed.  Nothing is loaded into "
		   "tables of this server, but rows of foreign tables may be committed.");
	return err_hint(e, "Look at the foreign tables before you run the transfer again.");
}

int
commit_send(struct db *db, const struct db_params *params, enum receipt_committed *outcome,
	    struct err *e)
{
	struct transaction t = {.xid = NULL};
	int rc;

	*outcome = RECEIPT_NO;
	rc = name_transaction(db, &t, e);
	if (rc == 0) {
		db->unreplicated = false;
		intr_block();
		rc = db_exec(db, e, "COMMIT");
		if (rc == 0 && db->unreplicated) {
			rc = not_replicated(e, outcome);
		} else if (rc == 0) {
			*outcome = RECEIPT_YES;
			xalloc_last_words("Rows are committed.");
		} else {
			intr_unblock();
		}
		/* without an id nothing has been written, and nothing is in doubt */
		if (rc != 0 && *outcome != RECEIPT_LOCALLY && is_doubtful(e) &&
		    t.xid[0] != '\0')
			rc = find_out(db, params, &t, outcome, e);
		else if (rc != 0 && is_anothers(e))
			rc = half_done(e, outcome);
	}
	if (rc == 0)
		log_record("commit", json_pack("{s:s}", "xid", t.xid), "committed");
	free(t.xid);
	free(t.history);
	return rc;
}
