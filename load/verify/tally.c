/*
 * Counting costs nothing; keys and names of columns are only made where somebody asks for
 * them.
 */
#include "load/verify/tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/xalloc.h"
#include "common/rows/copytext.h"
#include "common/schema/schema.h"
#include "load/match/plan.h"
#include "load/value/pgvalue.h"
#include "load/verify/compared.h"
#include "load/sides/tuple.h"
#include "load/verify/differing.h"

bool
tally_differs(const struct receipt_verified *counts)
{
	return counts->missing + counts->extra + counts->different > 0;
}

void
tally_add_counts(const struct receipt_verified *counts, struct buf *b)
{
	buf_addf(b, "%" PRIu64 " missing, ", counts->missing);
	if (counts->extras)
		buf_addf(b, "%" PRIu64 " extra, ", counts->extra);
	buf_addf(b, "%" PRIu64 " different, %" PRIu64 " equal", counts->different,
		 counts->equal);
}

static void
count(struct tally *t, enum difference kind)
{
	switch (kind) {
	case DIFFERENCE_MISSING:
		t->counts.missing++;
		break;
	case DIFFERENCE_EXTRA:
		t->counts.extra++;
		break;
	case DIFFERENCE_DIFFERENT:
		t->counts.different++;
		break;
	}
}

static const char *
name_of(const struct tally *t, size_t i)
{
	return t->c->plan->columns[i].target;
}

static bool
is_asked(const struct tally *t)
{
	return t->differences != NULL || t->differing != NULL;
}

/* Write down what is known of a row; ${key} and ${columns} are taken. */
static int
write_down(struct tally *t, enum difference kind, json_t *key, json_t *columns, struct err *e)
{
	if (t->differing != NULL && !t->by_row)
		differing_add(t->differing, t->c, key);
	else if (t->differing != NULL)
		differing_whole(t->differing);
	if (t->differences != NULL)
		return differences_add(t->differences, kind, t->c->name, key, columns, e);
	json_decref(key);
	json_decref(columns);
	return 0;
}

/* What is not UTF-8 is no JSON, and so no key that could be asked for. */
static json_t *
value_of(const struct tally *t, const char *type, const char *text, size_t len)
{
	json_t *value = differences_value(type, text, len);

	if (t->differing != NULL && text != NULL && json_is_string(value) &&
	    (json_string_length(value) != len ||
	     memcmp(json_string_value(value), text, len) != 0))
		differing_whole(t->differing);
	return value;
}

/* A value in the stream's form, as JSON. */
static json_t *
value_json(const struct tally *t, size_t i, const struct tuple_field *f)
{
	char *type = compared_type(t->c, i);
	struct buf text = BUF_INIT;
	json_t *value = NULL;

	if (f->data == NULL) {
		value = json_null();
	} else if (t->c->plan->text) {
		text.len = copytext_unescape(buf_reserve(&text, f->len + 1), f->data, f->len);
	} else {
		struct pgvalue *v = pgvalue_new(type, t->c->plan->schema->types);

		if (v == NULL || pgvalue_text(v, f->data, f->len, &text) != 0)
			value = json_null(); /* none that is of a key in this form */
		pgvalue_free(v);
	}
	if (value == NULL)
		value = value_of(t, type, buf_cstr(&text), text.len);
	buf_release(&text);
	free(type);
	return value;
}

static json_t *
key_json(const struct tally *t, const char *row, const char *end)
{
	json_t *key = json_object();
	size_t i;

	for (i = 0; i < t->c->nkey; i++) {
		struct tuple_field f = {.data = NULL};
		size_t column = t->c->key[i];

		if (tuple_find(t->c->plan->text, row, end, compared_field(t->c, column), &f))
			json_object_set_new(key, name_of(t, column), value_json(t, column, &f));
	}
	return key;
}

