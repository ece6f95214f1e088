/*
 * What the files behind db.h share.  Nobody else includes this.
 */
#ifndef COMMON_DB_PARTS_H
#define COMMON_DB_PARTS_H

#include <libpq-fe.h>

struct db;
struct err;
struct ssl_st; /* OpenSSL's SSL */

/*
 * db_wait(db, events, timeout, e):
 * Wait for ${events} on the connection, a stop signal, or the loss of the
 * reader.  Returns 1, 0 after ${timeout} ms, -1 with ${e} filled.
 */
int db_wait(struct db *db, short events, int timeout, struct err *e)
	__attribute__((warn_unused_result));

/*
 * db_send(db, e, sql, nparams, params):
 * Send one statement by the extended protocol, without waiting for its answer.
 */
int db_send(struct db *db, struct err *e, const char *sql, int nparams,
	    const char *const *params) __attribute__((warn_unused_result));

/*
 * db_expect(db, e, want, or_else):
 * Wait for the answer to what was sent: the last result, or the first that is an
 * error or a COPY.  Returns it for the caller to PQclear() if its status is one
 * of the two; else NULL with ${e} filled.
 */
PGresult *db_expect(struct db *db, struct err *e, ExecStatusType want, ExecStatusType or_else)
	__attribute__((warn_unused_result));

/*
 * db_tls(db):
 * Return OpenSSL's own state of the connection, or NULL.
 */
struct ssl_st *db_tls(const struct db *db);

#endif /* COMMON_DB_PARTS_H */
