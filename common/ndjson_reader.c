/*
 * JSON lines to COPY text.  Keys are expected in the order of the row before
 * and compared as bytes; only a surprise is decoded and looked up.  As long as
 * columns come in the schema's order, possibly with gaps, a value is written
 * where it belongs at once; else the line is read again, value by value into a
 * buffer, and put in order at its end.
 *
 * Room is reserved for a field as long as its JSON; inline JSON and arrays, which
 * may grow, ask for more.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/copytext.h"
#include "common/err.h"
#include "common/jsonscan.h"
#include "common/ndjson.h"
#include "common/ndjson_array.h"
#include "common/ndjson_string.h"
#include "common/ndjson_type.h"
#include "common/schema.h"
#include "common/textrun.h"
#include "common/xalloc.h"

#define NONE ((size_t)-1)
#define NULL_FIELD 3 /* bytes: \N and a tab */

struct column {
	const char *name; /* borrowed from the schema */
	size_t key;       /* where in keys its `"name":` is */
	size_t key_len;   /* bytes */
	size_t follower;  /* the column that came behind this one last time */
	struct ndjson_type type;
	bool drop;     /* to be checked but not written */
	uint64_t seen; /* the number of the last line that had it */
	size_t at;     /* out of order: where its value is, NONE: nowhere */
	size_t len;
};

/* Where we are: the next byte to write, the next to read (NULL: a failure). */
struct pen {
	char *dst;
	const char *src;
};

struct ndjson_reader {
	const struct schema *schema;
	unsigned flags;
	struct column *columns;
	size_t ncolumns;
	size_t first;      /* the column that came first last time */
	bool shuffled;     /* the last line was not in the schema's order */
	struct buf keys;   /* of all columns */
	size_t *slots;     /* hash table of column numbers, NONE: free */
	size_t mask;       /* slots - 1 */
	struct buf values; /* of a line out of order */
	struct buf name;   /* a key that was not foreseen, decoded */
	uint64_t line;     /* number of the current line */
	const char *start; /* of the current line */
	const char *end;
	struct err *e; /* of the current call */
	struct jsonscan scan;
};

