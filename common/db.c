/*
 * Queries and their waits.  libpq's blocking calls swallow EINTR, so the
 * asynchronous ones are used with our own poll(): that is what lets a signal
 * cancel a query that the server computes for hours.
 */
#include "common/db.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/dberr.h"
#include "common/err.h"
#include "common/intr.h"
#include "common/log.h"
#include "common/xalloc.h"

#define CANCEL_ERROR_SIZE 256 /* bytes, as the manual recommends */

/* How long to let the server get ahead; see rest(). */
#define REST_MIN 50                    /* us */
#define REST_MAX 800                   /* us */
#define REST_GOAL ((size_t)128 * 1024) /* bytes; a unix socket holds some 180 kB */

/*
 * Bytes given to libpq at once: while the server does not take them, libpq moves
 * what is left to the front of its buffer at every attempt.
 */
#define COPY_SLICE ((size_t)256 * 1024)

bool
db_is_lost(const struct db *db)
{
	return db->conn == NULL || PQstatus(db->conn) == CONNECTION_BAD;
}

void
db_cancel(struct db *db)
{
	char text[CANCEL_ERROR_SIZE];
	PGcancel *cancel = PQgetCancel(db->conn);

	if (cancel == NULL)
		return;
	if (!PQcancel(cancel, text, sizeof(text)))
		log_info("could not cancel the running query: %s", text);
	PQfreeCancel(cancel);
}

void
db_close(struct db *db)
{
	if (db->conn != NULL) {
		PGTransactionStatusType status = PQtransactionStatus(db->conn);

		/*
		 * A backend that computes does not see that its client is gone; one
		 * that takes rows may stand in a trigger or wait for a lock.
		 */
		if (!db_is_lost(db) && status == PQTRANS_ACTIVE)
			db_cancel(db);
		PQfinish(db->conn);
	}
	free(db->password);
	*db = DB_INIT;
}

/*
 * Wait for ${events} on the connection, a stop signal, or the loss of the
 * reader.  Returns 1, 0 after ${timeout} ms, -1 with ${e} filled.
 */
static int
wait_socket(struct db *db, short events, int timeout, struct err *e)
{
	struct pollfd fds[2] = {{.fd = PQsocket(db->conn), .events = events},
				{.fd = db->watch_fd, .events = 0}};
	int rc;

	for (;;) {
		if (intr_pending() != 0)
			return err_signal(e, intr_pending());
		rc = poll(fds, 2, timeout);
		if (rc == 0)
			return 0;
		if (rc < 0 && errno != EINTR)
			return err_errno(e, "could not wait for the server");
		if (rc < 0)
			continue;
		if (fds[1].revents != 0) {
			err_set(e, EXIT_BY_SIGNAL, "the reader of the output is gone");
			e->signal = SIGPIPE;
			return -1;
		}
		return 1;
	}
}

/*
 * Send what libpq holds back, reading meanwhile as libpq demands.  A connection
 * that is lost is no failure here: the server's last words may have come, and
 * PQgetResult() makes an error of them or of the loss.
 */
static int
flush_out(struct db *db, struct err *e)
{
	int rc;

	while ((rc = PQflush(db->conn)) > 0) {
		if (wait_socket(db, POLLIN | POLLOUT, -1, e) < 0)
			return -1;
		if (PQconsumeInput(db->conn) == 0)
			return 0;
	}
	return rc < 0 && !db_is_lost(db) ? dberr_connection(db->conn, e) : 0;
}

static PGresult *
next_result(struct db *db, struct err *e)
{
	while (!db_is_lost(db) && PQisBusy(db->conn)) {
		if (wait_socket(db, POLLIN, -1, e) < 0)
			return NULL;
		if (PQconsumeInput(db->conn) == 0)
			break;
	}
	return PQgetResult(db->conn);
}

/*
 * The last result of what was sent, or the first that is an error or a COPY.
 * NULL with ${e} filled if waiting failed.
 */
static PGresult *
collect(struct db *db, struct err *e)
{
	PGresult *last = NULL, *res;

	if (flush_out(db, e) != 0)
		return NULL;
	while ((res = next_result(db, e)) != NULL) {
		ExecStatusType status = PQresultStatus(res);

		if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR) {
			PQclear(res);
			continue;
		}
		PQclear(last);
		last = res;
		db->rows_written += strtoull(PQcmdTuples(res), NULL, 10);
		if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN)
			break;
	}
	if (e->code != EXIT_DONE) {
		PQclear(last);
		return NULL;
	}
	if (last == NULL)
		dberr_connection(db->conn, e);
	return last;
}

