/*
 * Queries and their waits.  libpq's blocking calls swallow EINTR, so the
 * asynchronous ones are used with our own poll(): that is what lets a signal
 * cancel a query that the server computes for hours.
 */
#include "common/pg/db.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/pg/db_parts.h"
#include "common/pg/dberr.h"
#include "common/talk/log.h"

#define CANCEL_ERROR_SIZE 256 /* bytes, as the manual recommends */
#define CANCEL_PATIENCE 3000  /* ms that it may take to be asked to stop a query */
#define SETTLE_PATIENCE 1000  /* ms that the server may take to end what we leave */

bool
db_is_lost(const struct db *db)
{
	return db->conn == NULL || PQstatus(db->conn) == CONNECTION_BAD;
}

/*
 * PQcancel() waits for the network as long as that takes, whatever signals come; it may be
 * called where little else may, such as in a process that has just been forked.
 */
_Noreturn static void
cancel_and_exit(PGcancel *request, int fd)
{
	char text[CANCEL_ERROR_SIZE];

	close(STDIN_FILENO); /* whose other ends wait for us alone */
	close(STDOUT_FILENO);
	if (!PQcancel(request, text, sizeof(text)) && write(fd, text, strlen(text)) < 0)
		_exit(1);
	_exit(0);
}

/* What it says is in ${text}; nothing if the server has been told. */
static void
await_cancel(int fd, char *text, size_t size)
{
	struct pollfd end = {.fd = fd, .events = POLLIN};
	int64_t deadline = db_clock() + CANCEL_PATIENCE, left = CANCEL_PATIENCE;
	ssize_t n = 0;
	int rc;

	while ((rc = poll(&end, 1, (int)left)) < 0 && errno == EINTR) {
		left = deadline - db_clock();
		left = left > 0 ? left : 0;
	}
	if (rc > 0)
		n = read(fd, text, size - 1);
	else
		n = snprintf(text, size, "no answer within %d s", CANCEL_PATIENCE / 1000);
	text[n > 0 ? n : 0] = '\0';
}

/* By a process that is given up if need be; false: there is none to be had. */
static bool
cancel_aside(PGcancel *request, char *text, size_t size)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	pid = fork();
	if (pid == 0)
		cancel_and_exit(request, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		await_cancel(ends[0], text, size);
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	close(ends[0]);
	return pid > 0;
}

/* Ask the server to stop the running query; waits until it has been told, but not forever. */
static void
cancel(struct db *db)
{
	char text[CANCEL_ERROR_SIZE] = "";
	PGcancel *request = PQgetCancel(db->conn);

	if (request == NULL)
		return;
	if (!cancel_aside(request, text, sizeof(text)))
		(void)PQcancel(request, text, sizeof(text));
	if (*text != '\0')
		log_info("could not cancel the running query: %s", text);
	PQfreeCancel(request);
}

/* Throw away what comes, up to the end of all results; false: it does not end in time. */
static bool
drain(struct db *db, int64_t deadline)
{
	struct pollfd fd = {.fd = PQsocket(db->conn), .events = POLLIN};
	ExecStatusType status;
	PGresult *res;
	char *row;
	int n;

	for (;;) {
		while ((n = PQgetCopyData(db->conn, &row, 1)) > 0)
			PQfreemem(row);
		if (n != 0 && PQisBusy(db->conn) == 0) {
			res = PQgetResult(db->conn);
			if (res == NULL)
				return !db_is_lost(db);
			status = PQresultStatus(res);
			PQclear(res);
			/* it would wait for us, and say so without end */
			if (status == PGRES_COPY_IN)
				return false;
			continue;
		}
		if (db_clock() >= deadline || poll(&fd, 1, (int)(deadline - db_clock())) <= 0 ||
		    PQconsumeInput(db->conn) == 0)
			return false;
	}
}

/*
 * Leave the server's process idle: a pooler throws away one that a client has left in
 * the middle of something.
 */
static void
settle(struct db *db)
{
	int64_t deadline = db_clock() + SETTLE_PATIENCE;

	if (db->in_copy || !drain(db, deadline) ||
	    PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return;
	if (PQsendQuery(db->conn, "ROLLBACK") != 0 && PQflush(db->conn) == 0)
		(void)drain(db, deadline);
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
			cancel(db);
		if (!db_is_lost(db) && status != PQTRANS_IDLE)
			settle(db);
		PQfinish(db->conn);
	}
	free(db->password);
	*db = DB_INIT;
}

/* OpenSSL's own state, or NULL. */
struct ssl_st *
db_tls(const struct db *db)
{
	return PQsslInUse(db->conn) != 0 ? PQsslStruct(db->conn, "OpenSSL") : NULL;
}

