/*
 * The strict scanner.  Nesting is a bit a level (RFC 8259 leaves a limit to the
 * parser), so hostile depth costs neither stack nor allocation.
 */
#include "common/ndjson/jsonscan.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/textrun.h"
#include "common/base/utf8.h"

const char *
jsonscan_fail(struct jsonscan *s, const char *at, const char *what)
{
	s->at = at;
	s->what = what;
	return NULL;
}

int
jsonscan_hex4(const char *p, const char *end)
{
	int value = 0, i;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		char c = p[i], lower = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			value = value * 16 + (lower - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* ${p} is at a backslash; what follows the escape, or NULL. */
static const char *
skip_escape(struct jsonscan *s, const char *p, const char *end)
{
	if (p + 1 < end && p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL)
		return p + 2;
	if (p + 1 < end && p[1] == 'u' && jsonscan_hex4(p + 2, end) >= 0)
		return p + 6;
	return jsonscan_fail(s, p, "a bad escape");
}

const char *
jsonscan_string(struct jsonscan *s, const char *p, const char *end)
{
	const char *start = p++;

	for (;;) {
		p = textrun_skip(p, end, TEXTRUN_QUOTE | TEXTRUN_HIGH);
		if (p == end)
			return jsonscan_fail(s, start, "a string without an end");
		if (*p == '"')
			return p + 1;
		if (*p == '\\') {
			p = skip_escape(s, p, end);
			if (p == NULL)
				return NULL;
		} else if ((unsigned char)*p < 0x20) {
			return jsonscan_fail(s, p, "a control character in a string");
		}
		while (p < end && (unsigned char)*p >= 0x80) {
			size_t n = utf8_char(p, end);

			if (n == 0)
				return jsonscan_fail(s, p, "bytes that are not UTF-8");
			p += n;
		}
	}
}

/* Programs that know no better write these bare. */
static const char *
no_value(struct jsonscan *s, const char *p, const char *end, const char *what)
{
	size_t minus = p < end && *p == '-', left = (size_t)(end - p) - minus;

	if ((left >= 3 && memcmp(p + minus, "NaN", 3) == 0) ||
	    (left >= 8 && memcmp(p + minus, "Infinity", 8) == 0))
		what = "JSON has no NaN and no Infinity; in quotes, as \"NaN\", numeric and "
		       "floating-point columns take them";
	return jsonscan_fail(s, p, what);
}

static const char *
skip_word(struct jsonscan *s, const char *p, const char *end)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(end - p) >= n && memcmp(p, words[i], n) == 0)
			return p + n;
	}
	return no_value(s, p, end, p < end ? "no JSON value" : "an end where a value is due");
}

static const char *
skip_scalar(struct jsonscan *s, const char *p, const char *end)
{
	const char *stop;

	if (p < end && *p == '"')
		return jsonscan_string(s, p, end);
	if (p == end || (*p != '-' && (*p < '0' || *p > '9')))
		return skip_word(s, p, end);
	stop = jsonscan_number(p, end);
	return stop != NULL ? stop : no_value(s, p, end, "no JSON number");
}

/* A member's key and colon. */
static const char *
skip_key(struct jsonscan *s, const char *p, const char *end)
{
	p = jsonscan_space(p, end);
	if (p == end || *p != '"')
		return jsonscan_fail(s, p, "no key in quotes");
	p = jsonscan_string(s, p, end);
	if (p == NULL)
		return NULL;
	p = jsonscan_space(p, end);
	if (p == end || *p != ':')
		return jsonscan_fail(s, p, "no colon behind a key");
	return p + 1;
}

static inline bool
in_object(const struct jsonscan *s, size_t depth)
{
	return (s->objects[depth / 64] >> (depth % 64) & 1) != 0;
}

static inline void
enter(struct jsonscan *s, size_t depth, bool object)
{
	uint64_t bit = (uint64_t)1 << (depth % 64);

	if (object)
		s->objects[depth / 64] |= bit;
	else
		s->objects[depth / 64] &= ~bit;
}

/*
 * A value at ${*depth} has ended.  Close what closes here; if a comma says that
 * another value follows, return where it has to begin, *depth > 0.
 */
static const char *
skip_closing(struct jsonscan *s, const char *p, const char *end, size_t *depth)
{
	while (*depth > 0) {
		bool object = in_object(s, *depth);

		p = jsonscan_space(p, end);
		if (p < end && *p == ',')
			return object ? skip_key(s, p + 1, end) : p + 1;
		if (p == end || *p != (object ? '}' : ']'))
			return jsonscan_fail(s, p,
					     object ? "no comma and no end of the object"
						    : "no comma and no end of the array");
		p++;
		(*depth)--;
	}
	return p;
}

const char *
jsonscan_value(struct jsonscan *s, const char *p, const char *end)
{
	size_t depth = 0;

	do {
		p = jsonscan_space(p, end);
		if (p < end && (*p == '{' || *p == '[')) {
			bool object = *p == '{';

			if (depth == JSONSCAN_DEPTH)
				return jsonscan_fail(s, p, "nesting deeper than 100000");
			enter(s, ++depth, object);
			p = jsonscan_space(p + 1, end);
			if (p == end || *p != (object ? '}' : ']')) {
				if (object)
					p = skip_key(s, p, end);
				continue;
			}
		} else {
			p = skip_scalar(s, p, end);
		}
		if (p != NULL)
			p = skip_closing(s, p, end, &depth);
	} while (p != NULL && depth > 0);
	return p;
}
