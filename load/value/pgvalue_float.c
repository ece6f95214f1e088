/*
 * Floating-point numbers with as few digits as tell them apart from all others, of
 * these the nearest, as PostgreSQL has written them since version 12.  The C library
 * rounds correctly, so the first precision whose decimal reads back as the same
 * number is the one; most numbers of real data (prices, measures) are found without
 * it, as a whole number divided by a power of ten.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "load/value/pgvalue_parts.h"

#define DIGITS_MAX 17
#define SAFE_DIGITS8 15 /* decimals of so many digits survive a double, unless tiny */
#define SAFE_DIGITS4 6
#define FIXED8 15 /* from 10^15 on, and below 10^-4, with an exponent */
#define FIXED4 6
#define FIXED_LEAST (-4)

/* d.ddd times ten to the exponent */
struct decimal {
	char digits[DIGITS_MAX + 8];
	int n; /* digits, no zeros at the end */
	int exponent;
};

static void
put_exponent(struct buf *out, const struct decimal *d)
{
	buf_addc(out, d->digits[0]);
	if (d->n > 1) {
		buf_addc(out, '.');
		buf_add(out, d->digits + 1, (size_t)d->n - 1);
	}
	buf_addf(out, "e%c%02d", d->exponent < 0 ? '-' : '+', abs(d->exponent));
}

static void
put_zeros(struct buf *out, int n)
{
	while (n-- > 0)
		buf_addc(out, '0');
}

static void
put_decimal(struct buf *out, const struct decimal *d, int fixed)
{
	int whole = d->exponent + 1;

	if (d->exponent < FIXED_LEAST || d->exponent >= fixed) {
		put_exponent(out, d);
	} else if (whole <= 0) {
		buf_add(out, "0.", 2);
		put_zeros(out, -whole);
		buf_add(out, d->digits, (size_t)d->n);
	} else if (d->n > whole) {
		buf_add(out, d->digits, (size_t)whole);
		buf_addc(out, '.');
		buf_add(out, d->digits + whole, (size_t)(d->n - whole));
	} else {
		buf_add(out, d->digits, (size_t)d->n);
		put_zeros(out, whole - d->n);
	}
}

static void
drop_zeros(struct decimal *d)
{
	while (d->n > 1 && d->digits[d->n - 1] == '0')
		d->n--;
}

/* ${v} rounded to ${n} digits. */
static void
round_to(struct decimal *d, double v, int n)
{
	char text[DIGITS_MAX + 16];

	snprintf(text, sizeof(text), "%.*e", n - 1, v); /* d.ddde+xx */
	d->digits[0] = text[0];
	memcpy(d->digits + 1, text + 2, (size_t)n - 1);
	d->n = n;
	d->exponent = atoi(strchr(text, 'e') + 1);
}

/* The next larger decimal of as many digits. */
static void
step_up(struct decimal *d)
{
	int i = d->n - 1;

	while (i >= 0 && d->digits[i] == '9')
		d->digits[i--] = '0';
	if (i >= 0) {
		d->digits[i]++;
	} else {
		d->digits[0] = '1';
		d->exponent++;
	}
}

/*
 * Does the decimal lie half way between ${v} and a neighbour?  Then it is read as
 * ${v} only where ties go to even, on which PostgreSQL does not rely.  Decimals as
 * short as these can lie there only if they are whole numbers.
 */
static bool
is_half_way(const struct decimal *d, double v, bool single)
{
	const double directions[] = {0, INFINITY};
	char text[DBL_MAX_10_EXP + 16];
	size_t i;

	if (v < (single ? 0x1p24 : 0x1p53))
		return false;
	for (i = 0; i < 2; i++) {
		double w = single ? (double)nextafterf((float)v, (float)directions[i])
				  : nextafter(v, directions[i]);

		if (isinf(w))
			continue;
		snprintf(text, sizeof(text), "%.0Lf", ((long double)v + (long double)w) / 2);
		if ((int)strlen(text) == d->exponent + 1 &&
		    memcmp(text, d->digits, (size_t)d->n) == 0 &&
		    strspn(text + d->n, "0") == strlen(text + d->n))
			return true;
	}
	return false;
}

static bool
reads_back(const struct decimal *d, double v, bool single)
{
	char text[DIGITS_MAX + 16];
	double back;

	snprintf(text, sizeof(text), "%.*se%d", d->n, d->digits, d->exponent - d->n + 1);
	back = single ? (double)strtof(text, NULL) : strtod(text, NULL);
	return back == v && !is_half_way(d, v, single);
}

/*
 * Find the best decimal of ${n} digits.  A power of two has its lower neighbour
 * nearer than its upper one, so the next decimal may do where the nearest does not.
 */
static bool
try_digits(struct decimal *d, double v, int n, bool single)
{
	int exponent;

	round_to(d, v, n);
	if (reads_back(d, v, single))
		return true;
	if (frexp(v, &exponent) != 0.5)
		return false;
	step_up(d);
	return reads_back(d, v, single);
}

static void
find_shortest(struct decimal *d, double v, int n, bool single)
{
	while (!try_digits(d, v, n, single) && n < DIGITS_MAX)
		n++;
	drop_zeros(d);
}

/* Is ${v} a whole number of at most 15 digits, divided by 10^0 to 10^6? */
static bool
is_short(struct decimal *d, double v)
{
	static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
	size_t i;

	for (i = 0; i < sizeof(powers) / sizeof(powers[0]); i++) {
		double whole = v * powers[i];

		if (whole >= 1e15 || v < 1e-4)
			return false;
		whole = rint(whole);
		if (whole / powers[i] != v)
			continue;
		d->n = snprintf(d->digits, sizeof(d->digits), "%lld", (long long)whole);
		d->exponent = d->n - 1 - (int)i;
		drop_zeros(d);
		return true;
	}
	return false;
}

static bool
put_special(struct buf *out, double v)
{
	if (isnan(v))
		buf_adds(out, "NaN");
	else if (isinf(v))
		buf_adds(out, v < 0 ? "-Infinity" : "Infinity");
	else if (v == 0)
		buf_adds(out, signbit(v) ? "-0" : "0");
	else
		return false;
	return true;
}

void
pgvalue_float_put8(struct buf *out, double v)
{
	struct decimal d;

	if (put_special(out, v))
		return;
	if (v < 0)
		buf_addc(out, '-');
	v = fabs(v);
	if (!is_short(&d, v))
		find_shortest(&d, v, v < DBL_MIN ? 1 : SAFE_DIGITS8, false);
	put_decimal(out, &d, FIXED8);
}

void
pgvalue_float_put4(struct buf *out, float v)
{
	struct decimal d;

	if (put_special(out, (double)v))
		return;
	if (v < 0)
		buf_addc(out, '-');
	v = fabsf(v);
	find_shortest(&d, (double)v, v < FLT_MIN ? 1 : SAFE_DIGITS4, true);
	put_decimal(out, &d, FIXED4);
}
