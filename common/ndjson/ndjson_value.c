/*
 * Which JSON value goes into which type, and how.
 */
#include "common/ndjson/ndjson_parts.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/ndjson/jsonscan.h"
#include "common/ndjson/ndjson.h"
#include "common/rows/copytext.h"

static const char *
read_json(unsigned flags, struct jsonscan *s, const char *p, const char *end, struct buf *out)
{
	const char *stop = jsonscan_value(s, p, end);

	if (stop == NULL)
		return NULL;
	if ((flags & NDJSON_EXACT) != 0) {
		while (p[-1] != ':') /* white space before the value */
			p--;
		stop = jsonscan_space(stop, end);
	}
	copytext_escape(out, p, (size_t)(stop - p));
	return stop;
}

/* An object or an array. */
static const char *
read_nested(const struct ndjson_type *type, unsigned flags, struct jsonscan *s, const char *p,
	    const char *end, struct buf *out)
{
	if (type->form == NDJSON_ANY)
		return read_json(flags, s, p, end, out);
	if (*p == '{')
		return jsonscan_fail(s, p,
				     "an object, which only json and jsonb columns take; for "
				     "other types send the value's text as a string");
	if (type->form == NDJSON_ARRAY)
		return ndjson_array_read(type, s, p, end, out);
	return jsonscan_fail(s, p,
			     "an array, which only array, json and jsonb columns take; for "
			     "other types send the value's text as a string");
}

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
ndjson_value_whole(char *dst, const char *p, const char *stop)
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

/* What is no string and nothing nested: null, true, false or a number. */
static const char *
read_scalar(const struct ndjson_type *type, struct jsonscan *s, const char *p, const char *end,
	    struct buf *out)
{
	const char *stop = jsonscan_value(s, p, end);

	if (stop == NULL)
		return NULL;
	if (*p == 'n')
		buf_add(out, "\\N", 2);
	else if (type->form == NDJSON_TRUTH && (*p == 't' || *p == 'f'))
		buf_addc(out, *p); /* as the server writes it */
	else if (type->form == NDJSON_WHOLE && *p != 't' && *p != 'f')
		out->len =
			(size_t)(ndjson_value_whole(buf_reserve(out, (size_t)(stop - p) +
									     NDJSON_WHOLE_MAX),
						    p, stop) -
				 out->data);
	else
		buf_add(out, p, (size_t)(stop - p));
	return stop;
}

const char *
ndjson_value_read(const struct ndjson_type *type, unsigned flags, struct jsonscan *s,
		  const char *p, const char *end, struct buf *out)
{
	char first = p < end ? *p : '\0';

	if (type->form == NDJSON_JSON && (first != 'n' || (flags & NDJSON_BARE) == 0))
		return read_json(flags, s, p, end, out);
	if (first == '{' || first == '[')
		return read_nested(type, flags, s, p, end, out);
	return read_scalar(type, s, p, end, out);
}
