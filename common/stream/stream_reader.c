/*
 * Detection, envelope and proof.  The decoders (stream_pgcopy, stream_ndjson)
 * know how rows and documents look; what must hold for the whole is here.
 */
#include "common/stream/stream_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/ndjson/ndjson.h"
#include "common/schema/header.h"
#include "common/stream/input.h"
#include "common/stream/stream_decoder.h"

struct stream_reader *
stream_reader_new(struct input *in, unsigned flags)
{
	struct stream_reader *r = xcalloc(1, sizeof(*r));

	readbuf_init(&r->rb, in);
	r->flags = flags;
	r->line_max = STREAM_LINE_MAX;
	r->digest = XXH3_createState();
	if (r->digest == NULL)
		xalloc_failed();
	XXH3_64bits_reset(r->digest); /* asked for even if no stream ever begins */
	return r;
}

int
stream_reader_where(struct stream_reader *r, struct err *e)
{
	return err_prefix(e, "%s:%" PRIu64 ": byte %" PRIu64 ": ", input_name(r->rb.in),
			  r->rows_before + r->rows + 1, readbuf_offset(&r->rb));
}

int
stream_reader_cut(struct stream_reader *r, struct err *e)
{
	err_set(e, EXIT_STREAM, "the stream ends too early, it is incomplete");
	err_detail(e, "%" PRIu64 " whole rows have arrived.", r->rows_before + r->rows);
	err_hint(e, "The sender failed or was stopped; its own messages say why. "
		    "Run the transfer again.");
	return stream_reader_where(r, e);
}

json_t *
stream_reader_document(struct stream_reader *r, const char *text, size_t len, struct err *e)
{
	json_error_t why;
	json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	const char *reason, *sqlstate, *run;

	if (!json_is_object(doc)) {
		err_set(e, EXIT_STREAM, "a document of the stream is damaged: %s",
			doc == NULL ? why.text : "not an object");
		if ((r->flags & STREAM_EDITED) != 0)
			err_hint(e, "What edits the rows has to let the lines that begin with "
				    "{\"$portl\" pass as they are.");
		stream_reader_where(r, e);
		json_decref(doc);
		return NULL;
	}
	reason = json_string_value(json_object_get(doc, "abort"));
	if (reason == NULL)
		return doc;
	sqlstate = json_string_value(json_object_get(doc, "sqlstate"));
	run = json_string_value(json_object_get(doc, "run"));
	if (run != NULL && r->aborted_run == NULL)
		r->aborted_run = xstrdup(run);
	err_set(e, EXIT_STREAM, "upstream failed: %s", reason);
	if (sqlstate != NULL)
		snprintf(e->sqlstate, sizeof(e->sqlstate), "%s", sqlstate);
	json_decref(doc);
	return NULL;
}

int
stream_reader_check_end(struct stream_reader *r, json_t *doc, struct err *e)
{
	const json_t *rows = json_object_get(doc, "rows");
	const char *digest = json_string_value(json_object_get(doc, "xxh3"));
	char hex[17];

	if (!json_is_true(json_object_get(doc, "end")) || !json_is_integer(rows) ||
	    digest == NULL) {
		err_set(e, EXIT_STREAM, "the stream's end document is damaged");
		return stream_reader_where(r, e);
	}
	if ((r->flags & STREAM_EDITED) != 0)
		return 0;
	if (json_integer_value(rows) < 0 || (uint64_t)json_integer_value(rows) != r->rows) {
		err_set(e, EXIT_STREAM,
			"%s: the stream has %" PRIu64 " rows, but its end document says %lld",
			input_name(r->rb.in), r->rows, (long long)json_integer_value(rows));
		return err_hint(e, "If rows were changed on the way on purpose, use --edited.");
	}
	stream_reader_digest(r, hex);
	if (strcmp(digest, hex) == 0)
		return 0;
	err_set(e, EXIT_STREAM,
		"%s: the stream was damaged on the way: its digest is %s, not %s",
		input_name(r->rb.in), hex, digest);
	return err_hint(e, "If rows were changed on the way on purpose, use --edited.");
}

