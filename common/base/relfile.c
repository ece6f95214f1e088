/*
 * A slash parts paths, a dot parts names (and hides files), a control character breaks
 * listings; with the percent sign these are all that is encoded.
 */
#include "common/base/relfile.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"

static bool
is_encoded(unsigned char c)
{
	return c < ' ' || c == 0x7f || c == '/' || c == '.' || c == '%';
}

static void
encode(struct buf *b, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;

		if (is_encoded(c))
			buf_addf(b, "%%%02X", c);
		else
			buf_addc(b, (char)c);
	}
}

char *
relfile_name(const struct relname *r, const char *suffix)
{
	struct buf b = BUF_INIT;

	if (r->schema != NULL) {
		encode(&b, r->schema);
		buf_addc(&b, '.');
	}
	encode(&b, r->name);
	buf_adds(&b, suffix);
	return buf_detach(&b);
}

/* The value of a hex digit as encode() writes it, or -1. */
static int
digit(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* One name of ${len} bytes, for the caller to free; NULL if it could not be one. */
static char *
decode(const char *text, size_t len)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < len; i++) {
		int c = (unsigned char)text[i];

		if (c == '%' && i + 2 < len && digit(text[i + 1]) >= 0 &&
		    digit(text[i + 2]) >= 0) {
			c = 16 * digit(text[i + 1]) + digit(text[i + 2]);
			i += 2;
			if (c == '\0' || !is_encoded((unsigned char)c))
				break;
		} else if (is_encoded((unsigned char)c)) {
			break;
		}
		buf_addc(&b, (char)c);
	}
	if (len > 0 && i == len)
		return buf_detach(&b);
	buf_release(&b);
	return NULL;
}

bool
relfile_parse(const char *file, const char *suffix, struct relname *r)
{
	size_t len = strlen(file), tail = strlen(suffix);
	char *schema = NULL, *name = NULL;
	const char *dot;
	bool good;

	if (len <= tail || strcmp(file + len - tail, suffix) != 0)
		return false;
	len -= tail;
	dot = memchr(file, '.', len);
	if (dot != NULL)
		schema = decode(file, (size_t)(dot - file));
	name = dot != NULL ? decode(dot + 1, len - (size_t)(dot + 1 - file))
			   : decode(file, len);
	good = name != NULL && (dot == NULL || schema != NULL);
	if (good)
		relname_set(r, schema, name);
	free(schema);
	free(name);
	return good;
}
