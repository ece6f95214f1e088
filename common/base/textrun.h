/*
 * Runs of ordinary bytes in text: the inner loop of everything that transcodes.
 * A run stops at control characters (below 0x20) and backslashes, and where
 * asked for at quotes and bytes beyond ASCII.  16 bytes at a time with SSE2, 8
 * with nothing but 64-bit integers (TEXTRUN_PORTABLE forces these, for tests).
 */
#ifndef COMMON_TEXTRUN_H
#define COMMON_TEXTRUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(TEXTRUN_PORTABLE)
#include <emmintrin.h>
#define TEXTRUN_WIDTH 16
#else
#define TEXTRUN_WIDTH 8
#endif

#define TEXTRUN_QUOTE 1u /* stop at " */
#define TEXTRUN_HIGH 2u  /* stop at bytes from 0x80 */

#define TEXTRUN_SLACK 16 /* bytes that textrun_copy() may touch behind its output */

#if TEXTRUN_WIDTH == 16

/* Which of the 16 bytes at ${p} stop a run: their number, 16 if none. */
static inline unsigned
textrun_step(const char *p, unsigned stops)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v),
				   _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	unsigned mask;

	if ((stops & TEXTRUN_QUOTE) != 0)
		hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
	if ((stops & TEXTRUN_HIGH) != 0)
		hit = _mm_or_si128(hit, v); /* only the top bit of a byte counts */
	mask = (unsigned)_mm_movemask_epi8(hit);
	return mask != 0 ? (unsigned)__builtin_ctz(mask) : 16;
}

#else

/* The top bit of each byte of ${v} that is 0; bits behind the first may be wrong. */
static inline uint64_t
textrun_zeros(uint64_t v)
{
	return (v - 0x0101010101010101u) & ~v & 0x8080808080808080u;
}

/* Which of the 8 bytes at ${p} stop a run: the first one's number, 8 if none. */
static inline unsigned
textrun_step(const char *p, unsigned stops)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	uint64_t v, hit;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	hit = ((v - ones * 0x20) & ~v & tops) | textrun_zeros(v ^ ones * '\\');
	if ((stops & TEXTRUN_QUOTE) != 0)
		hit |= textrun_zeros(v ^ ones * '"');
	if ((stops & TEXTRUN_HIGH) != 0)
		hit |= v & tops;
	return hit != 0 ? (unsigned)__builtin_ctzll(hit) / 8 : 8;
}

#endif

static inline bool
textrun_is_stop(char c, unsigned stops)
{
	unsigned char u = (unsigned char)c;

	return u < 0x20 || u == '\\' || ((stops & TEXTRUN_QUOTE) != 0 && u == '"') ||
	       ((stops & TEXTRUN_HIGH) != 0 && u >= 0x80);
}

/*
 * textrun_skip(p, end, stops):
 * Return the first byte from ${p} on that stops a run, or ${end}.
 */
static inline const char *
textrun_skip(const char *p, const char *end, unsigned stops)
{
	while (end - p >= TEXTRUN_WIDTH) {
		unsigned n = textrun_step(p, stops);

		p += n;
		if (n < TEXTRUN_WIDTH)
			return p;
	}
	while (p < end && !textrun_is_stop(*p, stops))
		p++;
	return p;
}

/*
 * textrun_copy(dst, p, end, stops):
 * As textrun_skip(), and copy the run to ${*dst}, which moves on by its length.
 * Up to TEXTRUN_SLACK bytes behind the run may be overwritten as well.
 */
static inline const char *
textrun_copy(char **dst, const char *p, const char *end, unsigned stops)
{
	char *out = *dst;

	while (end - p >= TEXTRUN_WIDTH) {
		unsigned n = textrun_step(p, stops);

		memcpy(out, p, TEXTRUN_WIDTH);
		p += n;
		out += n;
		if (n < TEXTRUN_WIDTH) {
			*dst = out;
			return p;
		}
	}
	while (p < end && !textrun_is_stop(*p, stops))
		*out++ = *p++;
	*dst = out;
	return p;
}

#endif /* COMMON_TEXTRUN_H */
