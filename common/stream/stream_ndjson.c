/*
 * Decoder for NDJSON: the header line, rows, the end line; or, bare, rows only,
 * the first of which names the columns.  Yields COPY text.
 *
 * The digest is over every byte between header line and end line, blank lines
 * and carriage returns included: what was not written must not be there.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/ndjson/ndjson.h"
#include "common/schema/header.h"
#include "common/stream/input.h"
#include "common/stream/stream_decoder.h"

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
too_long(const struct stream_reader *r, struct err *e)
{
	err_set(e, EXIT_STREAM, "the line is longer than %zu bytes", r->line_max);
	return err_hint(e, "--max-line=BYTES sets the limit.");
}

/* The row in the line is at fault: say where it is. */
static int
fault_in_row(const struct stream_reader *r, const char *line, const char *end, struct err *e)
{
	while (end > line && skip_space(end - 1, end) == end)
		end--;
	if (end > line && end[-1] == '{')
		err_hint(e, "Each line has to hold one whole row; `jq -c .` writes JSON so.");
	return err_prefix(e, "%s:%" PRIu64 ": ", input_name(r->rb.in),
			  r->rows_before + r->rows + 1);
}

/* The input ends without a newline. */
static int
cut_line(struct stream_reader *r, struct err *e)
{
	const char *line = readbuf_bytes(&r->rb);
	bool first = r->header == NULL;

	stream_reader_cut(r, e);
	if (first ? find_document(line, line + readbuf_left(&r->rb)) == NULL : r->bare)
		err_hint(e, "Without a newline at its end the last line may have been cut. If "
			    "it is whole, add the newline: `{ cat FILE; echo; }`.");
	return -1;
}

/*
 * Wait until there is a newline behind the ${*seen} bytes of the window in which
 * there is none: 1, 0 at the end of the input, -1.
 */
static int
wait_for_line(struct stream_reader *r, size_t *seen, struct err *e)
{
	for (;;) {
		size_t left = readbuf_left(&r->rb);
		int rc;

		if (left > *seen &&
		    memchr(readbuf_bytes(&r->rb) + *seen, '\n', left - *seen) != NULL)
			return 1;
		*seen = left;
		if (left > r->line_max) {
			too_long(r, e);
			return fault_in_row(r, NULL, NULL, e);
		}
		rc = readbuf_more(&r->rb, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return left == 0 ? 0 : cut_line(r, e);
	}
}

static int
read_header(struct stream_reader *r, const char *text, size_t len, struct err *e)
{
	json_t *doc = stream_reader_document(r, text, len, e);

	if (doc == NULL)
		return -1;
	r->header = header_from_json(doc, e);
	json_decref(doc);
	if (r->header == NULL)
		return stream_reader_where(r, e);
	r->header->values = HEADER_TEXT;
	r->bare = r->header->bare;
	XXH3_64bits_update(r->digest, text, len);
	return 0;
}

/* The first line is a row; it stays to be read as one. */
static int
begin_bare(struct stream_reader *r, const char *line, size_t len, struct err *e)
{
	struct schema *schema;
	size_t i;

	r->header = header_new();
	schema = &r->header->schema;
	if (r->names == NULL && ndjson_first_columns(schema, line, len, e) != 0)
		return fault_in_row(r, line, line + len, e);
	for (i = 0; i < r->nnames; i++)
		schema_add_column(schema, r->names[i], "", NULL);
	r->header->values = HEADER_TEXT;
	r->header->bare = true;
	return 0;
}

static int
ndjson_begin(struct stream_reader *r, struct err *e)
{
	const char *line, *end, *text;
	int rc;

	ndjson_reader_free(r->ndjson);
	r->ndjson = NULL;
	do { /* blank lines in front are nobody's */
		size_t seen = 0;

		rc = wait_for_line(r, &seen, e);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			err_set(e, EXIT_STREAM, "%s: the input has no rows and no header",
				input_name(r->rb.in));
			return err_hint(
				e, "An empty table is sent as a header and an end document.");
		}
		line = readbuf_bytes(&r->rb);
		end = memchr(line, '\n', readbuf_left(&r->rb));
		if (end == NULL || skip_space(line, end) < end)
			break;
		r->rb.pos += (size_t)(end + 1 - line);
	} while (true);
	text = find_document(line, end);
	if (text == NULL)
		return begin_bare(r, line, (size_t)(end - line), e);
	rc = read_header(r, text, (size_t)(find_document_end(text, end) - text), e);
	r->rb.pos += (size_t)(end + 1 - line);
	return rc;
}

