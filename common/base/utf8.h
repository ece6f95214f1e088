/*
 * UTF-8 as PostgreSQL takes it: no overlong forms, no surrogates, nothing above
 * U+10FFFF (RFC 3629), and no NUL.
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

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
