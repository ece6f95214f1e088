/*
 * Numbers and times of day by their text.  What is not looked at: interval's fields, money,
 * whose digits are the locale's, offsets from UTC in a column that has none.
 */
#include "load/match/digits.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 64 /* bytes of a number that is read as a floating one; longer ones lose */
#define EXPONENT_MAX 100000L /* nothing is added to what is this much */

struct digits
digits_of(const char *base, const char *type)
{
	const char *paren = strchr(type, '(');
	int first = 0, second = 0;
	int n = paren != NULL ? sscanf(paren, "(%d,%d)", &first, &second) : 0;

	if (strcmp(base, "numeric") == 0 && n > 0)
		return (struct digits){DIGITS_SCALE, second};
	if (strcmp(base, "real") == 0)
		return (struct digits){DIGITS_REAL, 0};
	if (strcmp(base, "double precision") == 0)
		return (struct digits){DIGITS_DOUBLE, 0};
	if (strcmp(base, "date") == 0)
		return (struct digits){DIGITS_DAY, 0};
	if (strcmp(base, "time without time zone") == 0 ||
	    strcmp(base, "time with time zone") == 0 ||
	    strcmp(base, "timestamp without time zone") == 0 ||
	    strcmp(base, "timestamp with time zone") == 0 || strcmp(base, "interval") == 0)
		return (struct digits){DIGITS_SECONDS, n > 0 ? first : 6};
	return (struct digits){DIGITS_ALL, 0};
}

/* A decimal number, as its digits stand. */
struct decimal {
	int significant; /* digits from the first that is not 0 to the last */
	long last;       /* place of the last behind the point: 2 in 1.25, -1 in 30 */
};

/* The exponent that begins at ${p}; one that no type takes anyway is cut down. */
static long
read_exponent(const char *p, const char *end)
{
	bool minus = p < end && *p == '-';
	long n = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	for (; p < end && (isdigit((unsigned char)*p) || *p == '_'); p++)
		if (*p != '_' && n < EXPONENT_MAX)
			n = n * 10 + (*p - '0');
	return minus ? -n : n;
}

/* false: it is zero, or no decimal number. */
static bool
read_decimal(const char *text, size_t len, struct decimal *d)
{
	long place = 0, first = 0;
	bool point = false, any = false;
	size_t i = 0;

	while (i < len && (isspace((unsigned char)text[i]) || text[i] == '-' || text[i] == '+'))
		i++;
	if (i + 1 < len && text[i] == '0' && isalpha((unsigned char)text[i + 1]) &&
	    tolower((unsigned char)text[i + 1]) != 'e')
		return false; /* 0x1f has no fraction */
	for (; i < len; i++) {
		if (text[i] == '.') {
			point = true;
		} else if (isdigit((unsigned char)text[i])) {
			place++;
			if (text[i] != '0') {
				first = any ? first : place;
				any = true;
				d->last = place;
			}
		} else if (text[i] != '_') {
			break;
		}
		if (!point)
			d->significant = (int)place; /* digits before the point, so far */
	}
	place = d->last - d->significant; /* of the last one, behind the point */
	d->significant = (int)(d->last - first + 1);
	d->last = place;
	if (i < len && tolower((unsigned char)text[i]) == 'e')
		d->last -= read_exponent(text + i + 1, text + len);
	return any;
}

/* The digits of a number from the first that is not 0 to the last, without the point. */
static size_t
copy_digits(const char *text, size_t len, char digits[TEXT_MAX])
{
	size_t i, n = 0, used = 0;

	for (i = 0; i < len && tolower((unsigned char)text[i]) != 'e' && n < TEXT_MAX; i++) {
		if (!isdigit((unsigned char)text[i]) || (n == 0 && text[i] == '0'))
			continue;
		digits[n++] = text[i];
		used = text[i] != '0' ? n : used;
	}
	return used;
}

/* Does the number, written with as many digits as it came with, have the same ones? */
static bool
reads_back(const char *text, size_t len, int significant, bool single)
{
	char copy[TEXT_MAX], back[TEXT_MAX + 16], had[TEXT_MAX], has[TEXT_MAX];
	double value;
	size_t n;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	value = single ? (double)strtof(copy, NULL) : strtod(copy, NULL);
	snprintf(back, sizeof(back), "%.*e", significant - 1, value);
	n = copy_digits(text, len, had);
	return n == copy_digits(back, strlen(back), has) && memcmp(had, has, n) == 0;
}

