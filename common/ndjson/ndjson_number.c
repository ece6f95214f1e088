/*
 * JSON numbers as integer types read them: 1e3 is 1000 in JSON, and no integer in SQL.
 * The digits are moved, never computed, so that none is lost.
 */
#include <stdbool.h>
#include <string.h>

#include "common/ndjson/ndjson_parts.h"

/* The exponent at ${p} ("e+07") or 0, as far as it matters. */
static long
read_exponent(const char *p, const char *stop)
{
	bool minus;
	long n = 0;

	if (p == stop)
		return 0;
	p++;
	minus = *p == '-';
	p += *p == '-' || *p == '+';
	for (; p < stop; p++)
		n = n < 100000 ? n * 10 + (*p - '0') : n;
	return minus ? -n : n;
}

/*
 * The significant digits of a number and how many zeros follow them: 1.20e3 is 12 and 2.
 * Returns how many digits there are, 0 of zero and -1 of more than fit.
 */
static int
read_significant(const char *p, const char *stop, char *digits, long *zeros)
{
	const char *exponent = p;
	bool fraction = false;
	int n = 0;
	long behind = 0; /* zeros that count only if another digit follows */

	*zeros = 0;
	for (; exponent < stop && *exponent != 'e' && *exponent != 'E'; exponent++) {
		if (*exponent == '.') {
			fraction = true;
			continue;
		}
		*zeros -= fraction;
		if (*exponent == '0') {
			behind += n > 0;
			continue;
		}
		if (n + behind >= NDJSON_WHOLE_MAX - 1)
			return -1;
		memset(digits + n, '0', (size_t)behind);
		n += (int)behind;
		behind = 0;
		digits[n++] = *exponent;
	}
	*zeros += behind + read_exponent(exponent, stop);
	return n;
}

char *
ndjson_number_whole(char *dst, const char *p, const char *stop)
{
	char digits[NDJSON_WHOLE_MAX];
	long zeros;
	int n = read_significant(p + (*p == '-'), stop, digits, &zeros);

	if (n < 0 || (n > 0 && (zeros < 0 || n + zeros >= NDJSON_WHOLE_MAX))) {
		memcpy(dst, p, (size_t)(stop - p));
		return dst + (stop - p);
	}
	if (n == 0) {
		*dst++ = '0';
		return dst;
	}
	if (*p == '-')
		*dst++ = '-';
	memcpy(dst, digits, (size_t)n);
	memset(dst + n, '0', (size_t)zeros);
	return dst + n + zeros;
}
