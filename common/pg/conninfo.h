/*
 * Connection strings as people write them: a database name, keywords or a URI
 * (PostgreSQL manual, "Connection Strings").
 */
#ifndef COMMON_CONNINFO_H
#define COMMON_CONNINFO_H

#include <stdbool.h>

struct err;

/*
 * conninfo_check(conninfo, e):
 * Refuse a connection string that libpq cannot read or would misread.  Returns
 * 1 if it holds a password, else 0; -1 with ${e} (EXIT_USAGE) filled.
 */
int conninfo_check(const char *conninfo, struct err *e) __attribute__((warn_unused_result));

/*
 * conninfo_is_secret(text):
 * The one place that says what is secret: tell whether a connection string, or what
 * stands where a host or a database is expected, holds a password, or may, since it
 * cannot be understood.  Then nothing may show it.
 */
bool conninfo_is_secret(const char *text);

/*
 * conninfo_shown(text):
 * Return ${text}, or a word instead if it is secret.
 */
const char *conninfo_shown(const char *text);

/*
 * conninfo_check_name(what, name, e):
 * Refuse (EXIT_USAGE), without its words, the name of a database or a host that is a
 * connection string: libpq would take it as it stands, and repeat it.
 */
int conninfo_check_name(const char *what, const char *name, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_CONNINFO_H */
