/*
 * A connection to PostgreSQL.  Every wait can be ended by a stop signal, by the
 * loss of the connection, and (extract) by the loss of the reader; the running
 * query is then cancelled on the server.  libpq does the protocol and the
 * authentication (PostgreSQL manual, "libpq - C Library").
 */
#ifndef COMMON_DB_H
#define COMMON_DB_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/* Where to connect; NULL means libpq's own default. */
struct db_params {
	const char *conninfo; /* database name, keyword string or URI (-d) */
	const char *host, *port, *user;
	const char *database, *service; /* of a job file */
	const char *password;           /* of a job file; one typed at the prompt wins */
	bool dollars;                   /* $$ of a job was made one in the password */
	const char *timeout;            /* of one attempt to connect, in seconds */
	int password_prompt;            /* -1 never (-w), 0 if asked for, 1 always (-W) */
};

struct db {
	PGconn *conn;
	char *password;        /* as typed at the prompt; for reconnecting */
	int watch_fd;          /* give up when this one's reader is gone; -1: none */
	uint64_t rows_written; /* by all statements, as their results say */
	uint64_t notices;      /* messages the server has sent beside results */
	bool unreplicated;     /* one says that a COMMIT gave up waiting for a standby */
	bool widened;          /* what libpq reads into has grown */
	bool in_copy;          /* COPY FROM STDIN is running */
	bool heard;            /* the server has spoken since that began */
	long rest;             /* us to wait for the server's next rows before looking */
	size_t since_rest;     /* bytes of rows since the last rest */
};

#define DB_INIT ((struct db){.watch_fd = -1})

/*
 * db_connect(db, params, e):
 * Connect.  Failure fills ${e} with EXIT_CONN (EXIT_USAGE for a connection
 * string that makes no sense); no message repeats a password.  Release with
 * db_close(), after failure too.
 */
int db_connect(struct db *db, const struct db_params *params, struct err *e)
	__attribute__((warn_unused_result));

/*
 * db_connect_where(db):
 * Return what the connection leads to, as people say it, for the caller to free.
 */
char *db_connect_where(const struct db *db) __attribute__((returns_nonnull));

/*
 * db_close(db):
 * Cancel what runs, roll back, disconnect, free.  Waits for the server, though not for
 * long.
 */
void db_close(struct db *db);

/*
 * db_exec(db, e, fmt, ...):
 * Run statements that return no rows by the simple protocol; never with text
 * from a user in them that is not an escaped identifier or literal.
 */
int db_exec(struct db *db, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));

/*
 * db_exec_rows(db, e, sql, rows):
 * The same for statements that write; ${*rows} grows by the rows that they wrote.
 */
int db_exec_rows(struct db *db, struct err *e, const char *sql, uint64_t *rows)
	__attribute__((warn_unused_result));

/*
 * db_exec_one(db, e, sql):
 * Run a statement by the extended protocol, which takes no second one behind it.
 */
int db_exec_one(struct db *db, struct err *e, const char *sql)
	__attribute__((warn_unused_result));

/*
 * db_exec_each(db, e, sql, results, max):
 * Run at most ${max} statements in one message and keep the result of each, for the
 * caller to PQclear().  Returns how many passed; ${e} is filled if that are not all.
 */
int db_exec_each(struct db *db, struct err *e, const char *sql, PGresult **results, int max)
	__attribute__((warn_unused_result));

/*
 * db_query(db, e, sql, nparams, params):
 * Run one statement by the extended protocol with text parameters.  Returns
 * the rows, for the caller to PQclear(), or NULL with ${e} filled.
 */
PGresult *db_query(struct db *db, struct err *e, const char *sql, int nparams,
		   const char *const *params) __attribute__((warn_unused_result));

/*
 * db_query_oid(db, e, sql, oid):
 * The same with an OID as the one parameter.
 */
PGresult *db_query_oid(struct db *db, struct err *e, const char *sql, unsigned oid)
	__attribute__((warn_unused_result));

/*
 * db_query_text(db, e, sql, nparams, params):
 * The same for one value: return its text for the caller to free, "" where there is
 * no row; NULL with ${e} filled.
 */
char *db_query_text(struct db *db, struct err *e, const char *sql, int nparams,
		    const char *const *params) __attribute__((warn_unused_result));

