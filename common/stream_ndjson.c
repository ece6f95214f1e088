/*
 * Decoder for NDJSON: the header line, rows, the end line; or, bare, rows only,
 * the first of which names the columns.  Yields COPY text.
 */
#include <stdlib.h>
#include <string.h>

#include "common/copytext.h"
#include "common/err.h"
#include "common/input.h"
#include "common/ndjson.h"
#include "common/schema.h"
#include "common/stream_decoder.h"

#define OUT_ENOUGH ((size_t)256 * 1024)
#define LINE_MAX_BYTES ((size_t)1 << 30)

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/*
 * Find the next line that is not blank: 1 with it in the window (its newline is
 * behind it), 0 at the end of the input, -1 on failure.  Consumes blank lines.
 */
static int
find_line(struct stream_reader *r, const char **line, size_t *len, struct err *e)
{
	size_t seen = 0;

	for (;;) {
		const char *p = readbuf_bytes(&r->rb);
		const char *nl = memchr(p + seen, '\n', readbuf_left(&r->rb) - seen);
		int rc;

		if (nl != NULL) {
			size_t i = 0, n = (size_t)(nl - p);

			while (i < n && is_space(p[i]))
				i++;
			if (i < n) {
				*line = p;
				*len = n;
				return 1;
			}
			r->rb.pos += n + 1;
			seen = 0;
			continue;
		}
		seen = readbuf_left(&r->rb);
		if (seen > LINE_MAX_BYTES) {
			err_set(e, EXIT_STREAM, "a line is longer than 1 GB");
			return stream_reader_where(r, e);
		}
		rc = readbuf_more(&r->rb, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return seen == 0 ? 0 : stream_reader_cut(r, e);
	}
}

/* Is this {"$portl": …}?  Then give the document inside the braces. */
static bool
is_document(const char *line, size_t len, const char **doc, size_t *doclen)
{
	static const char key[] = "\"$portl\"";
	const char *p = line, *end = line + len;

	while (p < end && is_space(*p))
		p++;
	if (p == end || *p++ != '{')
		return false;
	while (p < end && is_space(*p))
		p++;
	if ((size_t)(end - p) < sizeof(key) - 1 || memcmp(p, key, sizeof(key) - 1) != 0)
		return false;
	p += sizeof(key) - 1;
	while (p < end && (is_space(*p) || *p == ':'))
		p++;
	while (end > p && is_space(end[-1]))
		end--;
	if (end > p && end[-1] == '}')
		end--;
	*doc = p;
	*doclen = (size_t)(end - p);
	return true;
}

static int
read_header(struct stream_reader *r, const char *text, size_t len, struct err *e)
{
	json_t *doc = stream_reader_document(r, text, len, e);

	if (doc == NULL)
		return -1;
	r->schema = schema_from_json(doc, e);
	json_decref(doc);
	if (r->schema == NULL)
		return stream_reader_where(r, e);
	r->schema->values = SCHEMA_TEXT;
	r->bare = r->schema->bare;
	XXH3_64bits_update(r->digest, text, len);
	return 0;
}

static int
ndjson_begin(struct stream_reader *r, struct err *e)
{
	const char *line = NULL, *text;
	size_t len = 0, doclen;
	int rc = find_line(r, &line, &len, e);

	ndjson_reader_free(r->ndjson);
	r->ndjson = NULL;
	if (rc < 0)
		return -1;
	if (rc == 0) {
		err_set(e, EXIT_STREAM, "%s: the input has no rows and no header",
			input_name(r->rb.in));
		return err_hint(e, "An empty table is sent as a header and an end document.");
	}
	if (is_document(line, len, &text, &doclen)) {
		rc = read_header(r, text, doclen, e);
		r->rb.pos += len + 1;
		return rc;
	}
	r->schema = ndjson_first_columns(line, len, e);
	if (r->schema == NULL)
		return stream_reader_where(r, e);
	r->schema->values = SCHEMA_TEXT;
	r->schema->bare = true;
	return 0;
}

/* Leave out the fields of a row of COPY text that are not kept, in place. */
static void
select_fields(const struct stream_reader *r, struct buf *out, size_t start)
{
	char *src = out->data + start, *end = out->data + out->len - 1, *dst = src;
	bool first = true;
	size_t i;

	for (i = 0; i < r->nkeep; i++) {
		const char *stop = copytext_field_end(src, end);
		size_t len = (size_t)(stop - src);

		if (r->keep[i]) {
			if (!first)
				*dst++ = '\t';
			memmove(dst, src, len);
			dst += len;
			first = false;
		}
		src += len + 1;
	}
	*dst++ = '\n';
	out->len = (size_t)(dst - out->data);
}

static int
read_row(struct stream_reader *r, const char *line, size_t len, struct err *e)
{
	size_t start = r->out.len;

	if (r->ndjson == NULL)
		r->ndjson = ndjson_reader_new(r->schema, r->bare ? NDJSON_BARE : 0);
	if (ndjson_reader_line(r->ndjson, line, len, &r->out, e) != 0)
		return err_prefix(e, "%s:%llu: ", input_name(r->rb.in),
				  (unsigned long long)(r->rows_before + r->rows + 1));
	if (r->keep != NULL)
		select_fields(r, &r->out, start);
	XXH3_64bits_update(r->digest, line, len + 1);
	r->rb.pos += len + 1;
	r->rows++;
	return 0;
}

/* The end line; whatever else carries "$portl" is an abort or damage. */
static int
read_end(struct stream_reader *r, const char *text, size_t len, struct err *e)
{
	json_t *doc = stream_reader_document(r, text, len, e);
	int rc;

	if (doc == NULL)
		return -1;
	rc = stream_reader_check_end(r, doc, e);
	json_decref(doc);
	return rc;
}

static int
ndjson_next(struct stream_reader *r, struct stream_chunk *chunk, struct err *e)
{
	const char *line = NULL, *text = NULL;
	size_t len = 0, doclen = 0;
	uint64_t before = r->rows;
	int rc = 1;

	r->out.len = 0;
	do {
		rc = find_line(r, &line, &len, e);
		if (rc <= 0)
			break;
		if (!r->bare && is_document(line, len, &text, &doclen)) {
			if (r->out.len > 0)
				break; /* give out the rows first, then come back */
			rc = read_end(r, text, doclen, e);
			r->rb.pos += len + 1;
			return rc;
		}
		if (read_row(r, line, len, e) != 0)
			return -1;
	} while (r->out.len < OUT_ENOUGH && r->rows != r->stop &&
		 memchr(readbuf_bytes(&r->rb), '\n', readbuf_left(&r->rb)) != NULL);
	if (rc < 0)
		return -1;
	chunk->data = r->out.data;
	chunk->len = r->out.len;
	chunk->rows = r->rows - before;
	if (rc > 0 || r->out.len > 0)
		return 1;
	return r->bare ? 0 : stream_reader_cut(r, e);
}

const struct stream_decoder_ops stream_ndjson_ops = {
	.begin = ndjson_begin,
	.next = ndjson_next,
};
