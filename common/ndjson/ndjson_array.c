/*
 * Arrays.  Both directions go token by token: nothing but brackets nests in
 * PostgreSQL's array text, so its depth is a number.
 */
#include "common/ndjson/ndjson_parts.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"
#include "common/base/textrun.h"
#include "common/ndjson/jsonscan.h"
#include "common/ndjson/ndjson_string.h"
#include "common/rows/copytext.h"

/* ---- writing ---- */

/* One element of array text. */
struct element {
	const char *text; /* inside the quotes */
	size_t len;       /* bytes */
	bool quoted;      /* then backslashes are escapes */
};

/* Find the element at ${p}; returns what follows it, NULL if it looks like nothing we know. */
static const char *
find_element(const char *p, const char *end, char delimiter, struct element *el)
{
	const char *start = p;

	el->quoted = p < end && *p == '"';
	if (el->quoted) {
		for (p = ++start; p < end && *p != '"'; p++)
			if (*p == '\\')
				p++;
		if (p >= end)
			return NULL;
	} else {
		while (p < end && *p != delimiter && *p != '}') {
			if (strchr("\\\"{ \t\n\r\v\f", *p) != NULL)
				return NULL; /* output functions put such in quotes */
			p++;
		}
		if (p == start || p == end)
			return NULL;
	}
	el->text = start;
	el->len = (size_t)(p - start);
	return el->quoted ? p + 1 : p;
}

