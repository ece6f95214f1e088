/*
 * Transactions and their settings.
 */
#include "common/pg/session.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/pg/db.h"

static const char *const begin_sql[] = {
	[SESSION_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	[SESSION_READ_SEEN] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	[SESSION_PLAN] = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
	[SESSION_COMPARE] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
	[SESSION_WRITE] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
};

/*
 * DateStyle ISO leaves the role's order of day and month, which input may need.  A
 * table is read from its beginning, as by pg_dump: its rows mostly are in key order,
 * which portl-load makes use of.
 */
static const char settings_sql[] = "; SET LOCAL client_encoding = 'UTF8'"
				   "; SET LOCAL DateStyle = 'ISO'"
				   "; SET LOCAL extra_float_digits = 3"
				   "; SET LOCAL bytea_output = 'hex'"
				   "; SET LOCAL quote_all_identifiers = off"
				   "; SET LOCAL synchronize_seqscans = off"
				   "; SET LOCAL statement_timeout = 0"
				   "; SET LOCAL idle_in_transaction_session_timeout = 0";

/* What decides, at input too, what a value's text means. */
static const struct {
	const char *name, *value;
} text_settings[] = {
	{"IntervalStyle", "'postgres'"},
	{"lc_monetary", "'C'"},
	{"xmloption", "'content'"},
	{"array_nulls", "on"},
};

static void
add_text_settings(struct buf *sql, bool ours)
{
	size_t i;

	for (i = 0; i < sizeof(text_settings) / sizeof(text_settings[0]); i++)
		buf_addf(sql, "; SET LOCAL %s TO %s", text_settings[i].name,
			 ours ? text_settings[i].value : "DEFAULT");
}

/* Only on Linux may it be anything but 0 in all versions. */
#define WATCH_SQL \
	"CASE WHEN pg_catalog.version() OPERATOR(pg_catalog.~) 'linux' THEN pg_catalog.set_config(" \
	"'client_connection_check_interval', '2s', true) END"
#define WATCH_MIN 140000 /* the first version that has it */

int
session_begin(struct db *db, enum session_kind kind, int64_t lock_timeout, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc;

	if (intr_pending() != 0) /* it may have cut the ROLLBACK before this short */
		return err_signal(e, intr_pending());
	buf_adds(&sql, begin_sql[kind]);
	buf_adds(&sql, settings_sql);
	add_text_settings(&sql, true);
	if (PQserverVersion(db->conn) >= 170000)
		buf_adds(&sql, "; SET LOCAL transaction_timeout = 0");
	if (lock_timeout >= 0)
		buf_addf(&sql, "; SET LOCAL lock_timeout = %lld", (long long)lock_timeout);
	if (kind == SESSION_READ || kind == SESSION_READ_SEEN || kind == SESSION_COMPARE)
		buf_addf(&sql, "; SET LOCAL row_security = %s",
			 kind == SESSION_READ_SEEN ? "on" : "off");
	if (kind == SESSION_PLAN || kind == SESSION_WRITE)
		buf_adds(&sql, "; SET LOCAL jit = off"); /* dearer than catalog queries are */
	if (kind == SESSION_WRITE && PQserverVersion(db->conn) >= WATCH_MIN)
		buf_adds(&sql, "; SELECT " WATCH_SQL);
	rc = db_exec(db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
}

int
session_text(struct db *db, bool ours, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc;

	add_text_settings(&sql, ours);
	rc = db_exec(db, e, "%s", buf_cstr(&sql) + strlen("; "));
	buf_release(&sql);
	return rc;
}

int
session_stay(struct db *db, char **saved, struct err *e)
{
	/*
	 * Left alone where it is off.  The statement that undoes it is made before it is
	 * done, and knows the backend: another one's setting is its own.
	 */
	static const char sql[] =
		"SELECT undo FROM (SELECT pg_catalog.format('SELECT pg_catalog.set_config("
		"''idle_session_timeout'', %L, false) WHERE pg_catalog.pg_backend_pid()"
		" OPERATOR(pg_catalog.=) %s', pg_catalog.current_setting('idle_session_timeout'),"
		" pg_catalog.pg_backend_pid()) AS undo"
		" WHERE pg_catalog.current_setting('idle_session_timeout')"
		" OPERATOR(pg_catalog.<>) '0' OFFSET 0) AS before"
		" WHERE pg_catalog.set_config('idle_session_timeout', '0', false)"
		" OPERATOR(pg_catalog.=) '0'";

	*saved = NULL;
	if (PQserverVersion(db->conn) < 140000)
		return 0;
	*saved = db_query_text(db, e, sql, 0, NULL);
	if (*saved == NULL)
		return -1;
	if ((*saved)[0] == '\0') {
		free(*saved);
		*saved = NULL;
	}
	return 0;
}

void
session_leave(struct db *db, const char *saved)
{
	struct err ignored = ERR_INIT;

	if (saved != NULL && !db_is_lost(db) && PQtransactionStatus(db->conn) == PQTRANS_IDLE &&
	    db_exec(db, &ignored, "%s", saved) != 0) {
		/* the end of the session forgets it just as well */
	}
	err_release(&ignored);
}

void
session_rollback(struct db *db)
{
	struct err ignored = ERR_INIT;
	int watched = db->watch_fd;

	/* A reader that is gone is noticed by the next statement, which can say so. */
	db->watch_fd = -1;
	if (!db_is_lost(db) && PQtransactionStatus(db->conn) != PQTRANS_IDLE &&
	    db_exec(db, &ignored, "ROLLBACK") != 0) {
		/* closing the connection rolls back just as well */
	}
	db->watch_fd = watched;
	err_release(&ignored);
}

int
session_end(struct db *db, int rc, struct err *e)
{
	if (rc == 0)
		rc = db_exec(db, e, "COMMIT");
	if (rc != 0)
		session_rollback(db);
	return rc;
}

int
session_watch_client(struct db *db, char **backend, struct err *e)
{
	static const char sql[] = "SELECT pg_catalog.pg_backend_pid()::pg_catalog.text"
				  " OPERATOR(pg_catalog.||) " SESSION_SERVER_SQL;
	bool can_watch = PQserverVersion(db->conn) >= WATCH_MIN;
	char *all = xasprintf("%s%s", sql, can_watch ? ", " WATCH_SQL : "");

	*backend = db_query_text(db, e, all, 0, NULL);
	free(all);
	return *backend != NULL ? 0 : -1;
}

int
session_narrow_path(struct db *db, char **saved, struct err *e)
{
	/* OFFSET keeps the setting read before it is changed. */
	static const char sql[] =
		"SELECT path, pg_catalog.set_config('search_path', 'pg_catalog', true) FROM"
		" (SELECT pg_catalog.current_setting('search_path') AS path OFFSET 0) AS before";

	*saved = db_query_text(db, e, sql, 0, NULL);
	return *saved != NULL ? 0 : -1;
}

int
session_set_path(struct db *db, const char *path, struct err *e)
{
	const char *params[] = {path};
	char *done = db_query_text(
		db, e, "SELECT pg_catalog.set_config('search_path', $1, true)", 1, params);

	free(done);
	return done != NULL ? 0 : -1;
}