/* What somebody may have sent by mistake, told by its first bytes. */
static const char *
guess(const char *p, size_t len)
{
	if (len >= 5 && memcmp(p, "PGDMP", 5) == 0)
		return "This is a pg_dump archive; pg_restore reads it.";
	if (len >= 2 && memcmp(p, "\x1f\x8b", 2) == 0)
		return "This is gzip; put `gunzip |` in front.";
	if (len >= 4 && memcmp(p, "\3757zX", 4) == 0) /* all that is sure to have come */
		return "This is xz; put `xz -d |` in front.";
	if (len >= 3 && memcmp(p, "BZh", 3) == 0)
		return "This is bzip2; put `bunzip2 |` in front.";
	if (len >= 4 && memcmp(p, "\x04\x22\x4d\x18", 4) == 0)
		return "This is lz4; put `lz4 -d |` in front.";
	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		return "This begins with a UTF-8 byte order mark; take it away first.";
	if (len >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
		return "This is UTF-16; put `iconv -f UTF-16 -t UTF-8 |` in front.";
	if (len >= 2 && memcmp(p, "--", 2) == 0)
		return "This looks like SQL; psql runs it.";
	if (len >= 1 && *p == '[')
		return "This looks like an array of rows; `jq -c '.[]'` writes one row a "
		       "line.";
	return "portl-load reads what portl-extract writes, COPY … (FORMAT binary) files and "
	       "NDJSON; CSV files are read by `portl-extract --csv`. Over ssh, the shell there "
	       "must print nothing of its own before.";
}

static int
unknown_input(struct stream_reader *r, struct err *e)
{
	err_set(e, EXIT_STREAM, "%s: this is not a stream that portl-load can read",
		input_name(r->rb.in));
	return err_hint(e, "%s", guess(readbuf_bytes(&r->rb), readbuf_left(&r->rb)));
}

static int
detect(struct stream_reader *r, struct err *e)
{
	const char *p;
	size_t i = 0;
	int rc = readbuf_need(&r->rb, 1, e);

	if (rc < 0)
		return -1;
	if (rc == 0) {
		err_set(e, EXIT_STREAM, "%s: the input is empty%s", input_name(r->rb.in),
			r->rb.offset + r->rb.pos > 0 ? " where another stream is expected"
						     : "");
		return err_hint(e, "portl-extract stands in front of portl-load; if it does, "
				   "its own messages say why it has sent nothing.");
	}
	if (*readbuf_bytes(&r->rb) == 'P') {
		rc = readbuf_need(&r->rb, PGCOPY_SIGNATURE_LEN, e);
		if (rc < 0)
			return -1;
		p = readbuf_bytes(&r->rb);
		if (rc == 0 && memcmp(p, PGCOPY_SIGNATURE, readbuf_left(&r->rb)) == 0)
			return stream_reader_cut(r, e);
		if (rc == 0 || memcmp(p, PGCOPY_SIGNATURE, PGCOPY_SIGNATURE_LEN) != 0)
			return unknown_input(r, e);
		r->ops = &stream_pgcopy_ops;
		return 0;
	}
	p = readbuf_bytes(&r->rb);
	while (i < readbuf_left(&r->rb) && strchr(" \t\r\n", p[i]) != NULL && p[i] != '\0')
		i++;
	if (i < readbuf_left(&r->rb) && p[i] != '{')
		return unknown_input(r, e);
	r->ops = &stream_ndjson_ops;
	return 0;
}

void
stream_reader_name_columns(struct stream_reader *r, char *const *names, size_t n,
			   bool ignore_others)
{
	r->names = names;
	r->nnames = n;
	r->ignore_others = ignore_others;
}

void
stream_reader_limit_line(struct stream_reader *r, size_t bytes)
{
	r->line_max = bytes;
}

int
stream_reader_begin(struct stream_reader *r, struct err *e)
{
	header_free(r->header);
	r->header = NULL;
	free(r->keep);
	r->keep = NULL;
	r->rows_before += r->rows;
	r->rows = 0;
	r->stop = 0;
	r->bare = true;
	r->done = false;
	XXH3_64bits_reset(r->digest);
	if (detect(r, e) != 0 || r->ops->begin(r, e) != 0)
		return -1;
	if (r->names != NULL && (r->ops != &stream_ndjson_ops || !r->bare))
		return err_set(e, EXIT_USAGE, "--columns is for bare NDJSON, and %s is none",
			       input_name(r->rb.in));
	return 0;
}

struct header *
stream_reader_header(struct stream_reader *r)
{
	return r->header;
}

const char *
stream_reader_run(const struct stream_reader *r)
{
	return r->header != NULL && r->header->run != NULL ? r->header->run : r->aborted_run;
}

bool
stream_reader_is_text(const struct stream_reader *r)
{
	return r->ops == &stream_ndjson_ops ||
	       (r->header != NULL && r->header->values == HEADER_TEXT);
}

bool
stream_reader_is_ndjson(const struct stream_reader *r)
{
	return r->ops == &stream_ndjson_ops;
}

bool
stream_reader_is_bare(const struct stream_reader *r)
{
	return r->bare;
}

void
stream_reader_select(struct stream_reader *r, const bool *keep, size_t n)
{
	size_t i;

	r->scan.nfields = (int)n;
	for (i = 0; i < n && keep[i]; i++)
		continue;
	if (i == n)
		return; /* all are kept: the fast path */
	r->keep = xmalloc(n * sizeof(*r->keep));
	memcpy(r->keep, keep, n * sizeof(*r->keep));
	r->nkeep = n;
}

void
stream_reader_stop(struct stream_reader *r, uint64_t rows)
{
	r->stop = r->rows + rows;
}

int
stream_reader_next(struct stream_reader *r, struct stream_chunk *chunk, struct err *e)
{
	do {
		int rc = r->done ? 0 : r->ops->next(r, chunk, e);

		if (rc <= 0) {
			r->done = true;
			return rc;
		}
	} while (chunk->len == 0 && chunk->rows == 0);
	return 1;
}

int
stream_reader_finish(struct stream_reader *r, struct err *e)
{
	int rc = readbuf_need(&r->rb, 1, e);

	if (rc <= 0)
		return rc;
	err_set(e, EXIT_STREAM, "%s: byte %" PRIu64 ": there are bytes behind the stream's end",
		input_name(r->rb.in), readbuf_offset(&r->rb));
	return err_hint(e, "If several streams were joined on purpose, use --streams=N.");
}

uint64_t
stream_reader_rows(const struct stream_reader *r)
{
	return r->rows_before + r->rows;
}

uint64_t
stream_reader_bytes(const struct stream_reader *r)
{
	return readbuf_offset(&r->rb);
}

void
stream_reader_digest(const struct stream_reader *r, char hex[17])
{
	snprintf(hex, 17, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(r->digest));
}

void
stream_reader_free(struct stream_reader *r)
{
	if (r == NULL)
		return;
	readbuf_release(&r->rb);
	header_free(r->header);
	ndjson_reader_free(r->ndjson);
	XXH3_freeState(r->digest);
	buf_release(&r->out);
	free(r->keep);
	free(r->aborted_run);
	free(r);
}
