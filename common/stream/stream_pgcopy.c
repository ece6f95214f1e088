/*
 * Decoder for PGCOPY segments: a data segment, and behind it (unless bare) one
 * without tuples that carries the end document.  Binary values are passed on
 * from the read window as they are; text values become COPY text on the way.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/rows/copytext.h"
#include "common/schema/header.h"
#include "common/stream/input.h"
#include "common/stream/stream_decoder.h"

#define FLAGS_CRITICAL 0xffff0000u /* PostgreSQL: a reader must know all of these */

/*
 * Read a segment's preamble: 1 and where the document in its extension area is, until
 * more is read; 0 if there is none; -1.
 */
static int
read_preamble(struct stream_reader *r, const char **text, size_t *len, struct err *e)
{
	uint32_t flags, size;
	int rc = readbuf_need(&r->rb, PGCOPY_PREAMBLE_LEN, e);
	const char *p;

	if (rc <= 0)
		return rc < 0 ? -1 : stream_reader_cut(r, e);
	p = readbuf_bytes(&r->rb);
	flags = pgcopy_get32(p + PGCOPY_SIGNATURE_LEN);
	size = pgcopy_get32(p + PGCOPY_SIGNATURE_LEN + 4);
	if (memcmp(p, PGCOPY_SIGNATURE, PGCOPY_SIGNATURE_LEN) != 0 ||
	    (flags & FLAGS_CRITICAL) != 0 || size > PGCOPY_EXTENSION_MAX) {
		err_set(e, EXIT_STREAM, "the stream is damaged: not a PGCOPY header");
		return stream_reader_where(r, e);
	}
	rc = readbuf_need(&r->rb, PGCOPY_PREAMBLE_LEN + size, e);
	if (rc <= 0)
		return rc < 0 ? -1 : stream_reader_cut(r, e);
	p = readbuf_bytes(&r->rb) + PGCOPY_PREAMBLE_LEN;
	rc = pgcopy_find_document(p, size, text, len, e);
	if (rc > 0 && flags != 0)
		rc = err_set(e, EXIT_STREAM, "the stream's header flags are damaged");
	if (rc < 0)
		return stream_reader_where(r, e);
	r->rb.pos += PGCOPY_PREAMBLE_LEN + size; /* the bytes stay until the next read */
	return rc;
}

static int
pgcopy_begin(struct stream_reader *r, struct err *e)
{
	const char *text = NULL;
	size_t len = 0;
	json_t *doc;
	int rc = read_preamble(r, &text, &len, e);

	pgcopy_scan_init(&r->scan, -1);
	if (rc <= 0)
		return rc;
	doc = stream_reader_document(r, text, len, e);
	if (doc == NULL)
		return -1;
	r->header = header_from_json(doc, e);
	json_decref(doc);
	if (r->header == NULL)
		return stream_reader_where(r, e);
	XXH3_64bits_update(r->digest, text, len);
	r->bare = r->header->bare;
	r->scan.nfields = (int)r->header->schema.ncolumns;
	return 0;
}

/* The tuples are over: look for the proof that they were all. */
static int
read_end(struct stream_reader *r, struct err *e)
{
	const char *text = NULL;
	size_t len = 0;
	json_t *doc;
	int rc;

	if (r->bare)
		return 0;
	rc = read_preamble(r, &text, &len, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		err_set(e, EXIT_STREAM, "the stream's end document is missing");
		return stream_reader_where(r, e);
	}
	doc = stream_reader_document(r, text, len, e);
	if (doc == NULL)
		return -1;
	rc = stream_reader_check_end(r, doc, e);
	json_decref(doc);
	if (rc != 0)
		return -1;
	rc = readbuf_need(&r->rb, PGCOPY_TRAILER_LEN, e);
	if (rc <= 0)
		return rc < 0 ? -1 : stream_reader_cut(r, e);
	if (pgcopy_get16(readbuf_bytes(&r->rb)) != 0xffff) {
		err_set(e, EXIT_STREAM, "the stream's end is damaged");
		return stream_reader_where(r, e);
	}
	r->rb.pos += PGCOPY_TRAILER_LEN;
	return 0;
}

/* Rows as they are, from the window. */
static int
pass_through(struct stream_reader *r, struct stream_chunk *chunk, size_t *passed, struct err *e)
{
	chunk->data = readbuf_bytes(&r->rb);
	if (pgcopy_scan(&r->scan, chunk->data, readbuf_left(&r->rb), passed, e) != 0)
		return -1;
	chunk->len = *passed - (r->scan.done ? PGCOPY_TRAILER_LEN : 0);
	return 0;
}

