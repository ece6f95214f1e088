/*
 * A valid stream, or a set of them, damaged.  The input is a recipe: what the stream is like,
 * its rows, and what is then done to its bytes, near the places where something begins or ends.
 * Unharmed it gives back the rows that were written; with other bytes it is refused,
 * or gives back the very same rows under the same header.
 *
 * Two things are no damage: a stream that was made anew, with a digest of its own, and
 * one that now says it has no end document, of which portl-load warns.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/ndjson/ndjson.h"
#include "common/rows/copytext.h"
#include "common/rows/pgcopy.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/stream/stream_reader.h"
#include "common/stream/stream_writer.h"
#include "tests/fuzz/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS_MAX 4
#define ROWS_MAX 15
#define MEMBERS 3 /* of a set */
#define MARKS_MAX (MEMBERS * (ROWS_MAX + 3) + 2)

#define MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, \
				#condition); \
			abort(); \
		} \
	} while (0)

/* ---- the recipe ---- */

struct recipe {
	const uint8_t *p, *end;
	enum header_values values;
	enum stream_format format;
	bool zstd;
	bool bare;
	bool aborted;
	bool set;
	bool fewer;     /* the last column is not read */
	unsigned stop;  /* rows after which a chunk has to end, 0: anywhere */
	unsigned kinds; /* of the columns, two bits each */
	size_t ncolumns;
	size_t nrows;
	size_t marks[MARKS_MAX]; /* places in the stream that mean something */
	size_t nmarks;
};

static unsigned
take(struct recipe *r)
{
	return r->p < r->end ? *r->p++ : 0;
}

static void
read_form(struct recipe *r)
{
	unsigned form = take(r), shape = take(r);

	r->format = (form & 3) == 0 ? STREAM_NDJSON : STREAM_BINARY;
	r->values = (form & 3) > 1 ? HEADER_BINARY : HEADER_TEXT;
	r->zstd = (form & 4) != 0;
	r->bare = (form & 24) == 24;
	r->aborted = (form & 24) == 8;
	r->set = (form & 32) != 0 && !r->bare;
	r->stop = form >> 6;
	r->ncolumns = shape % (COLUMNS_MAX + 1);
	r->nrows = shape / 8 % (ROWS_MAX + 1);
	r->fewer = (shape & 128) != 0 && r->ncolumns > 0;
	r->kinds = take(r);
	if (r->format == STREAM_NDJSON && r->bare) { /* no rows is no input, and no types */
		r->nrows += r->nrows == 0;
		r->kinds = 0;
	}
}

/* What somebody takes for a stream's rows. */
struct arrival {
	bool whole;     /* a reader takes the stream for complete */
	bool bare;      /* without proof */
	char hex[17];   /* digest */
	uint64_t count; /* rows */
	json_t *header;
	struct buf rows;
};

/* ---- the stream, written to memory ---- */

static void
mark(struct recipe *r, const struct output *out)
{
	MUST(r->nmarks < MARKS_MAX);
	r->marks[r->nmarks++] = out->bytes.len;
}

static const char *const types[4] = {"text", "numeric", "jsonb", "text[]"};

/* Values that are written as they are by the server; text is the recipe's own. */
static const char *const values[4][4] = {
	{NULL},
	{"1.10", "-0.00", "9007199254740993", "NaN"},
	{"{\"a\": [1, null]}", "null", "\"\"", "1e400"},
	{"{}", "{NULL,\"NULL\",\"\"}", "[0:1]={a,b}", "{{\"a b\",c},{d,\"\\\"\"}}"},
};

static unsigned
kind(const struct recipe *r, size_t column)
{
	return r->kinds >> (2 * column) & 3;
}

/* Any characters but NUL, as UTF-8: a recipe has bytes. */
static void
make_text(struct recipe *r, size_t len, struct buf *text)
{
	while (len-- > 0) {
		unsigned c = take(r);

		if (c >= 0x80) {
			buf_addc(text, (char)(0xc0 | c >> 6));
			c = 0x80 | (c & 0x3f);
		}
		buf_addc(text, (char)(c != 0 ? c : '0'));
	}
}

static void
add_field(struct recipe *r, size_t column, struct buf *row)
{
	struct buf value = BUF_INIT;
	unsigned len = take(r);
	bool null = len > 250;

	len %= 24;
	if (r->values == HEADER_BINARY) {
		pgcopy_put32(row, null ? UINT32_MAX : len);
		for (; !null && len > 0; len--)
			buf_addc(row, (char)take(r));
		return;
	}
	if (column > 0)
		buf_addc(row, '\t');
	if (kind(r, column) == 0)
		make_text(r, len, &value);
	else
		buf_adds(&value, values[kind(r, column)][len % 4]);
	if (null)
		buf_adds(row, "\\N");
	else
		copytext_escape(row, buf_cstr(&value), value.len);
	buf_release(&value);
}

