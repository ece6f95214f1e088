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
		d->last -= strtol(text + i + 1, NULL, 10);
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

/* Behind the first colon; that of an offset has no fraction. */
static bool
seconds_fit(const char *text, size_t len, int most)
{
	const char *end = text + len, *p = memchr(text, ':', len);
	int place = 0;

	while (p != NULL && p < end && *p != '.')
		p++;
	if (p == NULL || p == end)
		return true;
	for (p++; p < end && isdigit((unsigned char)*p); p++)
		if (++place > most && *p != '0')
			return false;
	return true;
}

static bool
is_midnight(const char *text, size_t len)
{
	const char *end = text + len, *colon = memchr(text, ':', len), *p;

	if (colon == NULL)
		return true;
	for (p = colon - (colon - text >= 2 ? 2 : colon - text);
	     p < end && (isdigit((unsigned char)*p) || *p == ':' || *p == '.' || *p == ' ');
	     p++)
		if (*p >= '1' && *p <= '9')
			return false;
	return true;
}

bool
digits_survive(const struct digits *d, const char *text, size_t len)
{
	struct decimal decimal = {0};

	switch (d->kind) {
	case DIGITS_ALL:
		break;
	case DIGITS_SCALE:
		return !read_decimal(text, len, &decimal) || decimal.last <= d->most;
	case DIGITS_REAL:
	case DIGITS_DOUBLE:
		return floats(text, len, d->kind == DIGITS_REAL);
	case DIGITS_SECONDS:
		return seconds_fit(text, len, d->most);
	case DIGITS_DAY:
		return is_midnight(text, len);
	}
	return true;
}
