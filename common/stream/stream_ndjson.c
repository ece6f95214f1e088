/*
 * Decoder for NDJSON: the header line, rows, the end line; or, bare, rows only,
 * the first of which names the columns.  Yields COPY text.
 *
 * The digest is over every byte between header line and end line, blank lines
 * and carriage returns included: what was not written must not be there.
 */
#include "common/stream/stream_ndjson.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/ndjson/ndjson.h"
#include "common/rows/copytext.h"
#include "common/schema/infer.h"
#include "common/stream/input.h"

#define FAULT 2 /* a row is at fault, and that is no failure */

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* What follows `{"$portl":` if the line begins like this, else NULL. */
static const char *
find_document(const char *p, const char *end)
{
	static const char key[] = "\"$portl\"";

	p = skip_space(p, end);
	if (p == end || *p != '{')
		return NULL;
	p = skip_space(p + 1, end);
	if ((size_t)(end - p) < sizeof(key) - 1 || memcmp(p, key, sizeof(key) - 1) != 0)
		return NULL;
	p = skip_space(p + sizeof(key) - 1, end);
	return p < end && *p == ':' ? skip_space(p + 1, end) : NULL;
}

/* The end of the document: the line's last brace. */
static const char *
find_document_end(const char *p, const char *end)
{
	while (end > p && skip_space(end - 1, end) == end)
		end--;
	return end > p && end[-1] == '}' ? end - 1 : end;
}

static int
too_long(const struct stream_decoder *d, struct err *e)
{
	err_set(e, EXIT_STREAM, "the line is longer than %zu bytes", d->line_max);
	return err_hint(e, "--max-line=BYTES sets the limit.");
}

static void
advise(const char *line, const char *end, struct err *e)
{
	while (end > line && skip_space(end - 1, end) == end)
		end--;
	if (end > line && end[-1] == '{')
		err_hint(e, "Each line has to hold one whole row; `jq -c .` writes JSON so.");
}

/* The row in the line is at fault: say where it is. */
static int
fault_in_row(const struct stream_decoder *d, const char *line, const char *end, struct err *e)
{
	advise(line, end, e);
	return stream_decoder_at(d, e);
}

/* The input ends without a newline. */
static int
cut_line(struct stream_decoder *d, struct err *e)
{
	const char *line = readbuf_bytes(&d->rb);
	bool first = d->header == NULL;

	stream_decoder_cut(d, e);
	if (first ? find_document(line, line + readbuf_left(&d->rb)) == NULL : d->bare)
		err_hint(e, "Without a newline at its end the last line may have been cut. If "
			    "it is whole, add the newline: `{ cat FILE; echo; }`.");
	return -1;
}

/* Does the window begin with a document? */
static bool
is_document(const struct stream_decoder *d)
{
	const char *line = readbuf_bytes(&d->rb);

	return (d->header == NULL || !d->bare) &&
	       find_document(line, line + readbuf_left(&d->rb)) != NULL;
}

/*
 * Wait until there is a newline behind the ${*seen} bytes of the window in which
 * there is none: 1, 0 at the end of the input, -1.
 */
