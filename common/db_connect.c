/*
 * Connecting: where to, as whom, with which password, and never a word of the
 * password in a message.  While connecting nothing needs cleaning up, so stop
 * signals keep their default action until the connection stands.
 */
#include "common/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dberr.h"
#include "common/err.h"
#include "common/intr.h"
#include "common/log.h"
#include "common/password.h"
#include "common/xalloc.h"

#define SERVER_MIN 130000 /* the oldest version that is tested */

static bool
is_uri(const char *s)
{
	return strncmp(s, "postgresql://", 13) == 0 || strncmp(s, "postgres://", 11) == 0;
}

/* An @ or / in a password that is not percent-encoded makes libpq take half of it for the host.
 */
static bool
uri_is_misread(const char *conninfo)
{
	const char *authority = strstr(conninfo, "://"), *end, *at;

	authority += 3;
	end = authority + strcspn(authority, "?");
	at = memchr(authority, '@', (size_t)(end - authority));
	return at != NULL && memchr(at + 1, '@', (size_t)(end - at - 1)) != NULL;
}

/* "user:password@host/db" without "postgresql://" would be a database's name. */
static bool
lacks_scheme(const char *conninfo)
{
	const char *colon = strchr(conninfo, ':');

	return !is_uri(conninfo) && colon != NULL && strchr(colon, '@') != NULL &&
	       strcspn(conninfo, "= ") > (size_t)(colon - conninfo);
}

/* "//user:password/db", the host forgotten, makes a port of the password. */
static bool
is_port(const char *port)
{
	return port[strspn(port, "0123456789, ")] == '\0';
}

/* Look for what would be misread, and for a password: 1 if there is one, 0, -1. */
static int
inspect(const char *conninfo, const PQconninfoOption *options)
{
	const PQconninfoOption *o;
	int has_password = 0;

	if (is_uri(conninfo) && uri_is_misread(conninfo))
		return -1;
	for (o = options; o->keyword != NULL; o++) {
		if (o->val == NULL)
			continue;
		if (strcmp(o->keyword, "port") == 0 && !is_port(o->val))
			return -1;
		if (strcmp(o->keyword, "password") == 0)
			has_password = 1;
	}
	return has_password;
}

int
db_check_conninfo(const char *conninfo, struct err *e)
{
	PQconninfoOption *options = NULL;
	char *why = NULL;
	int rc = -1;

	if (!lacks_scheme(conninfo)) {
		if (!is_uri(conninfo) && strchr(conninfo, '=') == NULL)
			return 0; /* a database name */
		options = PQconninfoParse(conninfo, &why);
		if (options != NULL)
			rc = inspect(conninfo, options);
	}
	if (rc < 0) {
		err_set(e, EXIT_USAGE, "the connection string cannot be understood");
		/* libpq's own text may quote a part of a password */
		if (why != NULL && !is_uri(conninfo) && strstr(conninfo, "passw") == NULL) {
			char *text = dberr_text(why);

			err_detail(e, "%s", text);
			free(text);
		}
		err_hint(e, "Quote values with blanks ('…') in a keyword string; write "
			    "postgresql://user@host:port/database, and @ : / %% of a "
			    "password as %%40 %%3A %%2F %%25.");
	}
	PQfreemem(why);
	PQconninfoFree(options);
	return rc;
}

static void
on_notice(void *arg, const PGresult *res)
{
	struct db *db = arg;
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	db->notices++;
	log_server(severity != NULL ? severity : "message", text != NULL ? text : "");
}

static void
connect_once(struct db *db, const struct db_params *p)
{
	/* Later words win over those inside the connection string. */
	const char *keys[] = {"fallback_application_name",
			      "dbname",
			      "host",
			      "port",
			      "user",
			      "service",
			      "dbname", /* libpq expands the first one only */
			      "password",
			      "connect_timeout",
			      NULL};
	const char *password = db->password != NULL ? db->password : p->password;
	const char *values[] = {log_program(), p->conninfo, p->host,  p->port,    p->user,
				p->service,    p->database, password, p->timeout, NULL};

	if (db->conn != NULL)
		PQfinish(db->conn);
	db->conn = PQconnectdbParams(keys, values, 1);
}

static int
refused(struct db *db, struct err *e)
{
	char *text = dberr_text(PQerrorMessage(db->conn));

	err_set(e, EXIT_CONN, "%s", text[0] != '\0' ? text : "could not connect");
	if (PQconnectionNeedsPassword(db->conn))
		err_hint(e, "Put the password into ~/.pgpass, a service file or PGPASSWORD.");
	free(text);
	return -1;
}

char *
db_where(const struct db *db)
{
	const char *host = PQhost(db->conn);

	return xasprintf("database \"%s\" as \"%s\"%s%s, server version %d, %s", PQdb(db->conn),
			 PQuser(db->conn), host[0] != '\0' ? " at " : "", host,
			 PQserverVersion(db->conn) / 10000,
			 PQsslInUse(db->conn) ? "TLS" : "no TLS");
}

int
db_connect(struct db *db, const struct db_params *p, struct err *e)
{
	char *where;

	if (p->conninfo != NULL && db_check_conninfo(p->conninfo, e) < 0)
		return -1;
	if (p->password_prompt > 0 && db->password == NULL)
		db->password = password_ask(p->user);
	connect_once(db, p);
	if (db->conn == NULL)
		return err_set(e, EXIT_CONN, "could not connect: out of memory");
	if (PQstatus(db->conn) == CONNECTION_BAD && PQconnectionNeedsPassword(db->conn) &&
	    p->password_prompt == 0 && db->password == NULL) {
		db->password = password_ask(PQuser(db->conn));
		if (db->password != NULL)
			connect_once(db, p);
	}
	if (PQstatus(db->conn) == CONNECTION_BAD)
		return refused(db, e);
	if (PQserverVersion(db->conn) < SERVER_MIN)
		return err_set(e, EXIT_CONN,
			       "the server has version %d; 13 and later are supported",
			       PQserverVersion(db->conn) / 10000);
	intr_install();
	PQsetNoticeReceiver(db->conn, on_notice, db);
	if (PQsetnonblocking(db->conn, 1) != 0)
		return dberr_connection(db->conn, e);
	where = db_where(db);
	log_info("connected to %s", where);
	free(where);
	return 0;
}