int
db_wait(struct db *db, short events, int timeout, struct err *e)
{
	struct pollfd fds[2] = {{.fd = PQsocket(db->conn), .events = events},
				{.fd = db->watch_fd, .events = 0}};
	SSL *ssl = db_tls(db);
	int rc;

	if ((events & POLLIN) != 0 && ssl != NULL && SSL_pending(ssl) > 0)
		return 1; /* decrypted, so that the socket has it no more */

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
		return fds[1].revents != 0 ? err_reader_gone(e, "the output") : 1;
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
		if (db_wait(db, POLLIN | POLLOUT, -1, e) < 0)
			return -1;
		if (PQconsumeInput(db->conn) == 0)
			return 0;
	}
	return rc < 0 && !db_is_lost(db) ? dberr_connection(db->conn, e) : 0;
}

/*
 * Where libpq has no memory for the result that begins a COPY, it takes the message
 * for one that has not come whole, and would wait for the rest forever.
 */
static bool
is_busy(struct db *db)
{
	bool busy;

	errno = 0;
	busy = PQisBusy(db->conn) != 0;
	if (busy && errno == ENOMEM)
		xalloc_failed();
	return busy;
}

static PGresult *
next_result(struct db *db, struct err *e)
{
	while (!db_is_lost(db) && is_busy(db)) {
		if (db_wait(db, POLLIN, -1, e) < 0)
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

PGresult *
db_expect(struct db *db, struct err *e, ExecStatusType want, ExecStatusType or_else)
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
	log_sql(sql);
	if (PQsendQuery(db->conn, sql) == 0)
		dberr_connection(db->conn, e);
	else
		res = db_expect(db, e, PGRES_COMMAND_OK, PGRES_TUPLES_OK);
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

int
db_exec_each(struct db *db, struct err *e, const char *sql, PGresult **results, int max)
{
	PGresult *res;
	int n = 0;

	log_sql(sql);
	if (PQsendQuery(db->conn, sql) == 0) {
		dberr_connection(db->conn, e);
		return 0;
	}
	if (flush_out(db, e) != 0)
		return 0;
	while ((res = next_result(db, e)) != NULL) {
		ExecStatusType status = PQresultStatus(res);

		if (n < max && (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)) {
			results[n++] = res;
			continue;
		}
		dberr_result(db->conn, res, e);
		PQclear(res);
	}
	return n;
}

int
db_send(struct db *db, struct err *e, const char *sql, int nparams, const char *const *params)
{
	if (PQsendQueryParams(db->conn, sql, nparams, NULL, params, NULL, NULL, 0) == 0)
		return dberr_connection(db->conn, e);
	return 0;
}

int
db_exec_one(struct db *db, struct err *e, const char *sql)
{
	PGresult *res;

	log_sql(sql);
	if (db_send(db, e, sql, 0, NULL) != 0)
		return -1;
	res = db_expect(db, e, PGRES_TUPLES_OK, PGRES_COMMAND_OK);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

PGresult *
db_query(struct db *db, struct err *e, const char *sql, int nparams, const char *const *params)
{
	log_query(sql);
	if (db_send(db, e, sql, nparams, params) != 0)
		return NULL;
	return db_expect(db, e, PGRES_TUPLES_OK, PGRES_COMMAND_OK);
}

PGresult *
db_query_oid(struct db *db, struct err *e, const char *sql, unsigned oid)
{
	char text[16];
	const char *params[] = {text};

	snprintf(text, sizeof(text), "%u", oid);
	return db_query(db, e, sql, 1, params);
}

char *
db_query_text(struct db *db, struct err *e, const char *sql, int nparams,
	      const char *const *params)
{
	PGresult *res = db_query(db, e, sql, nparams, params);
	char *text;

	if (res == NULL)
		return NULL;
	text = xstrdup(PQntuples(res) > 0 ? PQgetvalue(res, 0, 0) : "");
	PQclear(res);
	return text;
}

PGresult *
db_describe(struct db *db, struct err *e, const char *sql)
{
	PGresult *res;

	if (PQsendPrepare(db->conn, "", sql, 0, NULL) == 0) {
		dberr_connection(db->conn, e);
		return NULL;
	}
	res = db_expect(db, e, PGRES_COMMAND_OK, PGRES_COMMAND_OK);
	if (res == NULL) {
		dberr_place(sql, e);
		return NULL;
	}
	PQclear(res);
	if (PQsendDescribePrepared(db->conn, "") == 0) {
		dberr_connection(db->conn, e);
		return NULL;
	}
	return db_expect(db, e, PGRES_COMMAND_OK, PGRES_COMMAND_OK);
}

/* What closes our brackets leaves those parentheses open in which the text is used. */
int
db_is_expression(struct db *db, struct err *e, const char *from, const char *text)
{
	char *sql = xasprintf("SELECT FROM %s WHERE (ARRAY[\n%s\n]::pg_catalog.bool[])[1]",
			      from, text);
	PGresult *res = db_describe(db, e, sql);

	free(sql);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

int64_t
db_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