static int
wait_for_line(struct stream_decoder *d, size_t *seen, struct err *e)
{
	for (;;) {
		size_t left = readbuf_left(&d->rb);
		int rc;

		if (left > *seen &&
		    memchr(readbuf_bytes(&d->rb) + *seen, '\n', left - *seen) != NULL)
			return 1;
		*seen = left;
		if (left > PGCOPY_DOCUMENT_MAX && is_document(d)) /* no row has begun */
			return stream_decoder_too_large(d, e);
		if (left > d->line_max) {
			too_long(d, e);
			return fault_in_row(d, NULL, NULL, e);
		}
		rc = readbuf_more(&d->rb, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return left == 0 ? 0 : cut_line(d, e);
	}
}

static int
read_header(struct stream_decoder *d, const char *text, size_t len, struct err *e)
{
	int rc = stream_decoder_header(d, text, len, e);

	if (rc == 0)
		d->header->values = HEADER_TEXT;
	return rc;
}

/*
 * Show the sample the window's rows, and more until it has enough; all of them stay to be
 * read, and what is wrong with one is said then.
 */
static int
show_sample(struct stream_decoder *d, struct ndjson_sample *sample, struct err *e)
{
	struct err ignored = ERR_INIT;
	size_t at = 0, seen = 0; /* bytes of the window: of whole lines, without a newline */
	int rows = 0;

	while (rows < INFER_ROWS && at < INFER_BYTES && seen - at <= d->line_max) {
		const char *line = readbuf_bytes(&d->rb) + at, *end;
		size_t left = readbuf_left(&d->rb);
		int rc = 1;

		end = left > seen ? memchr(line - at + seen, '\n', left - seen) : NULL;
		if (end == NULL) {
			seen = left;
			rc = readbuf_more(&d->rb, e);
			if (rc <= 0)
				return rc;
			continue;
		}
		if (skip_space(line, end) < end && find_document(line, end) == NULL) {
			(void)!ndjson_sample_line(sample, line, (size_t)(end - line), &ignored);
			err_release(&ignored);
			rows++;
		}
		at += (size_t)(end + 1 - line);
		seen = at;
	}
	return 0;
}

/* Which columns there are, the first line says, or with --infer the first lines. */
static int
find_columns(struct stream_decoder *d, const char *line, size_t len, struct err *e)
{
	struct ndjson_sample *sample = ndjson_sample_new(&d->header->schema, d->names != NULL);
	int rc = ndjson_sample_line(sample, line, len, e);

	if (rc != 0)
		fault_in_row(d, line, line + len, e);
	else if (d->infer) {
		rc = show_sample(d, sample, e);
		ndjson_sample_settle(sample);
	}
	ndjson_sample_free(sample);
	return rc;
}

/* The first line is a row; it stays to be read as one. */
static int
begin_bare(struct stream_decoder *d, const char *line, size_t len, struct err *e)
{
	size_t i;

	d->header = header_new();
	for (i = 0; d->names != NULL && i < d->nnames; i++)
		schema_add_column(&d->header->schema, d->names[i], "", NULL);
	d->header->values = HEADER_TEXT;
	d->header->bare = true;
	d->header->guessed = d->names == NULL;
	return d->names == NULL || d->infer ? find_columns(d, line, len, e) : 0;
}

/* The first line with anything in it: a header's, a manifest's, a row. */
static int
first_line(struct stream_decoder *d, struct err *e)
{
	const char *line, *end, *text;
	int rc;

	do { /* blank lines in front are nobody's */
		size_t seen = 0;

		rc = wait_for_line(d, &seen, e);
		if (rc < 0)
			return -1;
		if (rc == 0 && stream_decoder_is_set(d))
			return stream_decoder_lacks(d, e);
		if (rc == 0) {
			err_set(e, EXIT_STREAM, "%s: the input has no rows and no header",
				input_name(d->rb.in));
			return err_hint(
				e, "An empty table is sent as a header and an end document.");
		}
		line = readbuf_bytes(&d->rb);
		end = memchr(line, '\n', readbuf_left(&d->rb));
		if (end == NULL) /* wait_for_line() has seen one */
			return err_set(e, EXIT_STREAM, "%s: a line has no end",
				       input_name(d->rb.in));
		if (skip_space(line, end) < end)
			break;
		d->rb.pos += (size_t)(end + 1 - line);
	} while (true);
	text = find_document(line, end);
	if (text == NULL && d->set != NULL) {
		err_set(e, EXIT_STREAM,
			"a row stands where the next member of the set is "
			"expected");
		return stream_decoder_where(d, e);
	}
	if (text == NULL)
		return begin_bare(d, line, (size_t)(end - line), e);
	d->crlf = end[-1] == '\r';
	rc = read_header(d, text, (size_t)(find_document_end(text, end) - text), e);
	d->rb.pos += (size_t)(end + 1 - line);
	return rc;
}

static int
ndjson_begin(struct stream_decoder *d, struct err *e)
{
	int rc;

	ndjson_reader_free(d->ndjson);
	d->ndjson = NULL;
	do
		rc = first_line(d, e);
	while (rc == STREAM_MANIFEST);
	return rc;
}

static const struct schema *
schema_of(const struct stream_decoder *d)
{
	return d->schema != NULL ? d->schema : &d->header->schema;
}

static void
make_reader(struct stream_decoder *d)
{
	unsigned flags = !d->bare ? 0 : NDJSON_BARE | (d->ignore_others ? NDJSON_IGNORE : 0);

	if (!d->bare && d->edited == STREAM_AS_SENT)
		flags |= NDJSON_EXACT;
	d->ndjson = ndjson_reader_new(schema_of(d), flags);
	if (d->keep != NULL)
		ndjson_reader_select(d->ndjson, d->keep);
	free(d->json);
	d->json = ndjson_type_json_columns(schema_of(d));
}

/* Where rows are read to: whole, that is before fields are left out. */
static struct buf *
rows_of(struct stream_decoder *d)
{
	return d->keep != NULL ? &d->full : &d->out;
}

static int
read_row(struct stream_decoder *d, const char *line, const char *end, struct err *e)
{
	if (d->ndjson == NULL)
		make_reader(d);
	if ((size_t)(end - line) > d->line_max) {
		too_long(d, e);
		return fault_in_row(d, line, end, e);
	}
	if (ndjson_reader_line(d->ndjson, line, (size_t)(end - line), rows_of(d), &d->fault) ==
	    0) {
		d->rows++;
		return 0;
	}
	if (d->keep_faults)
		return FAULT;
	err_take(e, &d->fault);
	return fault_in_row(d, line, end, e);
}

/* The window begins with a line whose row is at fault: it is a row all the same. */
static int
yield_fault(struct stream_decoder *d, struct stream_chunk *chunk)
{
	const char *line = readbuf_bytes(&d->rb);
	const char *end = memchr(line, '\n', readbuf_left(&d->rb));
	size_t len = (size_t)(end - line);

	advise(line, end, &d->fault);
	XXH3_64bits_update(d->digest, line, len + 1);
	d->out.len = 0;
	buf_add(&d->out, line, len);
	d->rb.pos += len + 1;
	d->rows++;
	d->digest_faulty = true;
	*chunk = (struct stream_chunk){
		.data = d->out.data, .len = len, .whole = len, .rows = 1, .fault = &d->fault};
	return 1;
}

/*
 * Read the rows that are in the window as whole lines, until there are enough.
 * Returns 1 if it stopped at the end line, FAULT at a row that cannot be read, else 0
 * or -1.
 */
static int
read_rows(struct stream_decoder *d, struct err *e)
{
	const char *start = readbuf_bytes(&d->rb), *p = start;
	const char *end = start + readbuf_left(&d->rb), *stop;
	uint64_t last = d->stop > d->rows ? d->stop
					  : UINT64_MAX; /* what is past holds no more */
	int rc = 0;

	while (rc == 0 && rows_of(d)->len < STREAM_ENOUGH && d->rows < last &&
	       (stop = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (*p == '{' || skip_space(p, stop) < stop) {
			if (!d->bare && find_document(p, stop) != NULL)
				rc = 1;
			else
				rc = read_row(d, p, stop, e);
		}
		if (rc == 0)
			p = stop + 1;
	}
	XXH3_64bits_update(d->digest, start, (size_t)(p - start));
	d->rb.pos += (size_t)(p - start);
	return rc;
}

/* The end line; whatever else carries "$portl" is an abort or damage. */
static int
read_end(struct stream_decoder *d, struct err *e)
{
	const char *line = readbuf_bytes(&d->rb);
	const char *end = memchr(line, '\n', readbuf_left(&d->rb));
	const char *text = find_document(line, end);
	json_t *doc = stream_decoder_document(d, text,
					      (size_t)(find_document_end(text, end) - text), e);
	int rc;

	if (doc == NULL)
		return -1;
	d->rb.pos += (size_t)(end + 1 - line);
	rc = stream_decoder_check_end(d, doc, e);
	json_decref(doc);
	return rc;
}

/* Digest the rows as they were sent, and leave out what is not wanted of them. */
static int
take_rows(struct stream_decoder *d, struct err *e)
{
	const struct buf *rows = rows_of(d);

	if (pgcopy_digest_text(&d->rows_digest, &d->scratch, rows->data, rows->len,
			       (int)schema_of(d)->ncolumns, d->json, e) != 0)
		return -1;
	if (d->keep != NULL)
		copytext_keep(&d->out, rows->data, rows->len, d->keep);
	return 0;
}

static int
ndjson_next(struct stream_decoder *d, struct stream_chunk *chunk, struct err *e)
{
	uint64_t before = d->rows;
	size_t seen = 0;
	int rc;

	d->out.len = d->full.len = 0;
	err_release(&d->fault);
	do {
		rc = wait_for_line(d, &seen, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return d->bare ? 0 : stream_decoder_cut(d, e);
		seen = 0;
		rc = read_rows(d, e);
		if (rc < 0)
			return -1;
		if (rc == FAULT && d->rows == before)
			return yield_fault(d, chunk);
		if (rc > 0 && d->rows == before)
			return read_end(d, e);
	} while (d->rows == before);
	if (take_rows(d, e) != 0)
		return -1;
	chunk->data = d->out.data;
	chunk->len = chunk->whole = d->out.len;
	chunk->rows = d->rows - before;
	return 1;
}

const struct stream_decoder_ops stream_ndjson_ops = {
	.begin = ndjson_begin,
	.next = ndjson_next,
};
