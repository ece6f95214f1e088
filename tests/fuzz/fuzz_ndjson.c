/*
 * The NDJSON reader against jansson: both accept the same lines and see the same
 * values; and what the writer makes of the rows is JSON with these values again.
 * The first byte of an input chooses the columns' types, the rest is a line.
 * Odd first bytes turn the game around: the rest is COPY text for the writer.
 *
 * Where jansson is narrower by its own limits (doubles, 2048 levels, no \u0000
 * and surrogates inside nested values) there is nothing to compare.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"
#include "common/ndjson/jsonscan.h"
#include "common/ndjson/ndjson.h"
#include "common/rows/copytext.h"
#include "common/schema/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, \
				#condition); \
			abort(); \
		} \
	} while (0)

static const char *const types[] = {"text",    "json",   "text[]",   "numeric",
				    "boolean", "json[]", "integer[]"};

#define NTYPES (sizeof(types) / sizeof(types[0]))

static void
set_types(struct schema *s, unsigned seed)
{
	size_t i;

	for (i = 0; i < s->ncolumns; i++) {
		const char *type = types[(seed + i) % NTYPES];

		s->columns[i].type = intern(type);
		s->columns[i].base = intern(type);
	}
}

/* Put the columns in another order than the line's keys, or take the last one away. */
static unsigned
rearrange(struct schema *s, unsigned seed)
{
	size_t i;

	for (i = 0; seed % 2 == 1 && i < s->ncolumns / 2; i++) {
		struct schema_column c = s->columns[i];

		s->columns[i] = s->columns[s->ncolumns - 1 - i];
		s->columns[s->ncolumns - 1 - i] = c;
	}
	if (seed / 2 % 2 == 0 || s->ncolumns == 0)
		return 0;
	s->ncolumns--;
	return NDJSON_IGNORE;
}

static bool
is_inline(const char *type)
{
	return strncmp(type, "json", 4) == 0;
}

static bool
has_object(const json_t *array)
{
	size_t i;

	for (i = 0; i < json_array_size(array); i++) {
		const json_t *v = json_array_get(array, i);

		if (json_is_object(v) || (json_is_array(v) && has_object(v)))
			return true;
	}
	return false;
}

/* Does a column of ${type} take the value? */
static bool
fits(const char *type, const json_t *v)
{
	if (strcmp(type, "json") == 0)
		return true;
	if (json_is_object(v))
		return false;
	if (!json_is_array(v))
		return true;
	if (strcmp(type, "json[]") == 0)
		return true;
	return strstr(type, "[]") != NULL && !has_object(v);
}

/* Equal, where numbers, words and strings may stand for each other. */
static bool
alike(const json_t *a, const json_t *b)
{
	size_t i;

	if (json_is_array(a) && json_is_string(b))
		return true; /* no JSON array says what this one does in SQL: {{}} */
	if (json_is_array(a)) {
		if (!json_is_array(b) || json_array_size(a) != json_array_size(b))
			return false;
		for (i = 0; i < json_array_size(a); i++)
			if (!alike(json_array_get(a, i), json_array_get(b, i)))
				return false;
		return true;
	}
	if (json_is_string(a) && json_is_string(b))
		return json_equal(a, b);
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	if (json_is_number(a) && json_is_string(b))
		return json_number_value(a) == strtod(json_string_value(b), NULL);
	if (json_is_boolean(a) && json_is_string(b))
		return strncmp(json_string_value(b), json_is_true(a) ? "true" : "false", 1) ==
		       0;
	return json_is_string(a) || json_typeof(a) == json_typeof(b);
}

/* The row that the reader made, written again, has the values that jansson saw. */
static void
compare_row(const struct schema *s, const struct buf *row, const json_t *seen)
{
	struct ndjson_writer *w = ndjson_writer_new(s, 0);
	struct buf line = BUF_INIT;
	struct err e = ERR_INIT;
	json_error_t why;
	json_t *again;
	size_t i;

	MUST(ndjson_writer_rows(w, row->data, row->len, &line, &e) == 0);
	again = json_loadb(line.data, line.len, JSON_DECODE_INT_AS_REAL, &why);
	MUST(again != NULL);
	for (i = 0; i < s->ncolumns; i++) {
		const json_t *a = json_object_get(seen, s->columns[i].name);
		const json_t *b = json_object_get(again, s->columns[i].name);

		MUST(a != NULL && b != NULL);
		if (strcmp(s->columns[i].type, "json") == 0)
			MUST(json_equal(a, b));
		else if (json_is_array(a) && is_inline(s->columns[i].type))
			MUST(json_equal(a, b));
		else if (!json_is_string(a) || json_is_string(b))
			MUST(strstr(s->columns[i].type, "[]") != NULL && json_is_string(a)
				     ? true
				     : alike(a, b));
	}
	json_decref(again);
	buf_release(&line);
	ndjson_writer_free(w);
}

/* Reasons of jansson's that are none of ours, or not everywhere. */
static bool
is_beyond_jansson(const json_error_t *why)
{
	switch (json_error_code(why)) {
	case json_error_numeric_overflow:
	case json_error_stack_overflow:
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return true;
	default:
		return strstr(why->text, "invalid Unicode") != NULL ||
		       strstr(why->text, "\\u0000 is not allowed") != NULL;
	}
}

static int
take_columns(struct schema *s, const char *line, size_t len, struct err *e)
{
	struct ndjson_sample *sample = ndjson_sample_new(s, false);
	int rc = ndjson_sample_line(sample, line, len, e);

	ndjson_sample_free(sample);
	return rc;
}

