/*
 * COPY in both directions.  Rows go to where they are wanted without a copy of
 * ours, and while rows are sent the server's answer is looked for, since it says
 * nothing of a refused row until it is asked.
 */
#include "common/pg/db.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/pg/db_parts.h"
#include "common/pg/dberr.h"
#include "common/talk/log.h"

#define PIECE_PATIENCE 500              /* ms that the next piece of a message may take */
#define STOPPED "stopped by portl-load" /* what the server says of a COPY that we end */

/* How long to let the server get ahead; see rest(). */
#define REST_MIN 50                    /* us */
#define REST_MAX 1600                  /* us */
#define REST_GOAL ((size_t)128 * 1024) /* bytes; a unix socket holds some 180 kB */

/*
 * Bytes given to libpq at once, a message's.  The server takes in a whole message
 * before it looks at the rows, so the socket has to hold some more of them, or it
 * stands still until we have been woken.  With its five bytes of head a message
 * is a multiple of the 8 kB that libpq sends by: nothing stays behind for a
 * second call.
 */
#define COPY_SLICE ((size_t)32 * 1024 - 5)

/* Bytes asked for in a unix socket; the kernel doubles this, and may give less. */
#define SOCKET_ROOM (1024 * 1024)

static bool
is_on_unix_socket(const struct db *db)
{
	int family = AF_UNSPEC;
	socklen_t len = sizeof(family);

	return getsockopt(PQsocket(db->conn), SOL_SOCKET, SO_DOMAIN, &family, &len) == 0 &&
	       family == AF_UNIX;
}

/*
 * Have libpq read all that a unix socket holds at once: what it reads into grows to
 * the largest message that it has seen.  Over a network that message would take its
 * time, and less is there to be read.  Once is enough for a connection.
 */