static void
add_string(struct buf *out, const struct element *el, bool json)
{
	char *dst = buf_reserve(out, el->len * NDJSON_STRING_GROWTH + 2);
	size_t i;

	if (!json)
		*dst++ = '"';
	for (i = 0; i < el->len; i++) {
		if (el->quoted && el->text[i] == '\\')
			i++;
		if (!json)
			dst = ndjson_string_put(dst, el->text[i]);
		else
			*dst++ = el->text[i] == '\n' || el->text[i] == '\r' ? ' ' : el->text[i];
	}
	if (!json)
		*dst++ = '"';
	out->len = (size_t)(dst - out->data);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Returns -1 if JSON has no way to say it. */
static int
add_element(struct buf *out, const struct element *el, enum ndjson_form form)
{
	const char *end = el->text + el->len;

	if (form == NDJSON_JSON && el->len > 0 && (is_space(el->text[0]) || is_space(end[-1])))
		return -1; /* white space around JSON is the value's */
	if (!el->quoted && el->len == 4 && strncasecmp(el->text, "NULL", 4) == 0) {
		buf_add(out, "null", 4);
		return form == NDJSON_JSON ? -1 : 0;
	}
	if ((form == NDJSON_NUMBER || form == NDJSON_WHOLE) &&
	    jsonscan_number(el->text, end) == end)
		buf_add(out, el->text, el->len);
	else if (form == NDJSON_TRUTH && el->len == 1 && el->text[0] == 't')
		buf_add(out, "true", 4);
	else if (form == NDJSON_TRUTH && el->len == 1 && el->text[0] == 'f')
		buf_add(out, "false", 5);
	else
		add_string(out, el, form == NDJSON_JSON);
	return 0;
}

static int
write_elements(const struct ndjson_type *type, const char *p, const char *end, struct buf *out)
{
	struct element el;
	size_t depth = 0;

	for (;;) {
		while (p < end && *p == '{') {
			buf_addc(out, '[');
			depth++;
			p++;
		}
		if (depth == 0 || (depth > 1 && type->element == NDJSON_JSON))
			return -1;
		if (p == end || *p != '}' || p[-1] != '{' || depth > 1) { /* not {} */
			p = find_element(p, end, type->delimiter, &el);
			if (p == NULL || add_element(out, &el, type->element) != 0)
				return -1;
		}
		while (p < end && *p == '}' && depth > 0) {
			buf_addc(out, ']');
			depth--;
			p++;
		}
		if (depth == 0)
			return p == end ? 0 : -1;
		if (p == end || *p++ != type->delimiter)
			return -1;
		buf_addc(out, ',');
	}
}

int
ndjson_array_write(const struct ndjson_type *type, const char *text, size_t len,
		   struct buf *out)
{
	size_t start = out->len;

	if (write_elements(type, text, text + len, out) == 0)
		return 0;
	out->len = start;
	return -1;
}

/* ---- reading ---- */

/* JSON text as a quoted array element in COPY text. */
static char *
quote_json(char *dst, const char *p, const char *end)
{
	*dst++ = '"';
	while (p < end) {
		p = textrun_copy(&dst, p, end, TEXTRUN_QUOTE);
		if (p == end)
			break;
		if (*p == '"' || *p == '\\') {
			size_t n = *p == '"' ? 2 : 3;

			memset(dst, '\\', n);
			dst += n;
			*dst++ = *p++;
		} else { /* white space is the only control character left */
			*dst++ = '\\';
			*dst++ = *p++ == '\t' ? 't' : 'r';
		}
	}
	*dst++ = '"';
	return dst;
}

/*
 * An element was written between quotes as COPY text: take them away where the
 * server would not write them, so that the text is the server's.  Backslashes are
 * escapes of what needs quotes, but for \b.
 */
static char *
unquote(char *start, char *end, char delimiter)
{
	const char *p, *last = end - 1;
	size_t len = (size_t)(last - (start + 1));

	for (p = start + 1; p < last; p++) {
		if (*p == '\\' && p[1] == 'b')
			p++;
		else if (*p == delimiter || strchr("\"\\{} ", *p) != NULL)
			return end;
	}
	if (len == 0 || (len == 4 && strncasecmp(start + 1, "null", 4) == 0))
		return end;
	memmove(start, start + 1, len);
	return start + len;
}

/* A scalar of checked JSON that is not a string. */
static const char *
read_word(const struct ndjson_type *type, const char *p, char **dst)
{
	bool brief = type->element == NDJSON_TRUTH && (*p == 't' || *p == 'f');
	const char *start = p;

	while (strchr(",] \t\r", *p) == NULL)
		p++;
	if (*start == 'n') {
		memcpy(*dst, "NULL", 4);
		*dst += 4;
	} else if (type->element == NDJSON_WHOLE && *start != 't' && *start != 'f') {
		*dst = ndjson_number_whole(*dst, start, p);
	} else {
		size_t len = brief ? 1 : (size_t)(p - start);

		memcpy(*dst, start, len);
		*dst += len;
	}
	return p;
}

/* One token inside the brackets of JSON that has been checked. */
static const char *
read_token(const struct ndjson_type *type, struct jsonscan *s, const char *p, const char *end,
	   char **dst)
{
	const char *stop;
	char *start = *dst;

	switch (*p) {
	case '[':
	case ']':
	case ',':
		if (type->element == NDJSON_JSON && *p == '[')
			break;
		*(*dst)++ = *p == '[' ? '{' : *p == ']' ? '}' : type->delimiter;
		return p + 1;
	case ' ':
	case '\t':
	case '\r':
		return p + 1;
	default:
		if (type->element == NDJSON_JSON)
			break;
		if (*p == '{')
			return jsonscan_fail(
				s, p, "an object in an array whose elements are not JSON");
		if (*p != '"')
			return read_word(type, p, dst);
		stop = ndjson_string_array(s, p, end, dst);
		if (stop != NULL)
			*dst = unquote(start, *dst, type->delimiter);
		return stop;
	}
	stop = jsonscan_value(s, p, end);
	if (stop != NULL)
		*dst = unquote(start, quote_json(start, p, stop), type->delimiter);
	return stop;
}

const char *
ndjson_array_read(const struct ndjson_type *type, struct jsonscan *s, const char *p,
		  const char *end, struct buf *out)
{
	const char *stop = jsonscan_value(s, p, end);
	char *dst;

	if (stop == NULL)
		return NULL;
	dst = buf_reserve(out, (size_t)(stop - p) * NDJSON_ARRAY_GROWTH + TEXTRUN_SLACK);
	*dst++ = '{';
	p++;
	while (p != NULL && p < stop)
		p = read_token(type, s, p, stop, &dst);
	if (p != NULL)
		out->len = (size_t)(dst - out->data);
	return p;
}
