/*
 * COPY text to JSON lines.  The two differ little: most escapes are the same
 * two bytes, so a field is moved in runs of ordinary bytes and only looked at
 * where a run stops.  Output room is reserved for a row as long as its text
 * plus keys and quotes; what grows beyond that asks for more (widen()).
 *
 * A row ends in a newline and no raw newline or tab is ever inside a field, so
 * scans that stop at these need no other bound.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/textrun.h"
#include "common/base/xalloc.h"
#include "common/ndjson/jsonscan.h"
#include "common/ndjson/ndjson.h"
#include "common/ndjson/ndjson_parts.h"
#include "common/ndjson/ndjson_string.h"
#include "common/rows/copytext.h"
#include "common/schema/schema.h"

#define SLACK 64      /* bytes of room never counted on, for copies in whole words */
#define KEY_STEP 16   /* keys are copied in steps of so many bytes */
#define FIELD_EXTRA 8 /* bytes around a value: quotes, or "null" for \N */

struct column {
	struct ndjson_type type;
	bool leave_out; /* a SQL NULL leaves the key out, for null is JSON null */
	size_t key;     /* where in keys its `,"name":` is */
	size_t key_len; /* bytes */
};

struct ndjson_writer {
	const struct schema *schema; /* borrowed */
	struct column *columns;
	size_t ncolumns;
	struct buf keys;     /* of all columns, each padded to KEY_STEP */
	size_t overhead;     /* bytes: what a row takes beyond its values */
	uint64_t row;        /* number of the current row */
	struct buf *out;     /* of the current call */
	const char *row_end; /* behind the current row's newline */
	const char *limit;   /* output may fill up to here plus overhead and SLACK */
	struct buf value;    /* a value without its escapes */
	struct jsonscan scan;
};

/* Where we are: the next byte to write, the next to read. */
struct pen {
	char *dst;
	const char *src;
};

struct ndjson_writer *
ndjson_writer_new(const struct schema *schema, unsigned flags)
{
	struct ndjson_writer *w = xcalloc(1, sizeof(*w));
	size_t i;

	w->schema = schema;
	w->ncolumns = schema->ncolumns;
	w->columns = xcalloc(w->ncolumns, sizeof(*w->columns));
	for (i = 0; i < w->ncolumns; i++) {
		struct column *c = &w->columns[i];

		c->type = ndjson_type_of(schema, i, flags);
		c->leave_out = c->type.form == NDJSON_JSON && (flags & NDJSON_BARE) == 0;
		c->key = w->keys.len;
		buf_addc(&w->keys, ',');
		ndjson_string_key(&w->keys, schema->columns[i].name);
		c->key_len = w->keys.len - c->key;
		while (w->keys.len % KEY_STEP != 0)
			buf_addc(&w->keys, ' ');
		w->overhead += c->key_len + FIELD_EXTRA;
	}
	return w;
}

void
ndjson_writer_free(struct ndjson_writer *w)
{
	if (w == NULL)
		return;
	buf_release(&w->keys);
	buf_release(&w->value);
	free(w->columns);
	free(w);
}

/* Make room for ${extra} bytes and all that is left of the row. */
static __attribute__((noinline)) struct pen
widen(struct ndjson_writer *w, struct pen at, size_t extra)
{
	struct buf *out = w->out;

	out->len = (size_t)(at.dst - out->data);
	at.dst = buf_reserve(out, (size_t)(w->row_end - at.src) + extra + w->overhead + SLACK);
	w->limit = out->data + out->cap - w->overhead - SLACK;
	return at;
}

static inline struct pen
put_key(const struct ndjson_writer *w, const struct column *c, struct pen at)
{
	const char *key = w->keys.data + c->key;
	size_t done;

	for (done = 0; done < c->key_len; done += KEY_STEP)
		memcpy(at.dst + done, key + done, KEY_STEP);
	at.dst += c->key_len;
	return at;
}

/* A run has stopped inside a string, not at the field's end: at an escape, a quote, a control.
 */
static inline struct pen
put_stop(struct ndjson_writer *w, struct pen at)
{
	char c = *at.src;

	if (at.dst + (w->row_end - at.src) + NDJSON_STRING_GROWTH > w->limit)
		at = widen(w, at, NDJSON_STRING_GROWTH);
	if (c != '\\') {
		at.src++;
	} else if (at.src[1] == '\\') { /* and most others: the same in JSON */
		memcpy(at.dst, at.src, 2);
		at.dst += 2;
		at.src += 2;
		return at;
	} else {
		at.src = copytext_read_escape(at.src, w->row_end - 1, &c);
	}
	at.dst = ndjson_string_put(at.dst, c);
	return at;
}

static inline struct pen
put_string(struct ndjson_writer *w, struct pen at)
{
	*at.dst++ = '"';
	for (;;) {
		at.src = textrun_copy(&at.dst, at.src, w->row_end, TEXTRUN_QUOTE);
		if (*at.src == '\t' || *at.src == '\n')
			break;
		at = put_stop(w, at);
	}
	*at.dst++ = '"';
	return at;
}

/* A number as the server wrote it; NaN and what else is none, as a string. */
static inline struct pen
put_number(struct ndjson_writer *w, struct pen at)
{
	const char *p = jsonscan_number(at.src, w->row_end);

	if (p == NULL || (*p != '\t' && *p != '\n'))
		return put_string(w, at);
	memcpy(at.dst, at.src, (size_t)(p - at.src));
	at.dst += p - at.src;
	at.src = p;
	return at;
}

