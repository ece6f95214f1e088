/*
 * Connecting: where to, as whom, with which password, and never a word of the
 * password in a message.  While connecting nothing needs cleaning up, so stop
 * signals keep their default action until the connection stands.
 */
#include "common/db.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/dberr.h"
#include "common/err.h"
#include "common/intr.h"
#include "common/log.h"
#include "common/xalloc.h"

#define SERVER_MIN 130000 /* the oldest version that is tested */
#define PASSWORD_MAX 1024 /* bytes */

/* An @ or / in a password that is not percent-encoded makes libpq take half of it for the host.
 */
static bool
uri_is_misread(const char *conninfo)
{
	const char *authority = strstr(conninfo, "://"), *end, *at;

	if (authority == NULL)
		return false;
	authority += 3;
	end = authority + strcspn(authority, "?");
	at = memchr(authority, '@', (size_t)(end - authority));
	return at != NULL && memchr(at + 1, '@', (size_t)(end - at - 1)) != NULL;
}

static bool
is_uri(const char *s)
{
	return strncmp(s, "postgresql://", 13) == 0 || strncmp(s, "postgres://", 11) == 0;
}

int
db_check_conninfo(const char *conninfo, struct err *e)
{
	PQconninfoOption *options, *o;
	char *why = NULL;
	int has_password = 0;

	if (!is_uri(conninfo) && strchr(conninfo, '=') == NULL)
		return 0; /* a database name */
	options = PQconninfoParse(conninfo, &why);
	if (options == NULL || (is_uri(conninfo) && uri_is_misread(conninfo))) {
		/* libpq's own text may quote a part of a password */
		err_set(e, EXIT_USAGE, "the connection string cannot be understood");
		if (why != NULL && strstr(conninfo, "passw") == NULL &&
		    strchr(conninfo, '@') == NULL) {
			char *text = dberr_text(why);

			err_detail(e, "%s", text);
			free(text);
		}
		err_hint(e, "Quote values with blanks ('…') in a keyword string; "
			    "write @ : / %% of a password as %%40 %%3A %%2F %%25 in a URI.");
		PQfreemem(why);
		PQconninfoFree(options);
		return -1;
	}
	for (o = options; o->keyword != NULL; o++)
		if (o->val != NULL && strcmp(o->keyword, "password") == 0)
			has_password = 1;
	PQconninfoFree(options);
	return has_password;
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

static volatile sig_atomic_t stopped; /* at the prompt, by this signal */

static void
on_stop(int signo)
{
	stopped = signo;
}

/*
 * Read a line without echo, which is off before the prompt appears.  A terminal whose reader is
 * stopped would stay without echo, so stop signals wait until it has its settings back.
 */
static ssize_t
read_unseen(int fd, const char *prompt, char *line, size_t size)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction stop = {.sa_handler = on_stop}, old[3];
	struct termios saved, quiet;
	ssize_t n;
	int i;

	for (i = 0; i < 3; i++)
		sigaction(signals[i], &stop, &old[i]);
	tcgetattr(fd, &saved);
	quiet = saved;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "%s", prompt);
	n = stopped == 0 ? read(fd, line, size) : -1;
	tcsetattr(fd, TCSAFLUSH, &saved);
	dprintf(fd, "\n");
	for (i = 0; i < 3; i++)
		sigaction(signals[i], &old[i], NULL);
	if (stopped != 0)
		raise(stopped);
	return n;
}

/* Ask on the terminal itself: standard input may be the stream. */
static char *
ask_password(const char *user)
{
	char line[PASSWORD_MAX], *prompt;
	ssize_t n;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return NULL;
	prompt = xasprintf("Password for %s (%s): ", user != NULL ? user : "user",
			   log_program());
	n = read_unseen(fd, prompt, line, sizeof(line) - 1);
	free(prompt);
	close(fd);
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	return n < 0 ? NULL : xstrndup(line, (size_t)n);
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
			      NULL};
	const char *password = db->password != NULL ? db->password : p->password;
	const char *values[] = {log_program(), p->conninfo, p->host,  p->port, p->user,
				p->service,    p->database, password, NULL};

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
		db->password = ask_password(p->user);
	connect_once(db, p);
	if (db->conn == NULL)
		return err_set(e, EXIT_CONN, "could not connect: out of memory");
	if (PQstatus(db->conn) == CONNECTION_BAD && PQconnectionNeedsPassword(db->conn) &&
	    p->password_prompt == 0 && db->password == NULL) {
		db->password = ask_password(PQuser(db->conn));
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