static void
read_line(unsigned seed, const char *line, size_t len)
{
	struct err e = ERR_INIT, e2 = ERR_INIT;
	struct schema schema, *s = &schema;
	struct ndjson_reader *r;
	struct buf row = BUF_INIT;
	json_error_t why;
	json_t *seen = json_loadb(line, len, JSON_DECODE_INT_AS_REAL, &why);
	bool fit = true;
	size_t i, known;
	unsigned flags;
	int rc;

	schema_init(s);
	if (take_columns(s, line, len, &e) != 0) { /* then nobody may find it valid */
		json_t *strict = json_loadb(
			line, len, JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, &why);

		MUST(!json_is_object(strict) || memchr(line, '\0', len) != NULL);
		json_decref(strict);
		json_decref(seen);
		schema_release(s);
		err_release(&e);
		return;
	}
	MUST(json_is_object(seen) || is_beyond_jansson(&why));
	known = s->ncolumns;
	flags = rearrange(s, seed / NTYPES) | (seed % 2 == 0 ? NDJSON_EXACT : 0);
	set_types(s, seed);
	r = ndjson_reader_new(s, flags);
	rc = ndjson_reader_line(r, line, len, &row, &e2);
	MUST((rc == 0) == (e2.code == EXIT_DONE));
	MUST(rc == 0 ? row.len > 0 && row.data[row.len - 1] == '\n' : row.len == 0);
	if (seen != NULL) {
		MUST(json_object_size(seen) == known);
		for (i = 0; i < s->ncolumns; i++)
			fit = fit && fits(s->columns[i].type,
					  json_object_get(seen, s->columns[i].name));
		MUST((rc == 0) == fit);
		if (rc == 0)
			compare_row(s, &row, seen);
	}
	json_decref(seen);
	ndjson_reader_free(r);
	buf_release(&row);
	schema_release(s);
	err_release(&e2);
}

static bool
is_text(const char *value, size_t len)
{
	const char *p = value, *end = value + len;

	while (p < end) {
		size_t n = (unsigned char)*p < 0x80 ? 1 : utf8_char(p, end);

		if (n == 0 || *p == '\0')
			return false;
		p += n;
	}
	return true;
}

/* A field of COPY text as a value and NULL, or false if it is no text. */
static bool
value_of(const char *field, size_t len, struct buf *value)
{
	value->len = 0;
	value->len = copytext_unescape(buf_reserve(value, len + 1), field, len);
	return is_text(value->data, value->len);
}

/* Rows of one text column, to JSON and back. */
static void
write_rows(const char *rows, size_t len)
{
	struct schema schema, *s = &schema;
	struct ndjson_writer *w;
	struct ndjson_reader *r;
	struct buf line = BUF_INIT, back = BUF_INIT, a = BUF_INIT, b = BUF_INIT;
	struct err e = ERR_INIT;
	const char *p = rows, *end = rows + len;

	schema_init(s);
	schema_add_column(s, "c", "text", NULL);
	w = ndjson_writer_new(s, 0);
	r = ndjson_reader_new(s, 0);
	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)(stop - p);
		int rc;

		line.len = back.len = 0;
		MUST(ndjson_writer_rows(w, p, n + 1, &line, &e) == 0);
		MUST(line.len > 0 &&
		     memchr(line.data, '\n', line.len) == line.data + line.len - 1);
		rc = ndjson_reader_line(r, line.data, line.len - 1, &back, &e);
		err_release(&e);
		if (copytext_is_null(p, n)) {
			MUST(rc == 0 && back.len == 3 && memcmp(back.data, "\\N\n", 3) == 0);
		} else if (value_of(p, n, &a)) {
			MUST(rc == 0);
			MUST(!copytext_is_null(back.data, back.len - 1));
			MUST(value_of(back.data, back.len - 1, &b));
			MUST(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
		} else {
			MUST(rc != 0);
		}
		p = stop + 1;
	}
	ndjson_writer_free(w);
	ndjson_reader_free(r);
	schema_release(s);
	buf_release(&line);
	buf_release(&back);
	buf_release(&a);
	buf_release(&b);
}

/* Any COPY text and any types: whatever comes of it, memory stays sound. */
static void
write_anything(unsigned seed, const char *rows, size_t len)
{
	static const char *const names[] = {"a", "b", "c"};
	struct schema schema, *s = &schema;
	struct ndjson_writer *w;
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	size_t i;

	schema_init(s);
	for (i = 0; i < seed % 4; i++)
		schema_add_column(s, names[i], "", NULL);
	set_types(s, seed / 4);
	w = ndjson_writer_new(s, 0);
	if (ndjson_writer_rows(w, rows, len, &out, &e) != 0)
		MUST(e.code == EXIT_DATA);
	err_release(&e);
	ndjson_writer_free(w);
	schema_release(s);
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *p;

	if (size == 0)
		return 0;
	text = xmalloc(size); /* without the first byte, with a newline */
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\n';
	if (data[0] % 2 == 1) {
		for (p = text; data[0] % 4 == 1 && p < text + size; p++)
			if (*p == '\t')
				*p = ' ';
		if (data[0] % 4 == 1)
			write_rows(text, size);
		else
			write_anything(data[0] / 4, text, size);
	} else {
		for (p = text; p < text + size; p++)
			if (*p == '\n')
				*p = ' ';
		read_line(data[0] / 2, text, size - 1);
	}
	free(text);
	return 0;
}
