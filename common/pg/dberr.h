/*
 * libpq's errors as ours: exit code by cause, SQLSTATE, detail, hint, context.
 */
#ifndef COMMON_DBERR_H
#define COMMON_DBERR_H

#include <libpq-fe.h>

struct err;

/*
 * dberr_connection(conn, e):
 * Fill ${e} from the connection's last error: EXIT_CONN if it is lost, else
 * EXIT_DATA.  Returns -1.
 */
int dberr_connection(PGconn *conn, struct err *e);

/*
 * dberr_result(conn, res, e):
 * Fill ${e} from a result that the server refused; EXIT_CONN if it ended the
 * session with it.  Returns -1.
 */
int dberr_result(PGconn *conn, const PGresult *res, struct err *e);

/*
 * dberr_place(sql, e):
 * Where ${e} says at which character of ${sql} (UTF-8) it is, make the words there its detail,
 * unless it has one.  Returns -1.
 */
int dberr_place(const char *sql, struct err *e);

/*
 * dberr_text(text):
 * Return libpq's text without the newline behind it and on one line, for the
 * caller to free.
 */
char *dberr_text(const char *text);

#endif /* COMMON_DBERR_H */