static size_t
hash(const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

/* Where in the table ${name} is, or would be. */
static size_t
find_slot(const struct ndjson_reader *r, const char *name, size_t len)
{
	size_t i = hash(name, len) & r->mask;

	while (r->slots[i] != NONE) {
		const char *other = r->columns[r->slots[i]].name;

		if (strlen(other) == len && memcmp(other, name, len) == 0)
			break;
		i = (i + 1) & r->mask;
	}
	return i;
}

static void
index_columns(struct ndjson_reader *r)
{
	size_t i, n = 8;

	while (n < r->ncolumns * 2)
		n *= 2;
	r->mask = n - 1;
	r->slots = xmalloc(n * sizeof(*r->slots));
	for (i = 0; i < n; i++)
		r->slots[i] = NONE;
	for (i = 0; i < r->ncolumns; i++)
		r->slots[find_slot(r, r->columns[i].name, strlen(r->columns[i].name))] = i;
}

struct ndjson_reader *
ndjson_reader_new(const struct schema *schema, unsigned flags)
{
	struct ndjson_reader *r = xcalloc(1, sizeof(*r));
	size_t i;

	r->schema = schema;
	r->flags = flags;
	r->ncolumns = schema->ncolumns;
	r->columns = xcalloc(r->ncolumns, sizeof(*r->columns));
	for (i = 0; i < r->ncolumns; i++) {
		struct column *c = &r->columns[i];

		c->name = schema->columns[i].name;
		c->type = ndjson_type_of(schema, i, flags);
		c->follower = i + 1;
		c->key = r->keys.len;
		ndjson_string_key(&r->keys, c->name);
		c->key_len = r->keys.len - c->key;
	}
	index_columns(r);
	return r;
}

void
ndjson_reader_select(struct ndjson_reader *r, const bool *keep)
{
	size_t i;

	for (i = 0; i < r->ncolumns; i++)
		r->columns[i].drop = !keep[i];
}

void
ndjson_reader_free(struct ndjson_reader *r)
{
	if (r == NULL)
		return;
	buf_release(&r->keys);
	buf_release(&r->values);
	buf_release(&r->name);
	free(r->columns);
	free(r->slots);
	free(r);
}

/* Say what is wrong at ${at}, in the value of column ${c} if that is not NULL. */
static const char *__attribute__((format(printf, 4, 5)))
fail(struct ndjson_reader *r, const char *at, const struct column *c, const char *fmt, ...)
{
	char *what;
	va_list ap;

	va_start(ap, fmt);
	what = xvasprintf(fmt, ap);
	va_end(ap);
	if (c != NULL)
		err_set(r->e, EXIT_STREAM, "byte %td: column \"%s\": %s", at - r->start + 1,
			c->name, what);
	else
		err_set(r->e, EXIT_STREAM, "byte %td: %s", at - r->start + 1, what);
	free(what);
	return NULL;
}

/* Pass the scanner's complaint on. */
static const char *
fail_scan(struct ndjson_reader *r, const struct column *c)
{
	return fail(r, r->scan.at, c, "%s", r->scan.what);
}

/* ---- keys ---- */

static const char *
unknown_key(struct ndjson_reader *r, const char *at)
{
	fail(r, at, NULL, "key \"%.*s\" is not one of the stream's columns", (int)r->name.len,
	     r->name.data);
	if ((r->flags & NDJSON_BARE) == 0)
		err_hint(r->e, "The stream's header names the columns; rows that are edited on "
			       "the way may lose some but not gain any.");
	else if (r->name.len == 6 && memcmp(r->name.data, "$portl", 6) == 0)
		err_hint(r->e, "This is a line of an envelope whose first line is missing.");
	else
		err_hint(r->e, "The first line of a bare stream decides its columns; name all "
			       "of them with --columns=LIST.");
	return NULL;
}

/* The key at ${p} was not foreseen: decode it and look it up. */
static const char *
find_key(struct ndjson_reader *r, const char *p, size_t *column)
{
	const char *stop, *start = p;
	char *dst;

	if (p == r->end || *p != '"')
		return fail(r, p, NULL, "no key in quotes");
	stop = jsonscan_string(&r->scan, p, r->end);
	if (stop == NULL)
		return fail_scan(r, NULL);
	r->name.len = 0;
	dst = buf_reserve(&r->name, (size_t)(stop - p) + TEXTRUN_SLACK);
	if (ndjson_string_plain(&r->scan, p, stop, &dst) == NULL)
		return fail_scan(r, NULL);
	r->name.len = (size_t)(dst - r->name.data);
	p = jsonscan_space(stop, r->end);
	if (p == r->end || *p != ':')
		return fail(r, p, NULL, "no colon behind a key");
	*column = r->slots[find_slot(r, r->name.data, r->name.len)];
	if (*column == NONE && (r->flags & NDJSON_IGNORE) == 0)
		return unknown_key(r, start);
	return p + 1;
}

/* The key at ${p}, of the member behind that of column ${previous} (NONE: the first). */
static inline const char *
read_key(struct ndjson_reader *r, const char *p, size_t previous, size_t *column)
{
	size_t *guess = previous == NONE ? &r->first : &r->columns[previous].follower;

	if (*guess < r->ncolumns) {
		const struct column *c = &r->columns[*guess];

		if ((size_t)(r->end - p) >= c->key_len &&
		    memcmp(p, r->keys.data + c->key, c->key_len) == 0) {
			*column = *guess;
			return p + c->key_len;
		}
	}
	p = find_key(r, p, column);
	if (p != NULL && *column != NONE)
		*guess = *column;
	return p;
}

/* ---- values ---- */

/* Make room for ${extra} bytes and all that is left of the line. */
static struct pen
widen(const struct ndjson_reader *r, struct buf *out, struct pen at, size_t extra)
{
	out->len = (size_t)(at.dst - out->data);
	at.dst = buf_reserve(out, (size_t)(r->end - at.src) + extra + r->ncolumns * NULL_FIELD +
					  TEXTRUN_SLACK);
	return at;
}

static struct pen
read_json(struct ndjson_reader *r, const struct column *c, struct buf *out, struct pen at)
{
	const char *stop = jsonscan_value(&r->scan, at.src, r->end);

	if (stop == NULL) {
		at.src = fail_scan(r, c);
		return at;
	}
	if ((r->flags & NDJSON_EXACT) != 0) {
		while (at.src[-1] != ':') /* white space before the value */
			at.src--;
		stop = jsonscan_space(stop, r->end);
	}
	out->len = (size_t)(at.dst - out->data);
	copytext_escape(out, at.src, (size_t)(stop - at.src));
	return widen(r, out, (struct pen){out->data + out->len, stop}, 0);
}

static struct pen
read_array(struct ndjson_reader *r, const struct column *c, struct buf *out, struct pen at)
{
	out->len = (size_t)(at.dst - out->data);
	at.src = ndjson_array_read(&c->type, &r->scan, at.src, r->end, out);
	if (at.src == NULL) {
		at.src = fail_scan(r, c);
		return at;
	}
	at.dst = out->data + out->len;
	return widen(r, out, at, 0);
}

/* An object or an array, where JSON or an array is at home. */
static struct pen
read_nested(struct ndjson_reader *r, const struct column *c, struct buf *out, struct pen at)
{
	const char *type = r->schema->columns[c - r->columns].type;
	const char *what = *at.src == '[' ? "an array" : "an object";

	if (c->type.form == NDJSON_ARRAY && *at.src == '[')
		return read_array(r, c, out, at);
	if (c->type.form == NDJSON_ANY)
		return read_json(r, c, out, at);
	at.src = fail(r, at.src, c, "%s cannot be a value of type %s", what, type);
	err_hint(r->e,
		 "Objects go into json and jsonb columns, arrays into these and into array "
		 "columns; for other types send the value's text as a string.");
	return at;
}

static inline bool
is_word(const char *p, const char *end, const char *word, size_t len)
{
	return (size_t)(end - p) >= len && memcmp(p, word, len) == 0;
}

static struct pen
read_word(struct ndjson_reader *r, const struct column *c, struct pen at)
{
	static const struct {
		const char *word, *text;
	} words[] = {{"null", "\\N"}, {"true", "true"}, {"false", "false"}};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word), n = strlen(words[i].text);

		if (!is_word(at.src, r->end, words[i].word, len))
			continue;
		if (c->type.form == NDJSON_TRUTH && i > 0)
			n = 1; /* as the server writes it */
		memcpy(at.dst, words[i].text, n);
		at.dst += n;
		at.src += len;
		return at;
	}
	at.src = fail(r, at.src, c, at.src < r->end ? "no JSON value" : "the value is missing");
	return at;
}