/* As collect(), with anything but ${want} (or ${or_else}) turned into an error. */
static PGresult *
expect(struct db *db, struct err *e, ExecStatusType want, ExecStatusType or_else)
{
	PGresult *res = collect(db, e);

	if (res == NULL || PQresultStatus(res) == want || PQresultStatus(res) == or_else)
		return res;
	dberr_result(db->conn, res, e);
	PQclear(res);
	return NULL;
}

int
db_exec(struct db *db, struct err *e, const char *fmt, ...)
{
	va_list ap;
	char *sql;
	PGresult *res = NULL;

	va_start(ap, fmt);
	sql = xvasprintf(fmt, ap);
	va_end(ap);
	log_info("SQL: %s", sql);
	if (PQsendQuery(db->conn, sql) == 0)
		dberr_connection(db->conn, e);
	else
		res = expect(db, e, PGRES_COMMAND_OK, PGRES_TUPLES_OK);
	free(sql);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

int
db_exec_rows(struct db *db, struct err *e, const char *sql, uint64_t *rows)
{
	uint64_t before = db->rows_written;

	if (db_exec(db, e, "%s", sql) != 0)
		return -1;
	*rows += db->rows_written - before;
	return 0;
}

static int
send_params(struct db *db, struct err *e, const char *sql, int nparams,
	    const char *const *params)
{
	if (PQsendQueryParams(db->conn, sql, nparams, NULL, params, NULL, NULL, 0) == 0)
		return dberr_connection(db->conn, e);
	return 0;
}

PGresult *
db_query(struct db *db, struct err *e, const char *sql, int nparams, const char *const *params)
{
	if (send_params(db, e, sql, nparams, params) != 0)
		return NULL;
	return expect(db, e, PGRES_TUPLES_OK, PGRES_COMMAND_OK);
}

PGresult *
db_describe(struct db *db, struct err *e, const char *sql)
{
	PGresult *res;

	if (PQsendPrepare(db->conn, "", sql, 0, NULL) == 0) {
		dberr_connection(db->conn, e);
		return NULL;
	}
	res = expect(db, e, PGRES_COMMAND_OK, PGRES_COMMAND_OK);
	if (res == NULL)
		return NULL;
	PQclear(res);
	if (PQsendDescribePrepared(db->conn, "") == 0) {
		dberr_connection(db->conn, e);
		return NULL;
	}
	return expect(db, e, PGRES_COMMAND_OK, PGRES_COMMAND_OK);
}

int
db_copy_out(struct db *db, struct err *e, const char *sql)
{
	PGresult *res;

	log_info("SQL: %s", sql);
	if (send_params(db, e, sql, 0, NULL) != 0)
		return -1;
	res = expect(db, e, PGRES_COPY_OUT, PGRES_COPY_OUT);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

static enum db_row
copy_out_end(struct db *db, size_t *len, struct err *e)
{
	PGresult *res = expect(db, e, PGRES_COMMAND_OK, PGRES_COMMAND_OK);

	if (res == NULL)
		return DB_ROW_FAILED;
	*len = (size_t)strtoull(PQcmdTuples(res), NULL, 10);
	PQclear(res);
	return DB_ROWS_END;
}

/*
 * Let the server get ahead.  It sends 8 kB at a time, and being woken for each
 * of them costs more than all the rest of the work; but a rest in which it
 * fills the socket's buffer would hold it up.
 */
static void
rest(struct db *db)
{
	struct timespec t = {.tv_sec = 0};

	if (db->since_rest < REST_GOAL / 2 && db->rest < REST_MAX)
		db->rest = db->rest > 0 ? db->rest * 2 : REST_MIN;
	else if (db->since_rest > REST_GOAL && db->rest > REST_MIN)
		db->rest /= 2;
	db->since_rest = 0;
	t.tv_nsec = db->rest * 1000;
	nanosleep(&t, NULL);
}

int64_t
db_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Returns 1 if more may have come, 0 at the deadline, -1 with ${e} filled. */
static int
wait_for_rows(struct db *db, int tries, int64_t deadline, struct err *e)
{
	int64_t left = -1;

	if (intr_pending() != 0)
		return err_signal(e, intr_pending());
	if (tries == 1)
		rest(db);
	if (tries <= 1)
		return 1;
	if (deadline >= 0)
		left = deadline > db_clock() ? deadline - db_clock() : 0;
	return wait_socket(db, POLLIN, (int)left, e);
}

/*
 * PQgetlineAsync() stands among libpq's obsolete functions, but it copies to
 * where the bytes are wanted, while PQgetCopyData() allocates memory for each
 * row.  What the manual finds wanting in it, expect() makes good.
 */
enum db_row
db_copy_out_get(struct db *db, char *dst, size_t room, size_t *len, int64_t deadline,
		struct err *e)
{
	int n, tries = 0;
	bool lost = false;

	while ((n = PQgetlineAsync(db->conn, dst, (int)room)) == 0) {
		int rc = lost ? dberr_connection(db->conn, e)
			      : wait_for_rows(db, tries++, deadline, e);

		if (rc <= 0)
			return rc < 0 ? DB_ROW_FAILED : DB_NO_ROW_YET;
		lost = PQconsumeInput(db->conn) == 0; /* though rows may have come before */
	}
	if (n < 0)
		return copy_out_end(db, len, e);
	*len = (size_t)n;
	db->since_rest += *len;
	return DB_ROW;
}

int
db_copy_in(struct db *db, struct err *e, const char *sql)
{
	PGresult *res;

	log_info("SQL: %s", sql);
	if (PQsendQuery(db->conn, sql) == 0)
		return dberr_connection(db->conn, e);
	res = expect(db, e, PGRES_COPY_IN, PGRES_COPY_IN);
	PQclear(res);
	db->in_copy = res != NULL;
	return res != NULL ? 0 : -1;
}

/* The server has ended the COPY by itself: find out why. */
static int
copy_in_refused(struct db *db, struct err *e)
{
	PGresult *res;

	db->in_copy = false;
	if (PQputCopyEnd(db->conn, "stopped by portl-load") < 0)
		return dberr_connection(db->conn, e);
	res = expect(db, e, PGRES_FATAL_ERROR, PGRES_FATAL_ERROR);
	if (res != NULL)
		dberr_result(db->conn, res, e);
	PQclear(res);
	return -1;
}

int
db_on_readable(void *arg, struct err *e)
{
	struct db *db = arg;
	uint64_t before = db->notices;
	struct pollfd fd = {.fd = PQsocket(db->conn), .events = POLLIN};

	for (;;) {
		if (PQconsumeInput(db->conn) == 0)
			return db->in_copy ? copy_in_refused(db, e)
					   : dberr_connection(db->conn, e);
		/* libpq hands notices to our processor here and leaves errors unread */
		(void)PQisBusy(db->conn);
		if (db->notices != before || !db->in_copy)
			return 0;
		/* A message may come in pieces; one that stays unread is an error. */
		if (poll(&fd, 1, 500) == 0)
			return copy_in_refused(db, e);
	}
}

/* At most COPY_SLICE bytes. */
static int
put_slice(struct db *db, const char *data, size_t len, struct err *e)
{
	struct pollfd fd = {.fd = PQsocket(db->conn)};
	int rc;

	if (PQputCopyData(db->conn, data, (int)len) < 0)
		return copy_in_refused(db, e);
	while ((rc = PQflush(db->conn)) != 0) {
		if (rc < 0)
			return copy_in_refused(db, e);
		if (wait_socket(db, POLLIN | POLLOUT, -1, e) < 0)
			return -1;
		fd.events = POLLIN;
		fd.revents = 0;
		if (poll(&fd, 1, 0) > 0 && db_on_readable(db, e) != 0)
			return -1;
	}
	return 0;
}

int
db_copy_in_put(struct db *db, const char *data, size_t len, struct err *e)
{
	while (len > 0) {
		size_t n = len < COPY_SLICE ? len : COPY_SLICE;

		if (put_slice(db, data, n, e) != 0)
			return -1;
		data += n;
		len -= n;
	}
	return 0;
}

int
db_copy_in_end(struct db *db, uint64_t *rows, struct err *e)
{
	PGresult *res;

	db->in_copy = false;
	if (PQputCopyEnd(db->conn, NULL) < 0)
		return dberr_connection(db->conn, e);
	res = expect(db, e, PGRES_COMMAND_OK, PGRES_COMMAND_OK);
	if (res == NULL)
		return -1;
	*rows = strtoull(PQcmdTuples(res), NULL, 10);
	PQclear(res);
	return 0;
}

void
db_add_ident(struct db *db, struct buf *sql, const char *name)
{
	char *quoted = PQescapeIdentifier(db->conn, name, strlen(name));

	/* Only a name that is not valid UTF-8 fails; the server will say so. */
	buf_adds(sql, quoted != NULL ? quoted : "\"\"");
	PQfreemem(quoted);
}

void
db_add_literal(struct db *db, struct buf *sql, const char *text)
{
	char *quoted = PQescapeLiteral(db->conn, text, strlen(text));

	buf_adds(sql, quoted != NULL ? quoted : "NULL");
	PQfreemem(quoted);
}

void
db_add_relation(struct db *db, struct buf *sql, const char *schema, const char *name)
{
	if (schema != NULL) {
		db_add_ident(db, sql, schema);
		buf_addc(sql, '.');
	}
	db_add_ident(db, sql, name);
}
