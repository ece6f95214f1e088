/*
 * PostgreSQL's COPY text format, the one model behind text values, NDJSON and
 * CSV: rows end in a newline, fields are parted by tabs, \N is NULL, and
 * backslash, newline, carriage return, tab, \b, \f and \v are escaped.
 * Source: PostgreSQL manual, COPY, "Text Format".
 */
#ifndef COMMON_COPYTEXT_H
#define COMMON_COPYTEXT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* What stands behind the backslash for a byte that must be escaped, else 0. */
extern const char copytext_letters[256];

/*
 * copytext_escape(out, value, len):
 * Append ${len} bytes of a value (or a part of one: escaping keeps no state
 * between calls) to ${out} as COPY text, without tab or newline behind it.
 */
void copytext_escape(struct buf *out, const char *value, size_t len);

/*
 * copytext_field_end(field, end):
 * Return the end of the field that starts at ${field}: the address of the tab
 * or newline behind it, or ${end} if there is none.  Escapes never contain a
 * raw tab or newline, so this is a plain scan.
 */
const char *copytext_field_end(const char *field, const char *end);

/*
 * copytext_is_null(field, len):
 * Tell whether the raw field is \N.
 */
static inline int
copytext_is_null(const char *field, size_t len)
{
	return len == 2 && field[0] == '\\' && field[1] == 'N';
}

/*
 * copytext_read_escape(p, end, byte):
 * Store in ${*byte} what the escape at ${p}, a backslash, stands for and return
 * what follows it.  A lone backslash before ${end} stands for itself.
 */
const char *copytext_read_escape(const char *p, const char *end, char *byte);

/*
 * copytext_unescape(dst, field, len):
 * Write the value of a raw field that is not \N to ${dst}, which has room for
 * ${len} bytes, and return its length.  Understands every escape that the
 * server reads (\b \f \n \r \t \v \digits \xhex, else the character itself).
 */
size_t copytext_unescape(char *dst, const char *field, size_t len);

/*
 * copytext_keep(out, rows, len, keep):
 * Append whole rows (${len} bytes) to ${out} without the fields for which ${keep} is false.
 */
void copytext_keep(struct buf *out, const char *rows, size_t len, const bool *keep);

#endif /* COMMON_COPYTEXT_H */