static struct pen
read_number(struct ndjson_reader *r, const struct column *c, struct pen at)
{
	const char *stop = jsonscan_number(at.src, r->end);

	if (stop == NULL) {
		at.src = fail(r, at.src, c, "no JSON number");
		return at;
	}
	memcpy(at.dst, at.src, (size_t)(stop - at.src));
	at.dst += stop - at.src;
	at.src = stop;
	return at;
}

/* The value at at.src, as a field of COPY text without what follows a field. */
static inline struct pen
read_value(struct ndjson_reader *r, const struct column *c, struct buf *out, struct pen at)
{
	char first = at.src < r->end ? *at.src : '\0';

	if (c->type.form == NDJSON_JSON && (first != 'n' || (r->flags & NDJSON_BARE) == 0))
		return read_json(r, c, out, at);
	if (first == '"') {
		at.src = ndjson_string_copy(&r->scan, at.src, r->end, &at.dst);
		if (at.src == NULL)
			at.src = fail_scan(r, c);
		return at;
	}
	if (first == '-' || (first >= '0' && first <= '9'))
		return read_number(r, c, at);
	if (first == '{' || first == '[')
		return read_nested(r, c, out, at);
	return read_word(r, c, at);
}

/* ---- rows ---- */

static char *
put_nulls(const struct ndjson_reader *r, char *dst, size_t from, size_t to)
{
	for (; from < to; from++)
		if (!r->columns[from].drop) {
			memcpy(dst, "\\N\t", NULL_FIELD);
			dst += NULL_FIELD;
		}
	return dst;
}