/*
 * db_is_true(res, row, column):
 * Tell whether a boolean that the server has sent as text is true.
 */
static inline bool
db_is_true(const PGresult *res, int row, int column)
{
	return PQgetvalue(res, row, column)[0] == 't';
}

/*
 * db_describe(db, e, sql):
 * Parse one statement without running it and return its description (PQfname,
 * PQftype …; PQnparams), for the caller to PQclear(); NULL with ${e} filled.
 * The locks that parsing takes are kept until the transaction ends.
 */
PGresult *db_describe(struct db *db, struct err *e, const char *sql)
	__attribute__((warn_unused_result));

/*
 * db_is_expression(db, e, from, text):
 * Have the server parse ${text}, somebody's condition on rows of the FROM item ${from}, as one
 * expression, which it need not be to fit between parentheses.  Returns 0, or -1 with ${e}
 * filled.
 */
int db_is_expression(struct db *db, struct err *e, const char *from, const char *text)
	__attribute__((warn_unused_result));

/*
 * db_copy_out(db, e, sql):
 * Start COPY … TO STDOUT, by the extended protocol: one statement only.
 */
int db_copy_out(struct db *db, struct err *e, const char *sql)
	__attribute__((warn_unused_result));

/* What db_copy_out_get() found. */
enum db_row { DB_ROW, DB_NO_ROW_YET, DB_ROWS_END, DB_ROW_FAILED };

/*
 * db_clock():
 * Return the ms of a clock that only goes forward, which deadlines are given in.
 */
int64_t db_clock(void);

/*
 * db_copy_out_get(db, dst, room, len, deadline, e):
 * Store the server's next CopyData message in ${dst}, or as much of it as fits
 * into ${room} bytes, at most INT_MAX; wait for it no longer than to ${deadline}
 * (-1: any time).
 * Where ${*len} comes out as ${room}, the next call may bring the message's
 * rest.  At the end, ${*len} is the number of rows that the server says it sent
 * (0 from a server that does not say).
 */
enum db_row db_copy_out_get(struct db *db, char *dst, size_t room, size_t *len,
			    int64_t deadline, struct err *e);

/*
 * db_copy_in(db, e, sql), db_copy_in_put(db, data, len, e):
 * Start COPY … FROM STDIN and send it data.  A put fails early, with the
 * server's own error, if the server has refused a row already.
 *
 * db_copy_in_hold(db, data, len, e):
 * The same with a few bytes, which may wait for those behind them to be sent.
 */
int db_copy_in(struct db *db, struct err *e, const char *sql)
	__attribute__((warn_unused_result));
int db_copy_in_put(struct db *db, const char *data, size_t len, struct err *e)
	__attribute__((warn_unused_result));
int db_copy_in_hold(struct db *db, const char *data, size_t len, struct err *e)
	__attribute__((warn_unused_result));

/*
 * db_copy_in_close(db, e), db_copy_in_answered(db):
 * End the data.  Tell, without waiting, whether the server's verdict has been read.
 *
 * db_copy_in_end(db, rows, e):
 * Behind db_copy_in_close(): wait for the verdict; ${*rows} is the server's row count.
 *
 * db_copy_in_next(db, rows, e):
 * The same where the SQL has another COPY … FROM STDIN behind that one: data is for it then.
 */
int db_copy_in_close(struct db *db, struct err *e) __attribute__((warn_unused_result));
bool db_copy_in_answered(struct db *db);
int db_copy_in_end(struct db *db, uint64_t *rows, struct err *e)
	__attribute__((warn_unused_result));
int db_copy_in_next(struct db *db, uint64_t *rows, struct err *e)
	__attribute__((warn_unused_result));

/*
 * db_copy_on_readable(arg, e):
 * ${arg} is a struct db, as input_watch() hands it back.  Look at bytes that came without being
 * asked for: 0 if they were notices, else -1 with ${e} filled, for the connection is lost or a
 * COPY has failed.
 */
int db_copy_on_readable(void *arg, struct err *e);

/*
 * db_is_lost(db):
 * Tell whether the connection is gone.
 */
bool db_is_lost(const struct db *db);

#endif /* COMMON_DB_H */