/* State of a rewrite that survives the end of the window is in r->scan alone. */
static size_t
field_number(const struct stream_reader *r)
{
	return (size_t)(r->scan.nfields - r->scan.fields_left - 1);
}

static bool
kept(const struct stream_reader *r)
{
	return r->keep == NULL || r->keep[field_number(r)];
}

static size_t
count_kept(const struct stream_reader *r)
{
	size_t i, n = 0;

	for (i = 0; i < r->nkeep; i++)
		n += r->keep[i];
	return n;
}

/* Is a field before this one kept?  Then a tab parts them. */
static bool
is_first_kept(const struct stream_reader *r)
{
	size_t i, n = field_number(r);

	if (r->keep == NULL)
		return n == 0;
	for (i = 0; i < n; i++)
		if (r->keep[i])
			return false;
	return true;
}

static void
emit_text(struct stream_reader *r, enum pgcopy_event event, const struct pgcopy_step *step)
{
	if (event == PGCOPY_ROW_END) {
		buf_addc(&r->out, '\n');
	} else if (event == PGCOPY_FIELD && kept(r)) {
		if (!is_first_kept(r))
			buf_addc(&r->out, '\t');
		if (step->field_len < 0)
			buf_add(&r->out, "\\N", 2);
	} else if (event == PGCOPY_DATA && kept(r)) {
		copytext_escape(&r->out, step->data, step->len);
	}
}

static void
emit_binary(struct stream_reader *r, enum pgcopy_event event, const struct pgcopy_step *step)
{
	if (event == PGCOPY_ROW)
		pgcopy_put16(&r->out, (uint16_t)count_kept(r));
	else if (event == PGCOPY_FIELD && kept(r))
		pgcopy_put32(&r->out, (uint32_t)step->field_len);
	else if (event == PGCOPY_DATA && kept(r))
		buf_add(&r->out, step->data, step->len);
}

/* Rows with fields left out or turned into COPY text. */
static int
rewrite(struct stream_reader *r, struct stream_chunk *chunk, size_t *passed, struct err *e)
{
	const char *start = readbuf_bytes(&r->rb), *p = start,
		   *end = start + readbuf_left(&r->rb);
	bool text = stream_reader_is_text(r);
	struct pgcopy_step step;
	enum pgcopy_event event;

	r->out.len = 0;
	while (r->out.len < STREAM_ENOUGH) {
		event = pgcopy_step(&r->scan, &p, end, &step, e);
		if (event == PGCOPY_BAD)
			return -1;
		if (event == PGCOPY_MORE || event == PGCOPY_END)
			break;
		if (text)
			emit_text(r, event, &step);
		else
			emit_binary(r, event, &step);
		if (event == PGCOPY_ROW_END && r->scan.rows == r->scan.stop)
			break;
	}
	*passed = (size_t)(p - start);
	chunk->data = r->out.data;
	chunk->len = r->out.len;
	return 0;
}

static int
pgcopy_next(struct stream_reader *r, struct stream_chunk *chunk, struct err *e)
{
	size_t passed = 0, framed;
	uint64_t before = r->scan.rows;
	int rc;

	if (r->scan.done)
		return read_end(r, e);
	r->scan.stop = r->stop;
	if (r->keep != NULL || stream_reader_is_text(r))
		rc = rewrite(r, chunk, &passed, e);
	else
		rc = pass_through(r, chunk, &passed, e);
	r->rows += r->scan.rows - before;
	if (rc != 0)
		return stream_reader_where(r, e);
	framed = passed - (r->scan.done ? PGCOPY_TRAILER_LEN : 0);
	XXH3_64bits_update(r->digest, readbuf_bytes(&r->rb), framed);
	chunk->rows = r->scan.rows - before;
	r->rb.pos += passed;
	if (passed > 0 || chunk->rows > 0) /* a row may end where nothing more is consumed */
		return 1;
	chunk->len = 0;
	rc = readbuf_more(&r->rb, e);
	if (rc == 0)
		return stream_reader_cut(r, e);
	return rc;
}

const struct stream_decoder_ops stream_pgcopy_ops = {
	.begin = pgcopy_begin,
	.next = pgcopy_next,
};
