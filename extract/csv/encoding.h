/*
 * PostgreSQL's encodings: exactly the characters that its convert_from() knows, from
 * tables that tests/encodings/tables.py has asked a server for.
 */
#ifndef EXTRACT_ENCODING_H
#define EXTRACT_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

struct encoding;

#define ENCODING_GROWTH 3 /* bytes of UTF-8 that one byte may become */

/* What encoding_convert() found behind the characters that it took. */
enum encoding_stop { ENCODING_ALL, ENCODING_CUT, ENCODING_BAD };

/*
 * encoding_name(name):
 * Return PostgreSQL's own name of the encoding that it knows as ${name}, in whatever case
 * and with whatever marks between letters, or NULL.
 */
const char *encoding_name(const char *name);

/*
 * encoding_new(name):
 * Return the table of the encoding that encoding_name() has called so; NULL for those
 * that the server does not convert to UTF-8 by a table (UTF8, SQL_ASCII, MULE_INTERNAL).
 * Free with encoding_free().
 */
struct encoding *encoding_new(const char *name);

/*
 * encoding_convert(enc, in, end, out):
 * Write the characters from ${*in} to ${end} to ${*out}, which has room for
 * ENCODING_GROWTH times their bytes; both move on.  ENCODING_CUT: the rest may be the
 * beginning of a character.  A NUL is none.
 */
enum encoding_stop encoding_convert(const struct encoding *enc, const char **in,
				    const char *end, char **out);

void encoding_free(struct encoding *enc);

#endif /* EXTRACT_ENCODING_H */
