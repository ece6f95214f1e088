/*
 * JSON lines to COPY text.  As long as columns come in the schema's order,
 * possibly with gaps, a value is written where it belongs at once; else the
 * line is read again, value by value into a buffer, and put in order at its
 * end.  The next line is then read in the way that this one needed.
 *
 * Room is reserved for a field as long as its JSON: plain strings and numbers,
 * which are most, never grow.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/textrun.h"
#include "common/base/xalloc.h"
#include "common/ndjson/jsonscan.h"
#include "common/ndjson/ndjson.h"
#include "common/ndjson/ndjson_keys.h"
#include "common/ndjson/ndjson_string.h"
#include "common/ndjson/ndjson_parts.h"
#include "common/schema/infer.h"
#include "common/schema/schema.h"

#define NULL_FIELD 3 /* bytes: \N and a tab */

struct column {
	struct ndjson_type type;
	int inferred;  /* enum infer_type, -1: every value fits */
	uint64_t seen; /* the number of the last line out of order that had it, */
	size_t at;     /* and where its value is in values */
	size_t len;    /* bytes */
};

struct ndjson_reader {
	struct column *columns;
	size_t ncolumns;
	unsigned flags;
	const struct ident_list *beside; /* the schema's */
	struct ndjson_keys keys;
	struct buf name;   /* a key that was not guessed, decoded */
	bool shuffled;     /* the last line was out of order */
	struct buf values; /* of a line out of order */
	uint64_t line;     /* number of lines out of order */
	const char *start; /* of the current line */
	const char *end;
	struct err *e; /* of the current call */
	struct jsonscan scan;
};

/* Where we are: the next byte to write, the next to read (NULL: a failure). */
struct pen {
	char *dst;
	const char *src;
};

struct ndjson_reader *
ndjson_reader_new(const struct schema *schema, unsigned flags)
{
	struct ndjson_reader *r = xcalloc(1, sizeof(*r));
	size_t i;

	r->flags = flags;
	r->beside = &schema->beside;
	r->ncolumns = schema->ncolumns;
	r->columns = xcalloc(r->ncolumns, sizeof(*r->columns));
	for (i = 0; i < r->ncolumns; i++) {
		const struct schema_column *c = &schema->columns[i];

		r->columns[i].type = ndjson_type_of(schema, i, flags);
		r->columns[i].inferred = c->inferred ? infer_find(c->base) : -1;
	}
	ndjson_keys_init(&r->keys, schema);
	return r;
}

void
ndjson_reader_select(struct ndjson_reader *r, const bool *keep)
{
	size_t i;

	for (i = 0; i < r->ncolumns; i++)
		if (!keep[i])
			r->columns[i].inferred = -1;
}

void
ndjson_reader_free(struct ndjson_reader *r)
{
	if (r == NULL)
		return;
	ndjson_keys_release(&r->keys);
	buf_release(&r->values);
	buf_release(&r->name);
	free(r->columns);
	free(r);
}

/* ---- failures ---- */

/* Say what is wrong at ${at}, in the value of ${column} if it is one's. */
static const char *
fail(struct ndjson_reader *r, const char *at, size_t column, const char *what)
{
	err_set(r->e, EXIT_STREAM, "%s", what);
	if (column != NDJSON_NO_COLUMN)
		err_prefix(r->e, "column \"%s\": ", r->keys.keys[column].name);
	err_prefix(r->e, "byte %td: ", at - r->start + 1);
	return NULL;
}

/* Pass the scanner's complaint on. */
static const char *
fail_scan(struct ndjson_reader *r, size_t column)
{
	return fail(r, r->scan.at, column, r->scan.what);
}

/* The column that differs from ${name} in case only, or NULL. */
static const char *
find_other_case(const struct ndjson_reader *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->ncolumns; i++)
		if (strcasecmp(r->keys.keys[i].name, name) == 0)
			return r->keys.keys[i].name;
	return NULL;
}

static const char *
unknown_key(struct ndjson_reader *r, const char *at)
{
	const char *name = buf_cstr(&r->name), *near = find_other_case(r, name);

	err_set(r->e, EXIT_STREAM, "byte %td: key \"%s\" is not one of the stream's columns",
		at - r->start + 1, name);
	if (near != NULL)
		err_hint(r->e,
			 "There is a column \"%s\". Keys are exact; names on the command line "
			 "fold to lower case unless they are in double quotes.",
			 near);
	else if ((r->flags & NDJSON_BARE) == 0)
		err_hint(r->e, "The stream's header names the columns; rows that are edited on "
			       "the way may lose some but not gain any.");
	else if (strcmp(name, "$portl") == 0)
		err_hint(r->e, "This is a line of an envelope whose first line is missing.");
	else if (ident_list_has(r->beside, name))
		err_hint(r->e,
			 "The table has it, but the first line has not, and a row without "
			 "it would not get its default or keep what is there; name all "
			 "columns with --columns=LIST.");
	else
		err_hint(r->e, "The first line of a bare stream (with --infer the first rows) "
			       "decides its columns; name all of them with --columns=LIST.");
	return NULL;
}

