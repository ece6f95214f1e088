/*
 * Decoder for PGCOPY segments: a data segment, and behind it (unless bare) one
 * without tuples that carries the end document.  Binary values are passed on
 * from the read window as they are; text values become COPY text on the way.
 */
#include "common/stream/stream_pgcopy.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/rows/copytext.h"
#include "common/stream/input.h"

#define FLAGS_CRITICAL 0xffff0000u /* PostgreSQL: a reader must know all of these */

/*
 * Read a segment's preamble: 1 and where the document in its extension area is, until
 * more is read; 0 if there is none; -1.
 */
static int
read_preamble(struct stream_decoder *d, const char **text, size_t *len, struct err *e)
{
	uint32_t flags, size;
	int rc = readbuf_need(&d->rb, PGCOPY_PREAMBLE_LEN, e);
	const char *p;

	if (rc == 0 && readbuf_left(&d->rb) == 0 && d->header == NULL &&
	    stream_decoder_is_set(d))
		return stream_decoder_lacks(d, e);
	if (rc <= 0)
		return rc < 0 ? -1 : stream_decoder_cut(d, e);
	p = readbuf_bytes(&d->rb);
	flags = pgcopy_get32(p + PGCOPY_SIGNATURE_LEN);
	size = pgcopy_get32(p + PGCOPY_SIGNATURE_LEN + 4);
	if (memcmp(p, PGCOPY_SIGNATURE, PGCOPY_SIGNATURE_LEN) != 0 ||
	    (flags & FLAGS_CRITICAL) != 0 || size > PGCOPY_EXTENSION_MAX) {
		err_set(e, EXIT_STREAM, "the stream is damaged: not a PGCOPY header");
		return stream_decoder_where(d, e);
	}
	rc = readbuf_need(&d->rb, PGCOPY_PREAMBLE_LEN + size, e);
	if (rc <= 0)
		return rc < 0 ? -1 : stream_decoder_cut(d, e);
	p = readbuf_bytes(&d->rb) + PGCOPY_PREAMBLE_LEN;
	rc = pgcopy_find_document(p, size, text, len, e);
	if (rc > 0 && flags != 0)
		rc = err_set(e, EXIT_STREAM, "the stream's header flags are damaged");
	if (rc < 0)
		return stream_decoder_where(d, e);
	d->rb.pos += PGCOPY_PREAMBLE_LEN + size; /* the bytes stay until the next read */
	return rc;
}

/* What stands behind a segment that has only a document. */
static int
read_trailer(struct stream_decoder *d, struct err *e)
{
	int rc = readbuf_need(&d->rb, PGCOPY_TRAILER_LEN, e);

	if (rc <= 0)
		return rc < 0 ? -1 : stream_decoder_cut(d, e);
	if (pgcopy_get16(readbuf_bytes(&d->rb)) != 0xffff) {
		err_set(e, EXIT_STREAM, "the stream is damaged: a document has no trailer");
		return stream_decoder_where(d, e);
	}
	d->rb.pos += PGCOPY_TRAILER_LEN;
	return 0;
}

static int
pgcopy_begin(struct stream_decoder *d, struct err *e)
{
	const char *text = NULL;
	size_t len = 0;
	int rc;

	pgcopy_scan_init(&d->scan, -1);
	pgcopy_scan_init(&d->sent_scan, -1);
	do {
		rc = read_preamble(d, &text, &len, e);
		if (rc == 0 && d->set != NULL) {
			err_set(e, EXIT_STREAM, "a member of the set has no header document");
			return stream_decoder_where(d, e);
		}
		if (rc <= 0)
			return rc;
		rc = stream_decoder_header(d, text, len, e);
		if (rc == STREAM_MANIFEST && read_trailer(d, e) != 0)
			return -1;
	} while (rc == STREAM_MANIFEST);
	if (rc == 0)
		d->scan.nfields = (int)d->header->schema.ncolumns;
	return rc;
}

/* The tuples are over: look for the proof that they were all. */
static int
read_end(struct stream_decoder *d, struct err *e)
{
	const char *text = NULL;
	size_t len = 0;
	json_t *doc;
	int rc;

	if (d->bare)
		return 0;
	rc = read_preamble(d, &text, &len, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		err_set(e, EXIT_STREAM, "the stream's end document is missing");
		return stream_decoder_where(d, e);
	}
	doc = stream_decoder_document(d, text, len, e);
	if (doc == NULL)
		return -1;
	rc = stream_decoder_check_end(d, doc, e);
	json_decref(doc);
	if (rc != 0)
		return -1;
	return read_trailer(d, e);
}

/* Rows as they are, from the window. */
static int
pass_through(struct stream_decoder *d, struct stream_chunk *chunk, size_t *passed,
	     struct err *e)
{
	chunk->data = readbuf_bytes(&d->rb);
	d->scan.digest = &d->rows_digest;
	if (pgcopy_scan(&d->scan, chunk->data, readbuf_left(&d->rb), passed, e) != 0)
		return -1;
	chunk->len = *passed - (d->scan.done ? PGCOPY_TRAILER_LEN : 0);
	chunk->whole = d->scan.whole;
	return 0;
}

