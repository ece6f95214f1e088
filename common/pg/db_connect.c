/*
 * Connecting: where to, as whom, with which password, and never a word of the
 * password in a message.  While connecting nothing needs cleaning up, so stop
 * signals keep their default action until the connection stands.
 */
#include "common/pg/db.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/pg/conninfo.h"
#include "common/pg/dberr.h"
#include "common/pg/password.h"
#include "common/talk/log.h"

#define SERVER_MIN 130000 /* the oldest version that is tested */

static void
on_notice(void *arg, const PGresult *res)
{
	struct db *db = arg;
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
	const char *function = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);

	db->notices++;
	/* the only name of this that is the same in all languages */
	if (function != NULL && strcmp(function, "SyncRepWaitForLSN") == 0)
		db->unreplicated = true;
	log_server(severity != NULL ? severity : "message", text != NULL ? text : "");
	if (detail != NULL)
		log_server("detail", detail);
	if (hint != NULL)
		log_server("hint", hint);
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

/* A service file's host or database can be a connection string, which libpq repeats. */
static bool
may_be_told(PGconn *conn)
{
	PQconninfoOption *options = PQconninfo(conn), *o;
	bool rc = true;

	for (o = options; o != NULL && o->keyword != NULL; o++)
		if (o->val != NULL &&
		    (strcmp(o->keyword, "dbname") == 0 || strcmp(o->keyword, "host") == 0 ||
		     strcmp(o->keyword, "user") == 0) &&
		    conninfo_is_secret(o->val))
			rc = false;
	PQconninfoFree(options);
	return rc;
}

static int
refused(struct db *db, const struct db_params *p, struct err *e)
{
	char *text = dberr_text(PQerrorMessage(db->conn));

	if (!may_be_told(db->conn)) {
		err_set(e, EXIT_CONN, "could not connect");
		err_detail(e, "The reason is not shown, since a name in it looks like a "
			      "connection string.");
		err_hint(e, "Blanks part its words: \"host=db1 port=5433 dbname=shop\".");
	} else {
		err_set(e, EXIT_CONN, "%s", text[0] != '\0' ? text : "could not connect");
	}
	if (PQconnectionNeedsPassword(db->conn))
		err_hint(e, "Put the password into ~/.pgpass, a service file or PGPASSWORD.");
	else if (PQconnectionUsedPassword(db->conn) && p->dollars)
		err_hint(e, "In a job $$ stands for one dollar: a password with two of them is "
			    "written with $$$$.");
	free(text);
	return -1;
}

/* Who is connected where, for the log. */
static json_t *
facts(PGconn *conn)
{
	json_t *doc = json_object();
	const char *tls = PQsslInUse(conn) ? PQsslAttribute(conn, "protocol") : NULL;

	json_object_set_new(doc, "host", jsontext(conninfo_shown(PQhost(conn))));
	json_object_set_new(doc, "port", jsontext(PQport(conn)));
	json_object_set_new(doc, "database", jsontext(conninfo_shown(PQdb(conn))));
	json_object_set_new(doc, "user", jsontext(conninfo_shown(PQuser(conn))));
	json_object_set_new(doc, "tls", jsontext(tls));
	json_object_set_new(doc, "server_version", json_integer(PQserverVersion(conn)));
	json_object_set_new(doc, "backend_pid", json_integer(PQbackendPID(conn)));
	return doc;
}

char *
db_connect_where(const struct db *db)
{
	const char *host = conninfo_shown(PQhost(db->conn));

	return xasprintf("database \"%s\" as \"%s\"%s%s, server version %d, %s",
			 conninfo_shown(PQdb(db->conn)), conninfo_shown(PQuser(db->conn)),
			 host[0] != '\0' ? " at " : "", host, PQserverVersion(db->conn) / 10000,
			 PQsslInUse(db->conn) ? "TLS" : "no TLS");
}

int
db_connect(struct db *db, const struct db_params *p, struct err *e)
{
	char *where;

	if ((p->conninfo != NULL && conninfo_check(p->conninfo, e) < 0) ||
	    conninfo_check_name("database", p->database, e) != 0 ||
	    conninfo_check_name("host", p->host, e) != 0 ||
	    conninfo_check_name("port", p->port, e) != 0 ||
	    conninfo_check_name("user", p->user, e) != 0 ||
	    conninfo_check_name("service", p->service, e) != 0)
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
		return refused(db, p, e);
	if (PQserverVersion(db->conn) < SERVER_MIN)
		return err_set(e, EXIT_CONN,
			       "the server has version %d; 13 and later are supported",
			       PQserverVersion(db->conn) / 10000);
	intr_install();
	PQsetNoticeReceiver(db->conn, on_notice, db);
	if (PQsetnonblocking(db->conn, 1) != 0)
		return dberr_connection(db->conn, e);
	where = db_connect_where(db);
	log_event("connect", facts(db->conn), "connected to %s", where);
	free(where);
	return 0;
}
