/*
 * Words that are meant as connection strings (PostgreSQL manual, "Connection Strings"), as
 * they look: a password may be in them, so nothing that they are not for may repeat them.
 */
#ifndef COMMON_CONNWORD_H
#define COMMON_CONNWORD_H

#include <stdbool.h>

/*
 * connword_is_uri(word):
 * Tell whether it begins as a URI of PostgreSQL does.
 */
bool connword_is_uri(const char *word);

/*
 * connword_holds_uri(word):
 * Tell whether a URI is somewhere in it; behind a blank libpq takes it for a name.
 */
bool connword_holds_uri(const char *word);

/*
 * connword_lacks_scheme(word):
 * Tell whether it is "user:password@host/db", which without "postgresql://" would be a
 * name.
 */
bool connword_lacks_scheme(const char *word);

/*
 * connword_is(word):
 * Tell whether it is a whole connection string: one of these, or keywords that have a
 * password among them or begin with a server's name.
 */
bool connword_is(const char *word);

/*
 * connword_is_no_name(word):
 * Tell whether it is one where names of SQL are meant: those in quotes may only look so.
 */
bool connword_is_no_name(const char *word);

/*
 * connword_shown(word):
 * Return ${word}, or other words instead if it is one.
 */
const char *connword_shown(const char *word);

#endif /* COMMON_CONNWORD_H */