static int
widen_input(struct db *db, struct err *e)
{
	PGresult *res;

	if (db->widened || !is_on_unix_socket(db))
		return 0;
	db->widened = true;
	res = db_query(db, e, "SELECT pg_catalog.repeat(' ', 100000)", 0, NULL);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

int
db_copy_out(struct db *db, struct err *e, const char *sql)
{
	PGresult *res;

	if (widen_input(db, e) != 0)
		return -1;
	log_sql(sql);
	if (db_send(db, e, sql, 0, NULL) != 0)
		return -1;
	res = db_expect(db, e, PGRES_COPY_OUT, PGRES_COPY_OUT);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

static enum db_row
copy_out_end(struct db *db, size_t *len, struct err *e)
{
	PGresult *res = db_expect(db, e, PGRES_COMMAND_OK, PGRES_COMMAND_OK);

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
	return db_wait(db, POLLIN, (int)left, e);
}

/*
 * PQgetlineAsync() stands among libpq's obsolete functions, but it copies to
 * where the bytes are wanted, while PQgetCopyData() allocates memory for each
 * row.  What the manual finds wanting in it, db_expect() makes good.
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

/* Have more ready for the server than it takes at once; TCP finds its own measure. */
static void
widen_socket(struct db *db)
{
	int room = SOCKET_ROOM;

	if (is_on_unix_socket(db))
		setsockopt(PQsocket(db->conn), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

int
db_copy_in(struct db *db, struct err *e, const char *sql)
{
	PGresult *res;

	widen_socket(db);
	log_sql(sql);
	if (PQsendQuery(db->conn, sql) == 0)
		return dberr_connection(db->conn, e);
	res = db_expect(db, e, PGRES_COPY_IN, PGRES_COPY_IN);
	PQclear(res);
	db->in_copy = res != NULL;
	db->heard = false;
	return res != NULL ? 0 : -1;
}

/* It had not ended the COPY, but we have. */
static bool
is_our_doing(const PGresult *res)
{
	const char *msg = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	return msg != NULL && strstr(msg, STOPPED) != NULL;
}

/* The server has ended the COPY by itself: find out why.  Returns -1. */
static int
refused(struct db *db, struct err *e)
{
	PGresult *res;

	db->in_copy = false;
	if (PQputCopyEnd(db->conn, STOPPED) < 0)
		return dberr_connection(db->conn, e);
	res = db_expect(db, e, PGRES_FATAL_ERROR, PGRES_FATAL_ERROR);
	if (res != NULL && is_our_doing(res)) {
		err_set(e, EXIT_DATA,
			"the server has sent a message during COPY that is not an error "
			"and cannot be read before its end");
		err_hint(e, "Servers before 14 do so where a trigger changes a setting.");
	} else if (res != NULL) {
		dberr_result(db->conn, res, e);
	}
	PQclear(res);
	return -1;
}

/* The next byte, which libpq will read all the same; '\0' if there is none. */
static char
peek(struct db *db)
{
	SSL *ssl = db_tls(db);
	char byte = '\0';

	if (ssl != NULL) {
		if (SSL_peek(ssl, &byte, 1) != 1)
			ERR_clear_error();
	} else if (PQsslInUse(db->conn) == 0 && PQgssEncInUse(db->conn) == 0) {
		if (recv(PQsocket(db->conn), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
			byte = '\0';
	}
	return byte;
}

/*
 * The first that the server says during COPY begins with a message's type, and an
 * error says so at once; behind it we may stand in the middle of a message.
 */
static bool
begins_error(struct db *db)
{
	bool first = db->in_copy && !db->heard;

	db->heard = true;
	return first && peek(db) == 'E';
}

int
db_copy_on_readable(void *arg, struct err *e)
{
	struct db *db = arg;
	uint64_t before = db->notices;
	struct pollfd fd = {.fd = PQsocket(db->conn), .events = POLLIN};

	if (begins_error(db))
		return refused(db, e);
	for (;;) {
		if (PQconsumeInput(db->conn) == 0)
			return db->in_copy ? refused(db, e) : dberr_connection(db->conn, e);
		/* libpq hands notices to our processor here and leaves errors unread */
		(void)PQisBusy(db->conn);
		if (db->notices != before || !db->in_copy)
			return 0;
		/* A message may come in pieces; one that stays unread is an error. */
		if (poll(&fd, 1, PIECE_PATIENCE) == 0)
			return refused(db, e);
	}
}

int
db_copy_in_hold(struct db *db, const char *data, size_t len, struct err *e)
{
	int rc = PQputCopyData(db->conn, data, (int)len);

	if (rc == 0) /* next to nothing is waiting to be sent, so its buffer could not grow */
		xalloc_failed();
	return rc < 0 ? refused(db, e) : 0;
}

/* At most COPY_SLICE bytes. */
static int
put_slice(struct db *db, const char *data, size_t len, struct err *e)
{
	struct pollfd fd = {.fd = PQsocket(db->conn)};
	int rc;

	if (db_copy_in_hold(db, data, len, e) != 0)
		return -1;
	while ((rc = PQflush(db->conn)) != 0) {
		if (rc < 0)
			return refused(db, e);
		if (db_wait(db, POLLIN | POLLOUT, -1, e) < 0)
			return -1;
		fd.events = POLLIN;
		fd.revents = 0;
		if (poll(&fd, 1, 0) > 0 && db_copy_on_readable(db, e) != 0)
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
db_copy_in_close(struct db *db, struct err *e)
{
	db->in_copy = false;
	return PQputCopyEnd(db->conn, NULL) < 0 ? dberr_connection(db->conn, e) : 0;
}

bool
db_copy_in_answered(struct db *db)
{
	return PQisBusy(db->conn) == 0;
}

int
db_copy_in_end(struct db *db, uint64_t *rows, struct err *e)
{
	PGresult *res = db_expect(db, e, PGRES_COMMAND_OK, PGRES_COMMAND_OK);

	if (res == NULL)
		return -1;
	*rows = strtoull(PQcmdTuples(res), NULL, 10);
	PQclear(res);
	return 0;
}

int
db_copy_in_next(struct db *db, uint64_t *rows, struct err *e)
{
	uint64_t before = db->rows_written;
	PGresult *res = db_expect(db, e, PGRES_COPY_IN, PGRES_COPY_IN);

	PQclear(res);
	db->in_copy = res != NULL;
	db->heard = false;
	*rows = db->rows_written - before;
	return res != NULL ? 0 : -1;
}
