/*
 * UTF-8 as PostgreSQL takes it: no overlong forms, no surrogates, nothing above
 * U+10FFFF (RFC 3629), and no NUL.
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * utf8_char(p, end):
 * Return the length of the valid UTF-8 sequence of 2 to 4 bytes at ${p}, whose
 * first byte is 0x80 or more; 0 if it is not valid.
 */
static inline size_t
utf8_char(const char *p, const char *end)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t left = (size_t)(end - p);

	if (u[0] < 0xe0)
		return u[0] >= 0xc2 && left >= 2 && (u[1] & 0xc0) == 0x80 ? 2 : 0;
	if (left < 3 || (u[1] & 0xc0) != 0x80 || (u[2] & 0xc0) != 0x80)
		return 0;
	if (u[0] < 0xf0) /* no overlong forms, no surrogates */
		return (u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ? 0 : 3;
	if (left < 4 || (u[3] & 0xc0) != 0x80)
		return 0;
	if (u[0] > 0xf4 || (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return 4;
}

/*
 * utf8_span(s, len):
 * Return how many of ${len} bytes, from the start, are whole characters other
 * than NUL.
 */
size_t utf8_span(const char *s, size_t len);

/*
 * utf8_is_cut(s, len):
 * Tell whether the ${len} bytes where utf8_span() has stopped are the first part
 * of a character whose rest has not come yet.
 */
bool utf8_is_cut(const char *s, size_t len);

#endif /* COMMON_UTF8_H */
