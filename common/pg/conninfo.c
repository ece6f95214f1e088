/*
 * libpq reads connection strings, but takes parts of a password for other things
 * where its signs are not quoted, and then repeats them in its messages.
 */
#include "common/pg/conninfo.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/connword.h"
#include "common/base/err.h"
#include "common/pg/dberr.h"

/*
 * An @ or / in a password that is not percent-encoded makes libpq take half of it for
 * the host: then there is an @ behind the first one, or behind the path's /.
 */
static bool
uri_is_misread(const char *conninfo)
{
	const char *authority = strstr(conninfo, "://") + 3;
	const char *end = authority + strcspn(authority, "?");
	const char *rest = authority + strcspn(authority, "@/?");

	return rest < end && memchr(rest + 1, '@', (size_t)(end - rest - 1)) != NULL;
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

	if (connword_is_uri(conninfo) && uri_is_misread(conninfo))
		return -1;
	for (o = options; o->keyword != NULL; o++) {
		if (o->val == NULL)
			continue;
		if (strcmp(o->keyword, "port") == 0 && !is_port(o->val))
			return -1;
		if ((strcmp(o->keyword, "dbname") == 0 || strcmp(o->keyword, "host") == 0) &&
		    connword_is(o->val))
			return -1;
		if (o->dispchar[0] == '*') /* password, sslpassword */
			has_password = 1;
	}
	return has_password;
}

int
conninfo_check(const char *conninfo, struct err *e)
{
	PQconninfoOption *options = NULL;
	char *why = NULL;
	int rc = -1;

	if (!connword_lacks_scheme(conninfo) &&
	    (connword_is_uri(conninfo) || !connword_holds_uri(conninfo))) {
		if (!connword_is_uri(conninfo) && strchr(conninfo, '=') == NULL)
			return 0; /* a database name */
		options = PQconninfoParse(conninfo, &why);
		if (options != NULL)
			rc = inspect(conninfo, options);
	}
	if (rc < 0) {
		err_set(e, EXIT_USAGE, "the connection string cannot be understood");
		/* libpq's own text may quote a part of a password */
		if (why != NULL && !connword_is_uri(conninfo) &&
		    strstr(conninfo, "passw") == NULL) {
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

bool
conninfo_is_secret(const char *text)
{
	struct err e = ERR_INIT;
	int rc = conninfo_check(text, &e);

	err_release(&e);
	return rc != 0;
}

const char *
conninfo_shown(const char *text)
{
	return text != NULL && conninfo_is_secret(text) ? "(not shown)" : text;
}

int
conninfo_check_name(const char *what, const char *name, struct err *e)
{
	if (name == NULL || !connword_is(name))
		return 0;
	err_set(e, EXIT_USAGE, "the %s is a whole connection string", what);
	return err_hint(e, "Say it with -d, or as uri in a job.");
}
