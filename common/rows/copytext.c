/*
 * COPY text fields.  Values are mostly plain, so escaping and unescaping move
 * runs of ordinary bytes and look at single ones only where a run ends.
 */
#include "common/rows/copytext.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/textrun.h"

const char copytext_letters[256] = {
	['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',  ['\r'] = 'r',
	['\t'] = 't', ['\v'] = 'v', ['\\'] = '\\',
};

void
copytext_escape(struct buf *out, const char *value, size_t len)
{
	const char *p = value, *end = value + len;
	char *dst = buf_reserve(out, len * 2 + TEXTRUN_SLACK);

	while (p < end) {
		char letter;

		p = textrun_copy(&dst, p, end, 0);
		if (p == end)
			break;
		letter = copytext_letters[(unsigned char)*p];
		if (letter != 0)
			*dst++ = '\\';
		*dst++ = letter != 0 ? letter : *p;
		p++;
	}
	out->len = (size_t)(dst - out->data);
}

const char *
copytext_field_end(const char *field, const char *end)
{
	while (field < end) {
		field = textrun_skip(field, end, 0);
		if (field == end || *field == '\t' || *field == '\n')
			break;
		field++;
	}
	return field;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \1 to \377: up to three octal digits, of which the low eight bits count. */
static const char *
octal_escape(const char *p, const char *end, char *byte)
{
	unsigned value = 0;
	int n;

	for (n = 0; n < 3 && p < end && *p >= '0' && *p <= '7'; n++)
		value = value * 8 + (unsigned)(*p++ - '0');
	*byte = (char)(value & 0xff);
	return p;
}

/* \x and up to two hex digits; without any it is the letter x. */
static const char *
hex_escape(const char *p, const char *end, char *byte)
{
	int value = 0, n;

	for (n = 0; n < 2 && p + 1 + n < end && hex_value(p[1 + n]) >= 0; n++)
		value = value * 16 + hex_value(p[1 + n]);
	*byte = n > 0 ? (char)value : 'x';
	return p + 1 + n;
}

const char *
copytext_read_escape(const char *p, const char *end, char *byte)
{
	static const char letters[] = "bfnrtv", bytes[] = "\b\f\n\r\t\v";
	const char *at;

	p++;
	if (p == end) {
		*byte = '\\';
		return p;
	}
	if (*p >= '0' && *p <= '7')
		return octal_escape(p, end, byte);
	if (*p == 'x')
		return hex_escape(p, end, byte);
	at = memchr(letters, *p, sizeof(letters) - 1);
	*byte = at != NULL ? bytes[at - letters] : *p;
	return p + 1;
}

size_t
copytext_unescape(char *dst, const char *field, size_t len)
{
	const char *p = field, *end = field + len;
	char *out = dst;

	while (p < end) {
		const char *stop = memchr(p, '\\', (size_t)(end - p));
		size_t run = (size_t)((stop != NULL ? stop : end) - p);

		memmove(out, p, run);
		out += run;
		p += run;
		if (p == end)
			break;
		p = copytext_read_escape(p, end, out);
		out++;
	}
	return (size_t)(out - dst);
}

void
copytext_keep(struct buf *out, const char *rows, size_t len, const bool *keep)
{
	const char *p = rows, *end = rows + len;

	buf_reserve(out, len);
	while (p < end) {
		size_t n = 0, kept = 0;
		bool more = true;

		for (; more && p < end; n++) {
			const char *stop = copytext_field_end(p, end);

			if (keep[n] && kept++ > 0)
				buf_addc(out, '\t');
			if (keep[n])
				buf_add(out, p, (size_t)(stop - p));
			more = *stop == '\t';
			p = stop + 1;
		}
		buf_addc(out, '\n');
	}
}