static bool
is_equal(const struct tuple_field *a, const struct tuple_field *b)
{
	if (a->data == NULL || b->data == NULL)
		return a->data == b->data;
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static json_t *
columns_json(const struct tally *t, const char *a, const char *a_end, const char *b,
	     const char *b_end)
{
	bool text = t->c->plan->text;
	struct tuple_field left, right;
	json_t *list = json_array();
	size_t field;

	a = tuple_first(text, a);
	b = tuple_first(text, b);
	for (field = 0;
	     tuple_next(text, &a, a_end, &left) && tuple_next(text, &b, b_end, &right); field++)
		if (!is_equal(&left, &right))
			json_array_append_new(
				list, jsontext(name_of(t, compared_column(t->c, field))));
	return list;
}

int
tally_row(struct tally *t, enum difference kind, const char *row, const char *end,
	  const char *other, const char *other_end, struct err *e)
{
	count(t, kind);
	if (!is_asked(t))
		return 0;
	return write_down(t, kind, key_json(t, row, end),
			  other != NULL ? columns_json(t, row, end, other, other_end) : NULL,
			  e);
}

/* ---- rows that the server has found ---- */

/* The text of a composite value's field at ${*p} (record_out()), which moves on behind it. */
static const char *
next_attribute(const char **p, const char *end, struct buf *value)
{
	bool quoted = false, empty = true;

	value->len = 0;
	for (; *p < end && (quoted || (**p != ',' && **p != ')')); (*p)++) {
		empty = false;
		if (**p == '"' && quoted && end - *p > 1 && (*p)[1] == '"')
			buf_addc(value, *++*p);
		else if (**p == '"')
			quoted = !quoted;
		else if (**p == '\\' && end - *p > 1)
			buf_addc(value, *++*p);
		else
			buf_addc(value, **p);
	}
	if (*p < end)
		(*p)++;
	return empty ? NULL : buf_cstr(value);
}

static json_t *
row_json(const struct tally *t, const char *row, size_t len)
{
	const struct plan *plan = t->c->plan;
	struct buf whole = BUF_INIT, value = BUF_INIT;
	json_t *doc = json_object();
	const char *p, *end;
	size_t i;

	whole.len = copytext_unescape(buf_reserve(&whole, len + 1), row, len);
	p = whole.data + 1; /* the parenthesis */
	end = whole.data + whole.len;
	for (i = 0; i < plan->ncolumns; i++) {
		const char *text;
		char *type;

		if (plan->columns[i].target == NULL)
			continue;
		text = next_attribute(&p, end, &value);
		type = compared_type(t->c, i);
		json_object_set_new(doc, name_of(t, i),
				    differences_value(type, text, value.len));
		free(type);
	}
	buf_release(&whole);
	buf_release(&value);
	return doc;
}

/* The fields at ${*p} are the key's. */
static json_t *
read_key(const struct tally *t, const char **p, const char *end)
{
	json_t *key = json_object();
	struct tuple_field f;
	size_t i;

	for (i = 0; i < t->c->nkey && tuple_next(true, p, end, &f); i++) {
		char *type = compared_type(t->c, t->c->key[i]);
		char *text = f.data != NULL ? xmalloc(f.len + 1) : NULL;
		size_t len = text != NULL ? copytext_unescape(text, f.data, f.len) : 0;

		json_object_set_new(key, name_of(t, t->c->key[i]),
				    value_of(t, type, text, len));
		free(text);
		free(type);
	}
	return key;
}

static json_t *
read_columns(const struct tally *t, const char *p, const char *end)
{
	json_t *list = json_array();
	char *text = xstrndup(p, (size_t)(end - p)), *at = text;

	while (*at != '\0') {
		size_t field = strtoul(at, &at, 10);

		json_array_append_new(list, jsontext(name_of(t, compared_column(t->c, field))));
		at += *at == ',';
	}
	free(text);
	return list;
}

int
tally_merged(void *arg, enum merge_kind kind, const char *row, const char *end,
	     const char *other, const char *other_end, struct err *e)
{
	static const enum difference kinds[] = {
		[MERGE_MISSING] = DIFFERENCE_MISSING,
		[MERGE_EXTRA] = DIFFERENCE_EXTRA,
		[MERGE_DIFFERENT] = DIFFERENCE_DIFFERENT,
	};
	struct tally *t = arg;

	if (kind == MERGE_EXTRA && !t->c->extras)
		return 0;
	return tally_row(t, kinds[kind], row, end, other, other_end, e);
}

int
tally_text(struct tally *t, enum difference kind, const char *row, size_t len, struct err *e)
{
	const char *p = row, *end = row + len;
	json_t *key, *columns = NULL;

	count(t, kind);
	if (!is_asked(t))
		return 0;
	if (t->by_row) {
		key = row_json(t, row, len);
	} else {
		key = read_key(t, &p, end);
		if (kind == DIFFERENCE_DIFFERENT)
			columns = read_columns(t, p, end);
	}
	return write_down(t, kind, key, columns, e);
}
