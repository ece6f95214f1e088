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

/* How long a character is by its first byte; 0: no character begins so. */
static size_t
length(unsigned char c)
{
	if (c < 0x80)
		return c != 0;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* The second byte's range is narrower behind some first bytes. */
static bool
is_second(unsigned char first, unsigned char c)
{
	unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return c >= low && c <= high;
}

/* Of a character of ${n} bytes, are the first ${have} right? */
static bool
is_good_start(const unsigned char *s, size_t n, size_t have)
{
	size_t i;

	if (n > 1 && have > 1 && !is_second(s[0], s[1]))
		return false;
	for (i = 2; i < have && i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return false;
	return true;
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
		n = length((unsigned char)s[at]);
		if (n == 0 || n > len - at ||
		    !is_good_start((const unsigned char *)s + at, n, n))
			return at;
		at += n;
	}
}

bool
utf8_is_cut(const char *s, size_t len)
{
	size_t n = len > 0 ? length((unsigned char)s[0]) : 0;

	return n > len && is_good_start((const unsigned char *)s, n, len);
}
