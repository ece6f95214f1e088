/*
 * Decoding JSON strings, once for each way in which the result is written.
 */
#include "common/ndjson/ndjson_string.h"

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/textrun.h"
#include "common/base/utf8.h"
#include "common/ndjson/jsonscan.h"
#include "common/rows/copytext.h"

void
ndjson_string_key(struct buf *out, const char *name)
{
	char *dst = buf_reserve(out, strlen(name) * NDJSON_STRING_GROWTH + 3);

	*dst++ = '"';
	while (*name != '\0')
		dst = ndjson_string_put(dst, *name++);
	*dst++ = '"';
	*dst++ = ':';
	out->len = (size_t)(dst - out->data);
}

/* How the bytes of a value are written. */
enum writing {
	PLAIN, /* as they are */
	COPY,  /* with the escapes of COPY text */
	ARRAY  /* as inside the quotes of an array element, and that as COPY text */
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* ${c} is ASCII. */
ALWAYS_INLINE char *
put(char *dst, char c, enum writing how)
{
	if (how == ARRAY && (c == '"' || c == '\\')) {
		*dst++ = '\\';
		*dst++ = '\\';
	}
	if (how != PLAIN && copytext_letters[(unsigned char)c] != 0) {
		*dst++ = '\\';
		c = copytext_letters[(unsigned char)c];
	}
	*dst++ = c;
	return dst;
}

static char *
put_utf8(char *dst, unsigned c)
{
	if (c < 0x800) {
		*dst++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*dst++ = (char)(0xe0 | c >> 12);
		} else {
			*dst++ = (char)(0xf0 | c >> 18);
			*dst++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*dst++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*dst++ = (char)(0x80 | (c & 0x3f));
	return dst;
}

/* The code point of the \u escape or the pair of them at ${*p}, or -1. */
static int
read_unicode(struct jsonscan *s, const char **p, const char *end)
{
	const char *start = *p;
	int c = jsonscan_hex4(start + 2, end), low;

	*p = start + 6;
	if (c < 0) {
		jsonscan_fail(s, start, "a bad escape");
	} else if (c == 0) {
		jsonscan_fail(s, start, "\\u0000, which no PostgreSQL text can hold");
		c = -1;
	} else if (c >= 0xd800 && c <= 0xdfff) {
		low = end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u'
			      ? jsonscan_hex4(*p + 2, end)
			      : -1;
		*p += 6;
		if (c < 0xdc00 && low >= 0xdc00 && low <= 0xdfff)
			return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		jsonscan_fail(s, start, "half of a surrogate pair");
		c = -1;
	}
	return c;
}

ALWAYS_INLINE const char *
read_escape(struct jsonscan *s, const char *p, const char *end, char **dst, enum writing how)
{
	static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *at;
	int c;

	if (end - p < 2)
		return jsonscan_fail(s, p, "a bad escape");
	if (p[1] == 'u') {
		c = read_unicode(s, &p, end);
		if (c < 0)
			return NULL;
		*dst = c < 0x80 ? put(*dst, (char)c, how) : put_utf8(*dst, (unsigned)c);
		return p;
	}
	at = memchr(letters, p[1], sizeof(letters) - 1);
	if (at == NULL)
		return jsonscan_fail(s, p, "a bad escape");
	*dst = put(*dst, bytes[at - letters], how);
	return p + 2;
}

/* Not ASCII: copy whole sequences while they follow one another. */
ALWAYS_INLINE const char *
read_utf8(struct jsonscan *s, const char *p, const char *end, char **dst)
{
	char *out = *dst;

	do {
		size_t i, n = utf8_char(p, end);

		if (n == 0)
			return jsonscan_fail(s, p, "bytes that are not UTF-8");
		for (i = 0; i < n; i++)
			*out++ = *p++;
	} while (p < end && (unsigned char)*p >= 0x80);
	*dst = out;
	return p;
}

ALWAYS_INLINE const char *
read_string(struct jsonscan *s, const char *p, const char *end, char **dst, enum writing how)
{
	const char *start = p++;

	if (how == ARRAY)
		*(*dst)++ = '"';
	for (;;) {
		p = textrun_copy(dst, p, end, TEXTRUN_QUOTE | TEXTRUN_HIGH);
		if (p == end)
			return jsonscan_fail(s, start, "a string without an end");
		if (*p == '"')
			break;
		if (*p == '\\')
			p = read_escape(s, p, end, dst, how);
		else if ((unsigned char)*p >= 0x80)
			p = read_utf8(s, p, end, dst);
		else
			return jsonscan_fail(s, p, "a control character in a string");
		if (p == NULL)
			return NULL;
	}
	if (how == ARRAY)
		*(*dst)++ = '"';
	return p + 1;
}

const char *
ndjson_string_read_key(struct jsonscan *s, const char *p, const char *end, struct buf *name)
{
	const char *stop;
	char *dst;

	if (p == end || *p != '"')
		return jsonscan_fail(s, p, "no key in quotes");
	stop = jsonscan_string(s, p, end);
	if (stop == NULL)
		return NULL;
	name->len = 0;
	dst = buf_reserve(name, (size_t)(stop - p) + TEXTRUN_SLACK);
	if (read_string(s, p, stop, &dst, PLAIN) == NULL)
		return NULL;
	name->len = (size_t)(dst - name->data);
	p = jsonscan_space(stop, end);
	if (p == end || *p != ':')
		return jsonscan_fail(s, p, "no colon behind a key");
	return p + 1;
}

const char *
ndjson_string_copy(struct jsonscan *s, const char *p, const char *end, char **dst)
{
	return read_string(s, p, end, dst, COPY);
}

const char *
ndjson_string_array(struct jsonscan *s, const char *p, const char *end, char **dst)
{
	return read_string(s, p, end, dst, ARRAY);
}
