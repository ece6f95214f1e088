/*
 * The first rows of a bare stream, read for their keys and for what their values are.
 * JSON says more of a value than CSV does: what is in quotes is no number and no boolean,
 * and what is in braces or brackets is JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "common/ndjson/jsonscan.h"
#include "common/ndjson/ndjson.h"
#include "common/ndjson/ndjson_parts.h"
#include "common/ndjson/ndjson_string.h"
#include "common/schema/infer.h"
#include "common/schema/schema.h"

#define BIT(type) (1u << (type))
#define STRINGS \
	(BIT(INFER_DATE) | BIT(INFER_TIMESTAMP) | BIT(INFER_TIMESTAMPTZ) | BIT(INFER_UUID) | \
	 BIT(INFER_TEXT))

struct column {
	struct infer_column values;
	uint64_t line; /* the last one that has the key */
	bool nested;   /* some are objects or arrays, */
	bool loose;    /* and one of these jsonb would not keep, or not as it is */
};

struct ndjson_sample {
	struct schema *schema;  /* borrowed */
	struct column *columns; /* the schema's */
	size_t n;
	bool fixed;    /* no key becomes a column */
	uint64_t line; /* lines so far */
	struct buf name;
	struct jsonscan scan;
};

struct ndjson_sample *
ndjson_sample_new(struct schema *schema, bool fixed)
{
	struct ndjson_sample *s = xcalloc(1, sizeof(*s));

	s->schema = schema;
	s->fixed = fixed;
	return s;
}

void
ndjson_sample_free(struct ndjson_sample *s)
{
	if (s == NULL)
		return;
	buf_release(&s->name);
	free(s->columns);
	free(s);
}

/* ---- values ---- */

/* In a string that has escapes there is nothing but text. */
static bool
is_plain(const char *p, const char *stop)
{
	return memchr(p, '\\', (size_t)(stop - p)) == NULL;
}

/* The value from ${p} to ${stop}, which is no null, as one of the column. */
static void
see(struct column *c, const char *p, const char *stop)
{
	size_t len = (size_t)(stop - p);

	if (*p == '{' || *p == '[') {
		c->nested = true;
		c->loose = c->loose || !infer_fits(INFER_JSONB, p, len);
	} else if (*p != '"') {
		infer_see(&c->values, p, len);
	} else if (is_plain(p, stop)) {
		infer_see(&c->values, p + 1, len - 2);
		c->values.candidates &= STRINGS;
	} else {
		infer_text(&c->values);
	}
}

/* A whole number is one in JSON however it is written: 1e3, 1.0. */
static bool
is_whole(const char *p, const char *stop)
{
	char text[64 + NDJSON_WHOLE_MAX];

	return stop - p <= 64 &&
	       infer_fits(INFER_BIGINT, text,
			  (size_t)(ndjson_number_whole(text, p, stop) - text));
}

/* The server reads exponents, too, and keeps so many digits behind the point at least. */
static bool
is_numeric(const char *p, const char *stop)
{
	const char *e = p;
	char text[8] = "";

	while (e < stop && *e != 'e' && *e != 'E')
		e++;
	if (e == stop || stop - e > (ptrdiff_t)sizeof(text))
		return e == stop && infer_fits(INFER_NUMERIC, p, (size_t)(stop - p));
	memcpy(text, e + 1, (size_t)(stop - e - 1));
	return stop - p <= 1000 && labs(strtol(text, NULL, 10)) <= 1000;
}

bool
ndjson_sample_fits(int type, const char *p, const char *stop)
{
	size_t len = (size_t)(stop - p);

	switch (*p) {
	case 'n':
		return true;
	case '{':
	case '[':
		return type == INFER_JSONB && infer_fits(INFER_JSONB, p, len);
	case '"':
		if (type == INFER_TEXT || type == INFER_JSONB)
			return true;
		return (BIT(type) & STRINGS) != 0 && is_plain(p, stop) &&
		       infer_fits((enum infer_type)type, p + 1, len - 2);
	default:
		if (type == INFER_BIGINT)
			return is_whole(p, stop);
		if (type == INFER_NUMERIC)
			return is_numeric(p, stop);
		return type == INFER_JSONB || infer_fits((enum infer_type)type, p, len);
	}
}

