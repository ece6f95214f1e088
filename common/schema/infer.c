/*
 * Type guessing.  The forms are narrower than what PostgreSQL reads: 007 is a
 * name, not a number; 01/02/2003 is two dates; a number too long for a double
 * stays what it is.
 */
#include "common/schema/infer.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMERIC_MAX 1000  /* characters */
#define DOUBLE_MAX 40     /* characters */
#define DOUBLE_SAFE 15    /* digits that every double gives back */
#define DOUBLE_DIGITS 17  /* that a double can give back at best */
#define FRACTION_DIGITS 6 /* microseconds */

static bool
is_word(const char *value, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(value, word, len) == 0;
}

static bool
is_boolean(const char *value, size_t len)
{
	return is_word(value, len, "t") || is_word(value, len, "f") ||
	       is_word(value, len, "true") || is_word(value, len, "false");
}

static size_t
digits(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && isdigit((unsigned char)*p))
		p++;
	return (size_t)(p - start);
}

/* The parts of -123.45e6, each possibly empty; false if there is anything else. */
struct number {
	bool minus;
	size_t whole, fraction; /* digits */
	bool point, exponent;
};

static bool
take_number(const char *p, size_t len, struct number *n)
{
	const char *end = p + len;

	*n = (struct number){.minus = len > 0 && *p == '-'};
	p += n->minus;
	n->whole = digits(p, end);
	if (n->whole == 0 || (n->whole > 1 && *p == '0'))
		return false;
	p += n->whole;
	n->point = p < end && *p == '.';
	if (n->point) {
		n->fraction = digits(++p, end);
		if (n->fraction == 0)
			return false;
		p += n->fraction;
	}
	n->exponent = p < end && (*p == 'e' || *p == 'E');
	if (n->exponent) {
		size_t count;

		p++;
		p += p < end && (*p == '-' || *p == '+');
		count = digits(p, end);
		if (count == 0)
			return false;
		p += count;
	}
	return p == end;
}

static bool
is_zero(const char *value, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (value[i] >= '1' && value[i] <= '9')
			return false;
	return true;
}

static bool
is_bigint(const char *value, size_t len)
{
	struct number n;
	char text[32];

	if (len >= sizeof(text) || !take_number(value, len, &n) || n.point || n.exponent ||
	    (n.minus && value[1] == '0'))
		return false;
	memcpy(text, value, len);
	text[len] = '\0';
	errno = 0;
	return strtoll(text, NULL, 10) != 0 ? errno == 0 : len == 1;
}

static bool
is_numeric(const char *value, size_t len)
{
	struct number n;

	return len <= NUMERIC_MAX && take_number(value, len, &n) && !n.exponent &&
	       !(n.minus && is_zero(value, len));
}

/* The significant digits of a number as text: leading and trailing zeros left out. */
static size_t
significant(const char *p, char *out)
{
	size_t n = 0;

	for (; *p != '\0' && *p != 'e' && *p != 'E'; p++)
		if (isdigit((unsigned char)*p) && (n > 0 || *p != '0'))
			out[n++] = *p;
	while (n > 0 && out[n - 1] == '0')
		n--;
	return n;
}

/* Are all digits given back by the double that is nearest? */
static bool
is_double(const char *value, size_t len)
{
	char text[DOUBLE_MAX + 1], back[DOUBLE_MAX + 1];
	char given[DOUBLE_MAX], got[DOUBLE_MAX];
	struct number n;
	size_t ngiven, ngot;
	double d;

	if (is_word(value, len, "NaN") || is_word(value, len, "Infinity") ||
	    is_word(value, len, "-Infinity"))
		return true;
	if (len > DOUBLE_MAX || !take_number(value, len, &n))
		return false;
	if (!n.exponent && n.whole + n.fraction <= DOUBLE_SAFE)
		return true;
	memcpy(text, value, len);
	text[len] = '\0';
	errno = 0;
	d = strtod(text, NULL);
	if (errno != 0)
		return false;
	ngiven = significant(text, given);
	if (ngiven == 0 || ngiven > DOUBLE_DIGITS)
		return ngiven == 0;
	snprintf(back, sizeof(back), "%.*e", (int)ngiven - 1, d);
	ngot = significant(back, got);
	return ngot == ngiven && memcmp(given, got, ngot) == 0;
}

/* Two digits at ${p} between ${low} and ${high}? */
static bool
two(const char *p, int low, int high)
{
	int n;

	if (!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]))
		return false;
	n = (p[0] - '0') * 10 + p[1] - '0';
	return n >= low && n <= high;
}