/* ---- keys and values ---- */

/* The key at ${p} was not guessed: decode it and look it up. */
static const char *
find_key(struct ndjson_reader *r, const char *p, size_t *column)
{
	const char *stop = ndjson_string_read_key(&r->scan, p, r->end, &r->name);

	if (stop == NULL)
		return fail_scan(r, NDJSON_NO_COLUMN);
	*column = ndjson_keys_find(&r->keys, r->name.data, r->name.len);
	if (*column == NDJSON_NO_COLUMN &&
	    ((r->flags & NDJSON_IGNORE) == 0 || strcmp(buf_cstr(&r->name), "$portl") == 0 ||
	     ident_list_has(r->beside, buf_cstr(&r->name))))
		return unknown_key(r, p);
	return stop;
}

/* The key at ${p}, of the member behind that of column ${previous}; what follows its colon. */
static inline const char *
read_key(struct ndjson_reader *r, const char *p, size_t previous, size_t *column)
{
	size_t *guess = previous == NDJSON_NO_COLUMN ? &r->keys.first
						     : &r->keys.keys[previous].next;

	if (*guess < r->ncolumns && ndjson_keys_is(&r->keys, *guess, p, r->end)) {
		*column = *guess;
		p += r->keys.keys[*guess].len;
	} else {
		p = find_key(r, p, column);
		if (p == NULL)
			return NULL;
		if (*column != NDJSON_NO_COLUMN)
			*guess = *column;
	}
	return jsonscan_space(p, r->end);
}

/* Make room for all that is left of the line. */
static struct pen
make_room(const struct ndjson_reader *r, struct buf *out, const char *src)
{
	size_t room = (size_t)(r->end - src) + r->ncolumns * NULL_FIELD + TEXTRUN_SLACK;

	return (struct pen){buf_reserve(out, room), src};
}

static struct pen
read_other(struct ndjson_reader *r, size_t column, struct buf *out, struct pen at)
{
	out->len = (size_t)(at.dst - out->data);
	at.src = ndjson_value_read(&r->columns[column].type, r->flags, &r->scan, at.src, r->end,
				   out);
	if (at.src != NULL)
		return make_room(r, out, at.src);
	fail_scan(r, column);
	return at;
}

/* Is the value at ${p} what the column's inferred type says?  What is no value is said later.
 */
static bool
fits(struct ndjson_reader *r, size_t column, const char *p)
{
	int type = r->columns[column].inferred;
	const char *stop;

	if (type < 0)
		return true;
	stop = jsonscan_value(&r->scan, p, r->end);
	if (stop == NULL || ndjson_sample_fits(type, p, stop))
		return true;
	err_set(r->e, EXIT_DATA,
		"byte %td: column \"%s\": the value is not of the inferred type %s",
		p - r->start + 1, r->keys.keys[column].name, infer_name((enum infer_type)type));
	err_hint(r->e,
		 "The type was guessed from the first rows. Create the table first, with a "
		 "type that takes all values.");
	return false;
}

/* The value at at.src, as a field of COPY text without what follows a field. */
static inline struct pen
read_value(struct ndjson_reader *r, size_t column, struct buf *out, struct pen at)
{
	char first = at.src < r->end ? *at.src : '\0';
	const char *stop;
	size_t len;

	if (r->columns[column].type.form == NDJSON_JSON)
		return read_other(r, column, out, at);
	if (first == '"') {
		at.src = ndjson_string_copy(&r->scan, at.src, r->end, &at.dst);
		if (at.src == NULL)
			fail_scan(r, column);
		return at;
	}
	if (first != '-' && (first < '0' || first > '9'))
		return read_other(r, column, out, at);
	stop = jsonscan_number(at.src, r->end);
	if (stop == NULL) {
		at.src = fail(r, at.src, column, "no JSON number");
		return at;
	}
	if (r->columns[column].type.form == NDJSON_WHOLE &&
	    jsonscan_digits(at.src + (first == '-'), stop) < stop)
		return read_other(r, column, out, at); /* a point or an exponent */
	len = (size_t)(stop - at.src);
	if (len <= TEXTRUN_SLACK && r->end - at.src >= TEXTRUN_SLACK)
		memcpy(at.dst, at.src, TEXTRUN_SLACK);
	else
		memcpy(at.dst, at.src, len);
	return (struct pen){at.dst + len, stop};
}

/* ---- rows ---- */

static char *
put_nulls(char *dst, size_t from, size_t to)
{
	for (; from < to; from++) {
		*dst++ = '\\';
		*dst++ = 'N';
		*dst++ = '\t';
	}
	return dst;
}