static void
write_rows(struct recipe *r, struct stream_writer *w, struct output *out, struct buf *rows)
{
	struct err e = ERR_INIT;
	size_t i, c;

	for (i = 0; i < r->nrows; i++) {
		size_t start = rows->len;

		if (r->values == HEADER_BINARY)
			pgcopy_put16(rows, (uint16_t)r->ncolumns);
		for (c = 0; c < r->ncolumns; c++)
			add_field(r, c, rows);
		if (r->values == HEADER_TEXT)
			buf_addc(rows, '\n');
		MUST(stream_writer_rows(w, rows->data + start, rows->len - start, 1, NULL,
					&e) == 0);
		MUST(stream_writer_flush(w, &e) == 0);
		mark(r, out);
	}
}

static struct header *
make_header(const struct recipe *r)
{
	static const char *const names[COLUMNS_MAX] = {"a", "b", "$portl ", "\"\n"};
	struct header *h = header_new();
	size_t i;

	for (i = 0; i < r->ncolumns; i++)
		schema_add_column(&h->schema, names[i], types[kind(r, i)], NULL);
	h->values = r->values;
	h->bare = r->bare;
	return h;
}

/* Write the stream, or one and another of the same kind; ${sent} becomes what has to arrive. */
static void
write_stream(struct recipe *r, struct output *out, struct arrival *sent)
{
	struct stream_writer *w = stream_writer_new(out, r->format, r->bare ? NDJSON_BARE : 0);
	struct manifest *set = manifest_new("set");
	struct err e = ERR_INIT;
	size_t i, n = r->set ? MEMBERS : 1;

	struct header *alone = r->set ? NULL : make_header(r);
	for (i = 0; r->set && i < n; i++) {
		struct header *h = make_header(r);

		relname_set(&h->schema.relation, "s", "t"); /* each member is a relation's */
		manifest_add(set, h);
	}
	mark(r, out);
	MUST(!r->set || stream_writer_manifest(w, set, &e) == 0);
	for (i = 0; i < n; i++) {
		mark(r, out);
		MUST(stream_writer_begin(w, r->set ? manifest_header(set, i) : alone, &e) == 0);
		mark(r, out);
		write_rows(r, w, out, &sent->rows);
		if (i + 1 < n)
			MUST(stream_writer_end(w, &e) == 0);
	}
	if (r->aborted) {
		err_set(&e, EXIT_DATA, "the query has failed");
		stream_writer_abort(w, &e);
		err_release(&e);
	} else {
		MUST(stream_writer_end(w, &e) == 0);
	}
	mark(r, out);
	sent->whole = !r->aborted;
	sent->bare = r->bare;
	sent->count = n * r->nrows;
	sent->header = header_to_json(r->set ? manifest_header(set, n - 1) : alone);
	stream_writer_digest(w, sent->hex);
	stream_writer_free(w);
	manifest_free(set);
	header_free(alone);
}

/* The marks of what has been compressed say nothing any longer: begin and end are left. */
static void
compress(struct recipe *r, struct buf *bytes)
{
	struct buf packed = BUF_INIT;
	size_t room = ZSTD_compressBound(bytes->len);

	packed.len = ZSTD_compress(buf_reserve(&packed, room), room, bytes->data, bytes->len,
				   1);
	MUST(packed.data != NULL && !ZSTD_isError(packed.len));
	buf_release(bytes);
	*bytes = packed;
	r->marks[1] = packed.len;
	r->nmarks = 2;
}

/* ---- damage ---- */

/* Some place of the ${len} bytes, more often than not near a mark. */
static size_t
place(struct recipe *r, size_t len)
{
	size_t at = r->marks[take(r) % r->nmarks] + take(r) - 16;

	return at <= len ? at : at % (len + 1);
}

static void
insert(struct buf *b, size_t at, const char *data, size_t len)
{
	struct buf all = BUF_INIT;

	buf_add(&all, b->data, at);
	buf_add(&all, data, len);
	buf_add(&all, b->data + at, b->len - at);
	buf_release(b);
	*b = all;
}

static void
insert_new(struct recipe *r, struct buf *b, size_t at)
{
	size_t len = take(r) % 32;

	len = len < (size_t)(r->end - r->p) ? len : (size_t)(r->end - r->p);
	insert(b, at, (const char *)r->p, len);
	r->p += len;
}

static void
insert_copy(struct recipe *r, struct buf *b, size_t at)
{
	size_t from = place(r, b->len), len = take(r);
	struct buf copy = BUF_INIT;

	buf_add(&copy, b->data + from, len < b->len - from ? len : b->len - from);
	insert(b, at, copy.data, copy.len);
	buf_release(&copy);
}

static void
erase(struct recipe *r, struct buf *b, size_t at)
{
	size_t len = take(r);

	len = len < b->len - at ? len : b->len - at;
	memmove(b->data + at, b->data + at + len, b->len - at - len);
	b->len -= len;
}