static bool
is_date(const char *p, size_t len)
{
	static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month;

	if (len != 10 || p[4] != '-' || p[7] != '-' || digits(p, p + 4) != 4 ||
	    !two(p + 5, 1, 12))
		return false;
	year = (p[0] - '0') * 1000 + (p[1] - '0') * 100 + (p[2] - '0') * 10 + p[3] - '0';
	month = (p[5] - '0') * 10 + p[6] - '0';
	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return year > 0 && two(p + 8, 1, 29);
	return year > 0 && two(p + 8, 1, days[month - 1]);
}

/* Returns the bytes that date and time take, 0 if they are none. */
static size_t
date_and_time(const char *value, size_t len)
{
	const char *p = value + 16, *end = value + len;
	size_t count;

	if (len < 16 || !is_date(value, 10) || (value[10] != ' ' && value[10] != 'T') ||
	    !two(value + 11, 0, 23) || value[13] != ':' || !two(value + 14, 0, 59))
		return 0;
	if (end - p < 3 || *p != ':' || !two(p + 1, 0, 59))
		return 16;
	p += 3;
	if (p == end || *p != '.')
		return 19;
	count = digits(p + 1, end);
	return count > 0 && count <= FRACTION_DIGITS ? 20 + count : 0;
}

static bool
is_timestamp(const char *value, size_t len)
{
	return len > 0 && date_and_time(value, len) == len;
}

static bool
is_timestamptz(const char *value, size_t len)
{
	size_t n = date_and_time(value, len);
	const char *zone = value + n;

	if (n == 0 || n == len)
		return false;
	len -= n;
	if (*zone == 'Z')
		return len == 1;
	if ((*zone != '+' && *zone != '-') || len < 3 || !two(zone + 1, 0, 14))
		return false;
	return len == 3 || (len == 5 && two(zone + 3, 0, 59)) ||
	       (len == 6 && zone[3] == ':' && two(zone + 4, 0, 59));
}

static bool
is_uuid(const char *value, size_t len)
{
	size_t i;

	if (len != 36)
		return false;
	for (i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? value[i] != '-' : !isxdigit((unsigned char)value[i]))
			return false;
	}
	return true;
}

static bool
is_jsonb(const char *value, size_t len)
{
	json_t *doc;

	if (len < 2 || (*value != '{' && *value != '['))
		return false;
	doc = json_loadb(value, len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
	json_decref(doc);
	return doc != NULL;
}

static bool
is_text(const char *value, size_t len)
{
	(void)value;
	(void)len;
	return true;
}

static const struct {
	const char *name;
	bool (*fits)(const char *value, size_t len);
} types[] = {
	[INFER_BOOLEAN] = {"boolean", is_boolean},
	[INFER_BIGINT] = {"bigint", is_bigint},
	[INFER_NUMERIC] = {"numeric", is_numeric},
	[INFER_DOUBLE] = {"double precision", is_double},
	[INFER_DATE] = {"date", is_date},
	[INFER_TIMESTAMP] = {"timestamp without time zone", is_timestamp},
	[INFER_TIMESTAMPTZ] = {"timestamp with time zone", is_timestamptz},
	[INFER_UUID] = {"uuid", is_uuid},
	[INFER_JSONB] = {"jsonb", is_jsonb},
	[INFER_TEXT] = {"text", is_text},
	[INFER_UNSEEN] = {"text", is_text},
};

void
infer_init(struct infer_column *c)
{
	*c = (struct infer_column){.candidates = (1u << (INFER_TEXT + 1)) - 1};
}

void
infer_see(struct infer_column *c, const char *value, size_t len)
{
	int t;

	c->seen = true;
	for (t = 0; t < INFER_TEXT; t++)
		if ((c->candidates & 1u << t) != 0 && !types[t].fits(value, len))
			c->candidates &= ~(1u << t);
}

void
infer_text(struct infer_column *c)
{
	c->seen = true;
	c->candidates = 1u << INFER_TEXT;
}

enum infer_type
infer_type(const struct infer_column *c)
{
	int t = 0;

	if (!c->seen)
		return INFER_UNSEEN;
	while ((c->candidates & 1u << t) == 0)
		t++;
	return (enum infer_type)t;
}

const char *
infer_name(enum infer_type type)
{
	return types[type].name;
}

int
infer_find(const char *name)
{
	int t;

	for (t = 0; t <= INFER_TEXT; t++)
		if (strcmp(types[t].name, name) == 0)
			return t;
	return -1;
}

bool
infer_is_number(const char *value, size_t len)
{
	struct number n;

	return take_number(value, len, &n);
}

bool
infer_has_forms(enum infer_type type)
{
	return type >= INFER_BIGINT && type <= INFER_TIMESTAMPTZ;
}

bool
infer_fits(enum infer_type type, const char *value, size_t len)
{
	return types[type].fits(value, len);
}
