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
 * conninfo_is_secret(conninfo):
 * Tell whether the connection string holds a secret, or may, since it cannot be
 * understood: then nothing may show it.
 */
bool conninfo_is_secret(const char *conninfo);

#endif /* COMMON_CONNINFO_H */