static bool
floats(const char *text, size_t len, bool single)
{
	struct decimal d = {0};

	if (!read_decimal(text, len, &d) || d.significant <= (single ? 6 : 15))
		return true;
	return reads_back(text, len, d.significant, single);
}

static bool
is_digit(const char *p)
{
	return isdigit((unsigned char)*p);
}

/* hhmm or hhmmss at ${p}: behind a T that ends no word, or behind a date and a blank. */
static bool
is_clock(const char *text, const char *p, size_t digits)
{
	if (p == text)
		return false;
	if (tolower((unsigned char)p[-1]) == 't')
		return p - text == 1 || !isalpha((unsigned char)p[-2]);
	return digits == 6 && p[-1] == ' ' && p - text >= 2 && is_digit(p - 2);
}

/* Do the digits in front of the point at ${point} end in seconds? */
static bool
are_seconds(const char *text, const char *point)
{
	const char *p = point;

	while (p > text && is_digit(p - 1))
		p--;
	if (p == point)
		return false;
	return (p == text && point - p == 6) || (p > text && p[-1] == ':') ||
	       is_clock(text, p, (size_t)(point - p));
}

static bool
seconds_fit(const char *text, const char *end, int most)
{
	const char *p = text;
	int place;

	while ((p = memchr(p, '.', (size_t)(end - p))) != NULL) {
		bool seconds = are_seconds(text, p);

		for (place = 0, p++; p < end && is_digit(p); p++)
			if (seconds && ++place > most && *p != '0')
				return false;
	}
	return true;
}

/* Where the time of day begins, or NULL: there is none. */
static const char *
find_clock(const char *text, const char *end)
{
	const char *p = memchr(text, ':', (size_t)(end - text)), *run;

	if (p != NULL) {
		while (p > text && is_digit(p - 1))
			p--;
		return p;
	}
	for (p = text; p < end; p++) {
		for (run = p; p < end && is_digit(p);)
			p++;
		if (p > run && is_clock(text, run, (size_t)(p - run)))
			return run;
	}
	return NULL;
}

/* Is there anything but noughts in a row of digits, colons and points? */
static bool
is_nought(const char *p, const char *end)
{
	for (; p < end && (is_digit(p) || *p == ':' || *p == '.'); p++)
		if (*p >= '1' && *p <= '9')
			return false;
	return true;
}

/* 12:00:00 AM is midnight. */
static bool
is_twelve_am(const char *p, const char *end)
{
	if (end - p < 4 || memcmp(p, "12", 2) != 0 || !is_nought(p + 2, end))
		return false;
	while (p < end && (is_digit(p) || *p == ':' || *p == '.' || *p == ' '))
		p++;
	return end - p >= 2 && tolower((unsigned char)p[0]) == 'a' &&
	       tolower((unsigned char)p[1]) == 'm';
}

static bool
is_midnight(const char *text, const char *end)
{
	const char *p = find_clock(text, end);

	if (p != NULL)
		return is_nought(p, end) || is_twelve_am(p, end);
	if (text == end || tolower((unsigned char)*text) != 'j')
		return true;
	p = memchr(text, '.', (size_t)(end - text)); /* of a Julian day */
	return p == NULL || is_nought(p, end);
}

bool
digits_survive(const struct digits *d, const char *text, size_t len)
{
	struct decimal decimal = {0};

	for (; len > 0 && *text == ' '; len--)
		text++;
	switch (d->kind) {
	case DIGITS_ALL:
		break;
	case DIGITS_SCALE:
		return !read_decimal(text, len, &decimal) || decimal.last <= d->most;
	case DIGITS_REAL:
	case DIGITS_DOUBLE:
		return floats(text, len, d->kind == DIGITS_REAL);
	case DIGITS_SECONDS:
		return seconds_fit(text, text + len, d->most);
	case DIGITS_DAY:
		return is_midnight(text, text + len);
	}
	return true;
}