static void
make_reader(struct stream_reader *r)
{
	unsigned flags = (r->bare ? NDJSON_BARE : 0) | (r->ignore_others ? NDJSON_IGNORE : 0);

	if (!r->bare && (r->flags & STREAM_EDITED) == 0)
		flags |= NDJSON_EXACT;
	r->ndjson = ndjson_reader_new(&r->header->schema, flags);
	if (r->keep != NULL)
		ndjson_reader_select(r->ndjson, r->keep);
}

static int
read_row(struct stream_reader *r, const char *line, const char *end, struct err *e)
{
	int rc;

	if (r->ndjson == NULL)
		make_reader(r);
	rc = (size_t)(end - line) > r->line_max
		     ? too_long(r, e)
		     : ndjson_reader_line(r->ndjson, line, (size_t)(end - line), &r->out, e);
	if (rc != 0)
		return fault_in_row(r, line, end, e);
	r->rows++;
	return 0;
}

/*
 * Read the rows that are in the window as whole lines, until there are enough.
 * Returns 1 if it stopped at the end line, else 0 or -1.
 */
static int
read_rows(struct stream_reader *r, struct err *e)
{
	const char *start = readbuf_bytes(&r->rb), *p = start;
	const char *end = start + readbuf_left(&r->rb), *stop;
	uint64_t last = r->stop > r->rows ? r->stop
					  : UINT64_MAX; /* what is past holds no more */
	int rc = 0;

	while (rc == 0 && r->out.len < STREAM_ENOUGH && r->rows < last &&
	       (stop = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (*p == '{' || skip_space(p, stop) < stop) {
			if (!r->bare && find_document(p, stop) != NULL)
				rc = 1;
			else
				rc = read_row(r, p, stop, e);
		}
		if (rc == 0)
			p = stop + 1;
	}
	XXH3_64bits_update(r->digest, start, (size_t)(p - start));
	r->rb.pos += (size_t)(p - start);
	return rc;
}

/* The end line; whatever else carries "$portl" is an abort or damage. */
static int
read_end(struct stream_reader *r, struct err *e)
{
	const char *line = readbuf_bytes(&r->rb);
	const char *end = memchr(line, '\n', readbuf_left(&r->rb));
	const char *text = find_document(line, end);
	json_t *doc = stream_reader_document(r, text,
					     (size_t)(find_document_end(text, end) - text), e);
	int rc;

	if (doc == NULL)
		return -1;
	r->rb.pos += (size_t)(end + 1 - line);
	rc = stream_reader_check_end(r, doc, e);
	json_decref(doc);
	return rc;
}

static int
ndjson_next(struct stream_reader *r, struct stream_chunk *chunk, struct err *e)
{
	uint64_t before = r->rows;
	size_t seen = 0;
	int rc;

	r->out.len = 0;
	do {
		rc = wait_for_line(r, &seen, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return r->bare ? 0 : stream_reader_cut(r, e);
		seen = 0;
		rc = read_rows(r, e);
		if (rc < 0)
			return -1;
		if (rc > 0 && r->rows == before)
			return read_end(r, e);
	} while (r->rows == before);
	chunk->data = r->out.data;
	chunk->len = r->out.len;
	chunk->rows = r->rows - before;
	return 1;
}

const struct stream_decoder_ops stream_ndjson_ops = {
	.begin = ndjson_begin,
	.next = ndjson_next,
};
