/*
 * JSON text, token by token, as strictly as RFC 8259 has it and without
 * recursion: where does a string, a number, a whole value end?  Numbers stay
 * text.  Raw bytes must be valid UTF-8; \u escapes must have four hex digits,
 * but what they say (lone surrogates, \u0000) is for whoever decodes them.
 * Newlines count as damage, for a line has none.
 */
#ifndef COMMON_JSONSCAN_H
#define COMMON_JSONSCAN_H

#include <stddef.h>
#include <stdint.h>

#define JSONSCAN_DEPTH 100000 /* arrays and objects inside each other; servers take 10,000 */

struct jsonscan {
	const char *what;                          /* after a failure: what is wrong */
	const char *at;                            /* and where */
	uint64_t objects[JSONSCAN_DEPTH / 64 + 1]; /* a bit a level: object or array */
};

/*
 * jsonscan_space(p, end):
 * Skip blanks, tabs and carriage returns.
 */
static inline const char *
jsonscan_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/*
 * jsonscan_hex4(p, end):
 * Return the value of the four hex digits at ${p}, or -1.
 */
int jsonscan_hex4(const char *p, const char *end);

static inline const char *
jsonscan_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/*
 * jsonscan_number(p, end):
 * Return the end of the number that starts at ${p}, or NULL if there is none.
 */
static inline const char *
jsonscan_number(const char *p, const char *end)
{
	const char *start;

	if (p < end && *p == '-')
		p++;
	start = p;
	p = jsonscan_digits(p, end);
	if (p == start || (*start == '0' && p > start + 1))
		return NULL;
	if (p < end && *p == '.') {
		start = ++p;
		p = jsonscan_digits(p, end);
		if (p == start)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		start = p;
		p = jsonscan_digits(p, end);
		if (p == start)
			return NULL;
	}
	return p;
}

/*
 * jsonscan_string(s, p, end):
 * Return what follows the string whose opening quote is at ${p}.  NULL with
 * ${s} saying why on failure.
 */
const char *jsonscan_string(struct jsonscan *s, const char *p, const char *end);

/*
 * jsonscan_value(s, p, end):
 * Return what follows the value that starts at ${p}, of whatever kind and
 * depth up to JSONSCAN_DEPTH.  NULL with ${s} saying why on failure.
 */
const char *jsonscan_value(struct jsonscan *s, const char *p, const char *end);

/*
 * jsonscan_fail(s, at, what):
 * Note a failure; returns NULL.
 */
const char *jsonscan_fail(struct jsonscan *s, const char *at, const char *what);

#endif /* COMMON_JSONSCAN_H */