/* Behind a value: 1 with *p at the next key, 0 with *p at the line's end, -1. */
static inline int
read_comma(struct ndjson_reader *r, const char **p)
{
	const char *q = jsonscan_space(*p, r->end);

	if (q == r->end || (*q != ',' && *q != '}')) {
		fail(r, q, NULL, "no comma and no end of the object");
		return -1;
	}
	*p = jsonscan_space(q + 1, r->end);
	if (*q == ',')
		return 1;
	if (*p == r->end)
		return 0;
	fail(r, *p, NULL, "something follows the object");
	return -1;
}

/* The object's opening: as read_comma(). */
static int
read_opening(struct ndjson_reader *r, const char **p)
{
	const char *q = jsonscan_space(r->start, r->end);

	if (q == r->end || *q != '{') {
		fail(r, q, NULL, "a row is a JSON object in braces, and this is none");
		return -1;
	}
	*p = jsonscan_space(q + 1, r->end);
	if (*p == r->end || **p != '}')
		return 1;
	return read_comma(r, p);
}

static struct pen
skip_unknown(struct ndjson_reader *r, struct pen at)
{
	at.src = jsonscan_value(&r->scan, at.src, r->end);
	if (at.src == NULL)
		at.src = fail_scan(r, NULL);
	return at;
}

/* Returns 0, -1, or 1 if a column comes too late to be written where it belongs. */
static int
read_ordered(struct ndjson_reader *r, struct buf *out)
{
	struct pen at = {NULL, r->start};
	size_t next = 0, column = NONE, previous = NONE, start = out->len, from;
	int more = read_opening(r, &at.src);

	at = widen(r, out, (struct pen){out->data + start, at.src}, 0);
	while (more > 0) {
		struct column *c;

		at.src = read_key(r, at.src, previous, &column);
		if (at.src == NULL)
			return -1;
		at.src = jsonscan_space(at.src, r->end);
		if (column == NONE) {
			at = skip_unknown(r, at);
		} else if (column < next) {
			return 1;
		} else {
			c = &r->columns[column];
			at.dst = put_nulls(r, at.dst, next, column);
			next = column + 1;
			previous = column;
			from = (size_t)(at.dst - out->data);
			at = read_value(r, c, out, at);
			*at.dst++ = '\t';
			if (c->drop)
				at.dst = out->data + from;
		}
		if (at.src == NULL)
			return -1;
		more = read_comma(r, &at.src);
	}
	if (more < 0)
		return -1;
	at.dst = put_nulls(r, at.dst, next, r->ncolumns);
	if (at.dst == out->data + start)
		at.dst++;
	at.dst[-1] = '\n';
	out->len = (size_t)(at.dst - out->data);
	return 0;
}

/* Read a line's values into r->values, in whatever order they come.  Returns 0 or -1. */
static int
read_shuffled(struct ndjson_reader *r)
{
	struct buf *out = &r->values;
	struct pen at = {NULL, r->start};
	size_t column = NONE, previous = NONE;
	int more = read_opening(r, &at.src);

	r->line++;
	r->shuffled = false;
	at = widen(r, out, (struct pen){out->data, at.src}, 0);
	while (more > 0) {
		const char *key = at.src;
		struct column *c;

		at.src = read_key(r, key, previous, &column);
		if (at.src == NULL)
			return -1;
		at.src = jsonscan_space(at.src, r->end);
		if (column == NONE) {
			at = skip_unknown(r, at);
		} else {
			c = &r->columns[column];
			if (c->seen == r->line) {
				fail(r, key, c, "the key comes twice");
				return -1;
			}
			c->seen = r->line;
			c->at = (size_t)(at.dst - out->data);
			at = read_value(r, c, out, at);
			c->len = (size_t)(at.dst - out->data) - c->at;
			r->shuffled |= previous != NONE && column < previous;
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

		if (c->drop)
			continue;
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