/* Behind a value: 1 with ${*p} at the next key, 0 at the line's end, -1. */
static inline int
read_comma(struct ndjson_reader *r, const char **p)
{
	const char *q = jsonscan_space(*p, r->end);

	if (q == r->end || (*q != ',' && *q != '}')) {
		fail(r, q, NDJSON_NO_COLUMN, "no comma and no end of the object");
		return -1;
	}
	*p = jsonscan_space(q + 1, r->end);
	if (*q == ',')
		return 1;
	if (*p == r->end)
		return 0;
	fail(r, *p, NDJSON_NO_COLUMN, "something follows the object");
	return -1;
}

/* The object's opening: as read_comma(). */
static int
read_opening(struct ndjson_reader *r, const char **p)
{
	const char *q = jsonscan_space(r->start, r->end);

	if (q == r->end || *q != '{') {
		fail(r, q, NDJSON_NO_COLUMN,
		     "a row is a JSON object in braces, and this is none");
		return -1;
	}
	*p = jsonscan_space(q + 1, r->end);
	if (*p == r->end || **p != '}')
		return 1;
	return read_comma(r, p);
}

static const char *
skip_unknown(struct ndjson_reader *r, const char *p)
{
	p = jsonscan_value(&r->scan, p, r->end);
	return p != NULL ? p : fail_scan(r, NDJSON_NO_COLUMN);
}

/* Returns 0, -1, or 1 if a column comes too late to be written where it belongs. */
static int
read_ordered(struct ndjson_reader *r, struct buf *out)
{
	size_t next = 0, column = NDJSON_NO_COLUMN, previous = NDJSON_NO_COLUMN;
	size_t start = out->len;
	struct pen at = {NULL, r->start};
	int more = read_opening(r, &at.src);

	at = make_room(r, out, at.src);
	while (more > 0) {
		at.src = read_key(r, at.src, previous, &column);
		if (at.src == NULL)
			return -1;
		if (column == NDJSON_NO_COLUMN) {
			at.src = skip_unknown(r, at.src);
		} else if (column < next) {
			return 1;
		} else {
			at.dst = put_nulls(at.dst, next, column);
			next = column + 1;
			previous = column;
			if (!fits(r, column, at.src))
				return -1;
			at = read_value(r, column, out, at);
		}
		if (at.src == NULL)
			return -1;
		if (column != NDJSON_NO_COLUMN)
			*at.dst++ = '\t';
		more = read_comma(r, &at.src);
	}
	if (more < 0)
		return -1;
	at.dst = put_nulls(at.dst, next, r->ncolumns);
	if (at.dst == out->data + start)
		at.dst++;
	at.dst[-1] = '\n'; /* instead of the last tab */
	out->len = (size_t)(at.dst - out->data);
	return 0;
}

/* Read a line's values into r->values, in whatever order they come.  Returns 0 or -1. */
static int
read_shuffled(struct ndjson_reader *r)
{
	struct buf *out = &r->values;
	size_t column = NDJSON_NO_COLUMN, previous = NDJSON_NO_COLUMN;
	struct pen at = {NULL, r->start};
	int more = read_opening(r, &at.src);

	r->line++;
	r->shuffled = false;
	out->len = 0;
	at = make_room(r, out, at.src);
	while (more > 0) {
		const char *key = at.src;
		struct column *c;

		at.src = read_key(r, key, previous, &column);
		if (at.src == NULL)
			return -1;
		if (column == NDJSON_NO_COLUMN) {
			at.src = skip_unknown(r, at.src);
		} else {
			c = &r->columns[column];
			if (c->seen == r->line) {
				fail(r, key, column, "the key comes twice");
				return -1;
			}
			c->seen = r->line;
			c->at = (size_t)(at.dst - out->data);
			if (!fits(r, column, at.src))
				return -1;
			at = read_value(r, column, out, at);
			c->len = (size_t)(at.dst - out->data) - c->at;
			r->shuffled |= previous != NDJSON_NO_COLUMN && column < previous;
			previous = column;
		}
		if (at.src == NULL)
			return -1;
		more = read_comma(r, &at.src);
	}
	return more;
}

static void
put_in_order(const struct ndjson_reader *r, struct buf *out)
{
	size_t start = out->len, i;

	for (i = 0; i < r->ncolumns; i++) {
		const struct column *c = &r->columns[i];

		if (c->seen == r->line)
			buf_add(out, r->values.data + c->at, c->len);
		else
			buf_add(out, "\\N", 2);
		buf_addc(out, '\t');
	}
	if (out->len > start)
		out->len--; /* the last tab */
	buf_addc(out, '\n');
}

int
ndjson_reader_line(struct ndjson_reader *r, const char *line, size_t len, struct buf *out,
		   struct err *e)
{
	size_t start = out->len;
	int rc = 1;

	r->start = line;
	r->end = line + len;
	r->e = e;
	if (!r->shuffled)
		rc = read_ordered(r, out);
	if (rc > 0) {
		out->len = start;
		rc = read_shuffled(r);
		if (rc == 0)
			put_in_order(r, out);
	}
	if (rc != 0)
		out->len = start;
	return rc;
}