static inline struct pen
put_truth(struct ndjson_writer *w, struct pen at)
{
	if ((at.src[0] != 't' && at.src[0] != 'f') || (at.src[1] != '\t' && at.src[1] != '\n'))
		return put_string(w, at);
	memcpy(at.dst, at.src[0] == 't' ? "true " : "false", 5);
	at.dst += at.src[0] == 't' ? 4 : 5;
	at.src++;
	return at;
}

/*
 * JSON as it is; a newline can only be white space there and would end our line.
 * A value from a file may be called JSON and be none: at.src is NULL then.
 */
static struct pen
put_json(struct ndjson_writer *w, struct pen at)
{
	char *start = at.dst, *p;
	bool broken = false; /* in several lines */
	const char *end;

	for (;;) {
		char c = '\0';

		at.src = textrun_copy(&at.dst, at.src, w->row_end, 0);
		if (*at.src == '\t' || *at.src == '\n')
			break;
		if (*at.src == '\\')
			at.src = copytext_read_escape(at.src, w->row_end - 1, &c);
		else
			c = *at.src++;
		broken |= c == '\n' || c == '\r';
		*at.dst++ = c == '\n' ? '\r' : c; /* as good, and still none in a string */
	}
	end = jsonscan_value(&w->scan, start, at.dst);
	if (end == NULL || jsonscan_space(end, at.dst) != at.dst)
		at.src = NULL;
	for (p = start; broken && p < at.dst; p++)
		if (*p == '\r')
			*p = ' ';
	return at;
}

/* An array as a JSON array; where that would lose something, its text. */
static struct pen
put_array(struct ndjson_writer *w, const struct column *c, struct pen at)
{
	const char *stop = copytext_field_end(at.src, w->row_end);
	size_t len = (size_t)(stop - at.src);
	int rc;

	w->value.len = 0;
	len = copytext_unescape(buf_reserve(&w->value, len + 1), at.src, len);
	w->out->len = (size_t)(at.dst - w->out->data);
	rc = ndjson_array_write(&c->type, w->value.data, len, w->out);
	if (rc == 0)
		at.src = stop;
	at.dst = w->out->data + w->out->len;
	at = widen(w, at, 0);
	return rc == 0 ? at : put_string(w, at);
}

static inline struct pen
put_value(struct ndjson_writer *w, const struct column *c, struct pen at)
{
	switch (c->type.form) {
	case NDJSON_NUMBER:
	case NDJSON_WHOLE:
		return put_number(w, at);
	case NDJSON_TRUTH:
		return put_truth(w, at);
	case NDJSON_JSON:
		return put_json(w, at);
	case NDJSON_ARRAY:
		return put_array(w, c, at);
	case NDJSON_STRING:
	case NDJSON_ANY:
		break;
	}
	return put_string(w, at);
}

static inline bool
is_null(const char *p)
{
	return p[0] == '\\' && p[1] == 'N' && (p[2] == '\t' || p[2] == '\n');
}

static int
wrong_fields(const struct ndjson_writer *w, size_t n, struct err *e)
{
	return err_set(e, EXIT_DATA, "a row has %s fields than the %zu columns of the header",
		       n < w->ncolumns ? "fewer" : "more", w->ncolumns);
}

/* One row, from ${src} to w->row_end; the row before it is complete. */
static int
write_row(struct ndjson_writer *w, const char *src, struct err *e)
{
	struct pen at = widen(w, (struct pen){buf_reserve(w->out, SLACK), src}, 0);
	size_t start = w->out->len, i;

	for (i = 0; i < w->ncolumns; i++) {
		const struct column *c = &w->columns[i];

		if (!is_null(at.src)) {
			at = put_value(w, c, put_key(w, c, at));
			if (at.src == NULL)
				return err_set(e, EXIT_DATA,
					       "column \"%s\": a value is not valid JSON",
					       w->schema->columns[i].name);
		} else {
			if (!c->leave_out) {
				at = put_key(w, c, at);
				memcpy(at.dst, "null", 4);
				at.dst += 4;
			}
			at.src += 2;
		}
		if (*at.src != '\t')
			break;
		at.src++;
	}
	if (w->ncolumns > 0 ? i != w->ncolumns - 1 : *at.src != '\n')
		return wrong_fields(w, i, e);
	if (at.dst == w->out->data + start)
		*at.dst++ = '{';
	else
		w->out->data[start] = '{'; /* over the first key's comma */
	memcpy(at.dst, "}\n", 2);
	w->out->len = (size_t)(at.dst + 2 - w->out->data);
	return 0;
}

int
ndjson_writer_rows(struct ndjson_writer *w, const char *rows, size_t len, struct buf *out,
		   struct err *e)
{
	const char *end = rows + len;

	w->out = out;
	while (rows < end) {
		const char *stop = memchr(rows, '\n', (size_t)(end - rows));

		if (stop == NULL)
			return err_set(e, EXIT_DATA, "a row of COPY text has no newline");
		w->row_end = stop + 1;
		w->row++;
		if (write_row(w, rows, e) != 0)
			return err_prefix(e, "row %" PRIu64 ": ", w->row);
		rows = w->row_end;
	}
	return 0;
}