/* ---- keys ---- */

static struct column *
add_column(struct ndjson_sample *s, int position)
{
	size_t want = (size_t)position + 1, had = s->n;

	if (want > s->n) {
		s->n = want > 2 * s->n ? want : 2 * s->n;
		s->columns = xrealloc(s->columns, s->n * sizeof(*s->columns));
		memset(s->columns + had, 0, (s->n - had) * sizeof(*s->columns));
		for (; had < s->n; had++)
			infer_init(&s->columns[had].values);
	}
	return &s->columns[position];
}

/* The key at ${p}; returns what follows its colon, with ${*c} NULL if no column is called so.
 */
static const char *
take_key(struct ndjson_sample *s, const char *p, const char *end, struct column **c)
{
	const char *start = p;
	int position;

	*c = NULL;
	p = ndjson_string_read_key(&s->scan, p, end, &s->name);
	if (p == NULL)
		return NULL;
	position = schema_find(s->schema, buf_cstr(&s->name));
	if (position < 0 && s->fixed)
		return p;
	if (position < 0) {
		if (s->schema->ncolumns == SCHEMA_COLUMNS_MAX)
			return jsonscan_fail(&s->scan, start,
					     "more keys than a stream can have columns");
		position = (int)s->schema->ncolumns;
		schema_add_column(s->schema, buf_cstr(&s->name), "", NULL);
	}
	*c = add_column(s, position);
	if ((*c)->line == s->line)
		return jsonscan_fail(&s->scan, start, "a key that comes twice");
	(*c)->line = s->line;
	return p;
}

static const char *
take_members(struct ndjson_sample *s, const char *p, const char *end)
{
	struct column *c;
	const char *value;

	p = jsonscan_space(p, end);
	if (p == end || *p != '{')
		return jsonscan_fail(&s->scan, p,
				     "a row is a JSON object in braces, and this is none");
	p = jsonscan_space(p + 1, end);
	if (p < end && *p == '}')
		return p + 1;
	for (;;) {
		value = take_key(s, p, end, &c);
		if (value == NULL)
			return NULL;
		value = jsonscan_space(value, end);
		p = jsonscan_value(&s->scan, value, end);
		if (p == NULL)
			return NULL;
		if (c != NULL && *value != 'n')
			see(c, value, p);
		p = jsonscan_space(p, end);
		if (p == end || (*p != ',' && *p != '}'))
			return jsonscan_fail(&s->scan, p, "no comma and no end of the object");
		if (*p++ == '}')
			return p;
		p = jsonscan_space(p, end);
	}
}

static const char *
take_end(struct ndjson_sample *s, const char *p, const char *end)
{
	if (p == NULL)
		return NULL;
	p = jsonscan_space(p, end);
	return p < end ? jsonscan_fail(&s->scan, p, "something follows the object") : p;
}

int
ndjson_sample_line(struct ndjson_sample *s, const char *line, size_t len, struct err *e)
{
	const char *end = line + len, *p;

	/* What is no row has no columns; of the first one it is said how far it is one. */
	p = s->line++ == 0 ? line : jsonscan_value(&s->scan, jsonscan_space(line, end), end);
	if (s->line > 1)
		p = take_end(s, p, end);
	if (p != NULL)
		p = take_end(s, take_members(s, line, end), end);
	if (p != NULL)
		return 0;
	return err_set(e, EXIT_STREAM, "byte %td: %s", s->scan.at - line + 1, s->scan.what);
}

void
ndjson_sample_settle(struct ndjson_sample *s)
{
	size_t i;

	for (i = 0; i < s->schema->ncolumns; i++) {
		const struct column *seen = add_column(s, (int)i);
		struct schema_column *c = &s->schema->columns[i];
		const char *name = infer_name(infer_type(&seen->values));

		if (seen->nested)
			name = seen->loose ? "json" : "jsonb";
		c->type = intern(name);
		c->base = intern(name);
		c->inferred = true;
	}
}
