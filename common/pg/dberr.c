/*
 * Turning libpq's errors into struct err.
 */
#include "common/pg/dberr.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"

#define WORDS 40 /* characters of a statement, before and behind */

/* libpq indents what explains a message, and breaks it in mid-sentence. */
char *
dberr_text(const char *text)
{
	struct buf line = BUF_INIT;

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		const char *next = text + len + strspn(text + len, "\n\t ");

		buf_add(&line, text, len);
		if (*next != '\0')
			buf_adds(&line, next[-1] == '\t' && islower((unsigned char)*next)
						? " "
						: "; ");
		text = next;
	}
	return buf_detach(&line);
}

int
dberr_connection(PGconn *conn, struct err *e)
{
	char *text = dberr_text(PQerrorMessage(conn));
	int lost = PQstatus(conn) == CONNECTION_BAD;

	if (lost)
		err_set(e, EXIT_CONN, "the connection to the server was lost: %s",
			text[0] != '\0' ? text : "no reason known");
	else
		err_set(e, EXIT_DATA, "%s",
			text[0] != '\0' ? text : "no answer from the server");
	free(text);
	return -1;
}

/*
 * Class 57P: the server ends sessions (shutdown, crash, terminated by an administrator).
 * Class 08 says nothing of this connection: a binary value that is cut short has it
 * (08P01), and a foreign server that cannot be reached.
 */
static int
ends_session(PGconn *conn, const char *sqlstate)
{
	return PQstatus(conn) == CONNECTION_BAD || strncmp(sqlstate, "57P", 3) == 0;
}

/* Neither the name of a function of the server nor an internal message is ever translated. */
static bool
comes_from(const PGresult *res, const char *function)
{
	const char *name = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);

	return name != NULL && strcmp(name, function) == 0;
}

/* What to do, where the server does not say it. */
static const char *
advice(const PGresult *res, const char *sqlstate, const char *msg)
{
	/* it keeps every value and every row of COPY data below 1 GB */
	if (comes_from(res, "enlargeStringInfo") ||
	    strncmp(msg, "invalid memory alloc request size", 33) == 0)
		return "PostgreSQL takes no row of 1 GB or more; in text form, as in NDJSON, "
		       "a bytea is twice as long.";
	if ((comes_from(res, "BeginCopyTo") || comes_from(res, "BeginCopy")) && /* before 14 */
	    strstr(msg, "COPY query must") != NULL)
		return "Only what reads rows can be sent: SELECT, VALUES, TABLE or WITH.";
	if (comes_from(res, "ProcessInterrupts") && strcmp(sqlstate, "55P03") == 0)
		return "Another session has held a lock on it for too long; pg_locks shows which, "
		       "and --lock-wait-timeout says how long to wait.";
	if (comes_from(res, "check_enable_rls"))
		return "A role with BYPASSRLS sees all rows; portl-extract "
		       "--enable-row-security sends those that the policies show.";
	return NULL;
}

int
dberr_result(PGconn *conn, const PGresult *res, struct err *e)
{
	const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *msg = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
	const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);
	const char *column = PQresultErrorField(res, PG_DIAG_COLUMN_NAME);
	const char *constraint = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
	const char *position = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);

	if (msg == NULL)
		return dberr_connection(conn, e);
	if (e->code != EXIT_DONE)
		return -1;
	if (sqlstate == NULL)
		sqlstate = "";
	err_set(e, ends_session(conn, sqlstate) ? EXIT_CONN : EXIT_DATA, "%s", msg);
	snprintf(e->sqlstate, sizeof(e->sqlstate), "%s", sqlstate);
	if (detail != NULL)
		err_detail(e, "%s", detail);
	if (hint == NULL)
		hint = advice(res, sqlstate, msg);
	if (hint != NULL)
		err_hint(e, "%s", hint);
	if (context != NULL)
		err_context(e, "%s", context);
	if (position != NULL)
		e->position = atoi(position);
	if (column != NULL)
		e->column = xstrdup(column);
	if (constraint != NULL)
		e->constraint = xstrdup(constraint);
	return -1;
}

/* ${text} is UTF-8; ${n} characters behind it, or its end. */
static const char *
behind(const char *text, int n)
{
	for (; n > 0 && *text != '\0'; n--)
		do
			text++;
		while (((unsigned char)*text & 0xc0) == 0x80);
	return text;
}

int
dberr_place(const char *sql, struct err *e)
{
	const char *at = behind(sql, e->position - 1), *line = at, *end;

	if (e->position <= 0 || *at == '\0' || e->detail != NULL)
		return -1;
	while (line > sql && line[-1] != '\n' && (at - line < WORDS || (*line & 0xc0) == 0x80))
		line--;
	end = behind(at, WORDS);
	if ((size_t)(end - at) > strcspn(at, "\n"))
		end = at + strcspn(at, "\n");
	line += strspn(line, " \t");
	if (line > at)
		line = at;
	return err_detail(e, "In `%.*s`, from `%.*s` on.", (int)(end - line), line,
			  (int)(end - at), at);
}
