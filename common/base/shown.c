/*
 * What must not reach a terminal as it is: C0 and C1 control characters (ECMA-48), of which
 * many terminals take the latter in UTF-8 too, and Unicode's line separators and marks of
 * direction (UAX #9), by which text shows other than it is.
 */
#include "common/base/shown.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/utf8.h"

static bool
is_obeyed(unsigned c)
{
	return (c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0) || c == 0x061c ||
	       c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* The character of ${len} bytes, whole and valid; of four bytes none is obeyed. */
static unsigned
decode(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;

	switch (len) {
	case 1:
		return u[0];
	case 2:
		return (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
	case 3:
		return (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
	default:
		return 0x10000;
	}
}

static size_t
length(const char *s)
{
	unsigned char c = (unsigned char)*s;

	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* ${len} bytes of whole characters. */
static void
add_valid(struct buf *out, const char *s, size_t len, const char *newline)
{
	const char *end = s + len;
	size_t n;

	for (; s < end; s += n) {
		unsigned c;

		n = length(s);
		c = decode(s, n);
		if (c == '\n')
			buf_adds(out, newline);
		else if (is_obeyed(c))
			buf_addf(out, "\\u%04x", c);
		else
			buf_add(out, s, n);
	}
}

static void
add(struct buf *out, const char *text, const char *newline)
{
	size_t left = strlen(text);

	for (;;) {
		size_t good = utf8_span(text, left);

		add_valid(out, text, good, newline);
		text += good;
		left -= good;
		if (left == 0)
			return;
		buf_addf(out, "\\x%02x", (unsigned char)*text);
		text++;
		left--;
	}
}

void
shown_add(struct buf *out, const char *text)
{
	add(out, text, "\n\t");
}

void
shown_add_name(struct buf *out, const char *name)
{
	add(out, name, "\\n");
}
