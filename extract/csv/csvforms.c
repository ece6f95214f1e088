/*
 * A number is never a date: it has no sign twice but for thousands, which have three
 * digits, where a date's last part has four or at most two.
 */
#include "extract/csv/csvforms.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static size_t
digits(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && isdigit((unsigned char)*p))
		p++;
	return (size_t)(p - start);
}

/* What parts thousands at ${p}: its bytes, or 0 if nothing does. */
static size_t
separator(const char *p, const char *end, char decimal)
{
	static const char *const wide[] = {" ", "'", "\u00a0", "\u202f", "\u2019"};
	size_t i;

	if (p < end && *p == (decimal == ',' ? '.' : ','))
		return 1;
	for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		size_t len = strlen(wide[i]);

		if ((size_t)(end - p) >= len && memcmp(p, wide[i], len) == 0)
			return len;
	}
	return 0;
}

/* Copy the digits before the decimal sign, without what parts thousands; NULL: none. */
static const char *
read_whole(const char *p, const char *end, char decimal, char **out)
{
	size_t n = digits(p, end), len = separator(p + n, end, decimal);
	const char *mark = p + n;

	if (n == 0 || (len > 0 && n > 3))
		return NULL;
	memcpy(*out, p, n);
	*out += n;
	p += n;
	while (len > 0 && (size_t)(end - p) > len && memcmp(p, mark, len) == 0) {
		if (digits(p + len, end) != 3)
			return NULL;
		memcpy(*out, p + len, 3);
		*out += 3;
		p += len + 3;
	}
	return p;
}

/* Returns the bytes written to ${out}, 0 if it is no number. */
static size_t
read_number(char decimal, const char *p, const char *end, char *out)
{
	char *start = out;
	size_t n;

	if (p < end && *p == '-')
		*out++ = *p++;
	p = read_whole(p, end, decimal, &out);
	if (p == NULL)
		return 0;
	if (p < end && *p == decimal) {
		n = digits(++p, end);
		if (n == 0)
			return 0;
		*out++ = '.';
		memcpy(out, p, n);
		out += n;
		p += n;
	}
	if (p < end && *p != 'e' && *p != 'E')
		return 0;
	memcpy(out, p, (size_t)(end - p)); /* the exponent, or nothing */
	return (size_t)(out - start) + (size_t)(end - p);
}

/* A part of a date has at most ${max} digits, and not less than ${min}. */
static const char *
read_part(const char *p, const char *end, size_t min, size_t max, int *part)
{
	size_t n = digits(p, end);

	if (n < min || n > max)
		return NULL;
	for (*part = 0; n > 0; n--)
		*part = *part * 10 + *p++ - '0';
	return p;
}

/* The three parts as they are written. */
static const char *
read_parts(const char *p, const char *end, bool year_first, int part[3])
{
	char mark = '\0';
	int i;

	for (i = 0; p != NULL && i < 3; i++) {
		bool year = i == (year_first ? 0 : 2);

		if (i == 1)
			mark = p < end && strchr("./-", *p) != NULL ? *p : '\0';
		if (i > 0 && (p == end || *p++ != mark))
			return NULL;
		p = read_part(p, end, year ? 4 : 1, year ? 4 : 2, &part[i]);
	}
	return p;
}

/* Returns the bytes written to ${out}, 0 if it is no date, with or without a time. */
static size_t
read_date(int order, const char *p, const char *end, char *out)
{
	int part[3] = {0}, n;
	int year = order == ORDER_YMD ? 0 : 2, month = order == ORDER_MDY ? 0 : 1;

	p = read_parts(p, end, order == ORDER_YMD, part);
	if (p == NULL || (p < end && *p != ' ' && *p != 'T'))
		return 0;
	n = snprintf(out, CSVFORMS_MAX, "%04d-%02d-%02d", part[year], part[month],
		     part[3 - year - month]);
	if (p < end)
		out[n++] = *p++;
	if (end - p >= 4 && isdigit((unsigned char)*p) && p[1] == ':')
		out[n++] = '0'; /* 9:30 */
	memcpy(out + n, p, (size_t)(end - p));
	return (size_t)n + (size_t)(end - p);
}

const char *
csvforms_read(const struct csvforms *f, const char *value, size_t *len, char *out)
{
	size_t n = 0;

	if (*len == 0 || *len > CSVFORMS_MAX - 8) /* a date may grow */
		return value;
	if (f->decimal != '\0')
		n = read_number(f->decimal, value, value + *len, out);
	if (n == 0 && f->order != ORDER_NONE)
		n = read_date(f->order, value, value + *len, out);
	if (n == 0)
		return value;
	*len = n;
	return out;
}