/* State of a rewrite that survives the end of the window is in d->scan alone. */
static size_t
field_number(const struct stream_decoder *d)
{
	return (size_t)(d->scan.nfields - d->scan.fields_left - 1);
}

static bool
kept(const struct stream_decoder *d)
{
	return d->keep == NULL || d->keep[field_number(d)];
}

static size_t
count_kept(const struct stream_decoder *d)
{
	size_t i, n = 0;

	for (i = 0; i < d->nkeep; i++)
		n += d->keep[i];
	return n;
}

/* Is a field before this one kept?  Then a tab parts them. */
static bool
is_first_kept(const struct stream_decoder *d)
{
	size_t i, n = field_number(d);

	if (d->keep == NULL)
		return n == 0;
	for (i = 0; i < n; i++)
		if (d->keep[i])
			return false;
	return true;
}

static bool
is_text(const struct stream_decoder *d)
{
	return d->header != NULL && d->header->values == HEADER_TEXT;
}

static void
emit_text(struct stream_decoder *d, enum pgcopy_event event, const struct pgcopy_step *step)
{
	if (event == PGCOPY_ROW_END) {
		buf_addc(&d->out, '\n');
	} else if (event == PGCOPY_FIELD && kept(d)) {
		if (!is_first_kept(d))
			buf_addc(&d->out, '\t');
		if (step->field_len < 0)
			buf_add(&d->out, "\\N", 2);
	} else if (event == PGCOPY_DATA && kept(d)) {
		copytext_escape(&d->out, step->data, step->len);
	}
}

static void
emit_binary(struct stream_decoder *d, enum pgcopy_event event, const struct pgcopy_step *step)
{
	if (event == PGCOPY_ROW)
		pgcopy_put16(&d->out, (uint16_t)count_kept(d));
	else if (event == PGCOPY_FIELD && kept(d))
		pgcopy_put32(&d->out, (uint32_t)step->field_len);
	else if (event == PGCOPY_DATA && kept(d))
		buf_add(&d->out, step->data, step->len);
}

/* Rows with fields left out or turned into COPY text. */
static int
rewrite(struct stream_decoder *d, struct stream_chunk *chunk, size_t *passed, struct err *e)
{
	const char *start = readbuf_bytes(&d->rb), *p = start,
		   *end = start + readbuf_left(&d->rb);
	bool text = is_text(d);
	struct pgcopy_step step;
	enum pgcopy_event event;

	d->out.len = 0;
	chunk->whole = 0;
	while (d->out.len < STREAM_ENOUGH) {
		event = pgcopy_step(&d->scan, &p, end, &step, e);
		if (event == PGCOPY_BAD)
			return -1;
		if (event == PGCOPY_MORE || event == PGCOPY_END)
			break;
		if (text)
			emit_text(d, event, &step);
		else
			emit_binary(d, event, &step);
		if (event == PGCOPY_ROW_END)
			chunk->whole = d->out.len;
		if (event == PGCOPY_ROW_END && d->scan.rows == d->scan.stop)
			break;
	}
	*passed = (size_t)(p - start);
	chunk->data = d->out.data;
	chunk->len = d->out.len;
	return 0;
}

/* The rows as they were sent are those in the window, not those that are yielded. */
static int
digest_sent(struct stream_decoder *d, size_t len, struct err *e)
{
	size_t passed;

	d->sent_scan.nfields = d->scan.nfields;
	d->sent_scan.digest = &d->rows_digest;
	return pgcopy_scan(&d->sent_scan, readbuf_bytes(&d->rb), len, &passed, e);
}

static int
pgcopy_next(struct stream_decoder *d, struct stream_chunk *chunk, struct err *e)
{
	size_t passed = 0, framed;
	uint64_t before = d->scan.rows;
	int rc;

	if (d->scan.done)
		return read_end(d, e);
	d->scan.stop = d->stop;
	if (d->keep == NULL && !is_text(d))
		rc = pass_through(d, chunk, &passed, e);
	else if ((rc = rewrite(d, chunk, &passed, e)) == 0)
		rc = digest_sent(d, passed, e);
	d->rows += d->scan.rows - before;
	if (rc != 0)
		return stream_decoder_where(d, e);
	framed = passed - (d->scan.done ? PGCOPY_TRAILER_LEN : 0);
	XXH3_64bits_update(d->digest, readbuf_bytes(&d->rb), framed);
	chunk->rows = d->scan.rows - before;
	d->rb.pos += passed;
	if (passed > 0 || chunk->rows > 0) /* a row may end where nothing more is consumed */
		return 1;
	chunk->len = 0;
	rc = readbuf_more(&d->rb, e);
	if (rc == 0)
		return stream_decoder_cut(d, e);
	return rc;
}

const struct stream_decoder_ops stream_pgcopy_ops = {
	.begin = pgcopy_begin,
	.next = pgcopy_next,
};
