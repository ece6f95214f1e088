/*
 * A JSON document as a value: {"i":7,"c":DOCUMENT} for a json and a text column.
 *
 *	GOOD    a value is read; a json column gets its text byte by byte
 *	BAD     a value is refused, in a json and in a text column alike
 *	INLINE  left open by the RFC: text of JSON to a json column, refused as text
 *
 * What is an array or an object is nothing for a text column, whatever its rule.
 */
#ifndef TESTS_VALUES_H
#define TESTS_VALUES_H

#include <jansson.h>

#include "common/rows/copytext.h"
#include "tests/unit/rows.h"
#include "tests/unit/tap.h"

enum rule { GOOD, BAD, INLINE };

static bool
values_refused(const char *row)
{
	return strncmp(row, "error: byte ", 12) == 0;
}

/* The rest of the row is well: what is wrong is the value. */
static char *
values_read(const char *type, const char *value, size_t len)
{
	char *list = xasprintf("i integer;c %s", type);
	struct buf line = BUF_INIT;
	char *row;

	buf_adds(&line, "{\"i\":7,\"c\":");
	buf_add(&line, value, len);
	buf_addc(&line, '}');
	row = rows_read(list, NDJSON_EXACT, line.data, line.len);
	buf_release(&line);
	free(list);
	return row;
}

/* The row that a text column gets from a good ${value}; NULL if it takes none such. */
static char *
values_as_text(const char *value, size_t len)
{
	const char *p = value + strspn(value, " ");
	size_t rest = len - (size_t)(p - value);
	struct buf row = BUF_INIT;
	json_t *string;

	if (*p == '[' || *p == '{')
		return NULL;
	buf_adds(&row, "7\t");
	if (*p == '"') {
		string = json_loadb(p, rest, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		copytext_escape(&row, json_string_value(string), json_string_length(string));
		json_decref(string);
	} else if (*p == 'n') {
		buf_adds(&row, "\\N");
	} else {
		while (p[rest - 1] == ' ')
			rest--;
		buf_add(&row, p, rest);
	}
	buf_addc(&row, '\n');
	return buf_detach(&row);
}

/*
 * values_try(rule, value, len, name):
 * Check that ${value} behaves by ${rule}.  It is ${len} bytes that, unless it
 * is BAD, are neither blank nor have a newline.
 */
static void
values_try(enum rule rule, const char *value, size_t len, const char *name)
{
	char *inlined = values_read("json", value, len),
	     *text = values_read("text", value, len);
	char *want = rule == GOOD ? values_as_text(value, len) : NULL;
	struct buf verbatim = BUF_INIT;

	if (rule == BAD) {
		ok(values_refused(inlined), "refused in json: %s: %s", name, inlined);
	} else {
		buf_adds(&verbatim, "7\t");
		copytext_escape(&verbatim, value, len);
		buf_addc(&verbatim, '\n');
		is_str(inlined, buf_cstr(&verbatim), "read as json: %s", name);
	}
	if (want == NULL)
		ok(values_refused(text), "refused in text: %s: %s", name, text);
	else
		is_str(text, want, "read as text: %s", name);
	buf_release(&verbatim);
	free(want);
	free(inlined);
	free(text);
}

#endif /* TESTS_VALUES_H */