static void
damage(struct recipe *r, struct buf *b)
{
	while (r->p < r->end && b->len > 0) {
		unsigned what = take(r) % 6;
		size_t at = place(r, b->len);

		if (what == 0)
			insert_new(r, b, at);
		else if (what == 1)
			insert_copy(r, b, at);
		else if (what == 2)
			erase(r, b, at);
		else if (what == 3)
			b->len = at;
		else if (what == 4)
			b->data[at % b->len] = (char)take(r);
		else
			b->data[at % b->len] ^= (char)(1 << take(r) % 8);
	}
}

/* ---- reading ---- */

static int
read_rows(const struct recipe *r, struct stream_reader *reader, struct arrival *a,
	  struct err *e)
{
	static const bool keep[COLUMNS_MAX] = {true, true, true, true};
	bool some[COLUMNS_MAX];
	struct stream_chunk chunk;
	const struct header *h = stream_reader_header(reader);
	int rc;

	memcpy(some, keep, sizeof(some));
	if (r->fewer && h != NULL && h->schema.ncolumns == r->ncolumns) {
		some[r->ncolumns - 1] = false;
		stream_reader_select(reader, some, r->ncolumns);
	}
	for (;;) {
		if (r->stop > 0)
			stream_reader_stop(reader, r->stop);
		rc = stream_reader_next(reader, &chunk, e);
		if (rc <= 0)
			return rc;
		MUST(r->stop == 0 || chunk.rows <= r->stop);
		buf_add(&a->rows, chunk.data, chunk.len);
	}
}

static void
read_stream(const struct recipe *r, const struct buf *bytes, struct arrival *a)
{
	struct err e = ERR_INIT;
	struct input *in = input_open(memory_path(bytes->data, bytes->len), &e);
	struct stream_reader *reader;
	size_t i, n = 1;
	bool good = true;

	MUST(in != NULL);
	reader = stream_reader_new(in, 0);
	*a = (struct arrival){.whole = false};
	for (i = 0; good && i < n; i++) {
		good = stream_reader_begin(reader, &e) == 0 && read_rows(r, reader, a, &e) == 0;
		if (good && stream_reader_set(reader) != NULL)
			n = stream_reader_set(reader)->total;
	}
	a->whole = good && stream_reader_finish(reader, &e) == 0;
	MUST(a->whole == (e.code == EXIT_DONE));
	if (a->whole) {
		a->bare = stream_reader_is_bare(reader);
		a->count = stream_reader_rows(reader);
		stream_reader_digest(reader, a->hex);
		if (stream_reader_header(reader) != NULL)
			a->header = header_to_json(stream_reader_header(reader));
	}
	stream_reader_free(reader);
	input_free(in);
	err_release(&e);
}

static void
release(struct arrival *a)
{
	json_decref(a->header);
	buf_release(&a->rows);
}

static bool
same_bytes(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool
same_arrival(const struct arrival *a, const struct arrival *b)
{
	return a->count == b->count && same_bytes(&a->rows, &b->rows) &&
	       json_equal(a->header, b->header);
}

/* Somebody has computed a digest for other bytes, and put it in. */
static bool
is_made_anew(const struct buf *bytes, const struct arrival *was, const struct arrival *is)
{
	return strcmp(was->hex, is->hex) != 0 &&
	       memmem(bytes->data, bytes->len, is->hex, 16) != NULL;
}

/* What arrives of the stream as it was written; with fewer columns it is taken on trust. */
static void
check_unharmed(const struct recipe *r, const struct buf *bytes, struct arrival *sent)
{
	struct arrival got;

	read_stream(r, bytes, &got);
	MUST(got.whole == sent->whole);
	if (got.whole) {
		MUST(got.count == sent->count && strcmp(got.hex, sent->hex) == 0);
		MUST(r->fewer || same_bytes(&got.rows, &sent->rows));
		MUST(r->bare || json_equal(got.header, sent->header));
		sent->rows.len = 0;
		buf_add(&sent->rows, got.rows.data, got.rows.len);
	}
	release(&got);
}

static void
check_harmed(const struct recipe *r, const struct buf *bytes, const struct arrival *sent)
{
	struct arrival got;

	read_stream(r, bytes, &got);
	MUST(!got.whole || got.bare || (sent->whole && same_arrival(&got, sent)) ||
	     is_made_anew(bytes, sent, &got));
	release(&got);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recipe r = {.p = data, .end = data + size};
	struct output out = {BUF_INIT};
	struct buf original = BUF_INIT;
	struct arrival sent = {.whole = false};

	read_form(&r);
	write_stream(&r, &out, &sent);
	if (r.zstd)
		compress(&r, &out.bytes);
	if (r.p == r.end || r.fewer)
		check_unharmed(&r, &out.bytes, &sent);
	buf_add(&original, out.bytes.data, out.bytes.len);
	damage(&r, &out.bytes);
	if (!r.bare && !same_bytes(&original, &out.bytes))
		check_harmed(&r, &out.bytes, &sent);
	release(&sent);
	buf_release(&original);
	buf_release(&out.bytes);
	return 0;
}
