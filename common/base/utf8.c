/*
 * UTF-8 checks.  Text is mostly ASCII, so eight bytes are looked at at a time.
 */
#include "common/base/utf8.h"

#include <stdint.h>
#include <string.h>

#define HIGH_BITS 0x8080808080808080u
#define ONES 0x0101010101010101u

/* Eight bytes that are all ASCII and none of them NUL? */
static bool
is_plain(const char *s)
{
	uint64_t w;

	memcpy(&w, s, sizeof(w));
	return (((w - ONES) | w) & HIGH_BITS) == 0;
}

size_t
utf8_span(const char *s, size_t len)
{
	size_t at = 0, n;

	for (;;) {
		while (len - at >= 8 && is_plain(s + at))
			at += 8;
		if (at == len)
			return at;
		if ((unsigned char)s[at] < 0x80)
			n = s[at] != '\0';
		else
			n = utf8_char(s + at, s + len);
		if (n == 0)
			return at;
		at += n;
	}
}

bool
utf8_is_cut(const char *s, size_t len)
{
	char whole[4] = {0, (char)0x80, (char)0x80, (char)0x80};

	/* The second byte alone has a range of its own, and one end of 80 to bf is in it. */
	if (len == 0 || len > 3 || (unsigned char)s[0] < 0x80)
		return false;
	memcpy(whole, s, len);
	if (utf8_char(whole, whole + 4) > len)
		return true;
	if (len == 1)
		whole[1] = (char)0xbf;
	return utf8_char(whole, whole + 4) > len;
}
