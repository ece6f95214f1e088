/*
 * What comes in, and what is around the streams: which decoder reads one, whether another
 * may follow it, and that nothing stands behind the last.
 */
#include "common/stream/stream_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/ndjson/ndjson.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/stream/stream_decoder.h"
#include "common/stream/stream_ndjson.h"
#include "common/stream/stream_pgcopy.h"

struct stream_reader {
	struct stream_decoder d;
	const struct stream_decoder_ops *ops; /* of the current stream */
	bool done;                            /* the current stream is complete */
};

struct stream_reader *
stream_reader_new(struct input *in, enum stream_edited edited)
{
	struct stream_reader *r = xcalloc(1, sizeof(*r));

	readbuf_init(&r->d.rb, in);
	r->d.edited = edited;
	r->d.line_max = STREAM_LINE_MAX;
	r->d.fault = ERR_INIT;
	rowdigest_init(&r->d.rows_digest);
	r->d.digest = XXH3_createState();
	if (r->d.digest == NULL)
		xalloc_failed();
	XXH3_64bits_reset(r->d.digest); /* asked for even if no stream ever begins */
	return r;
}

/* What somebody may have sent by mistake, told by its first bytes. */
static const char *
guess(const char *p, size_t len)
{
	if (len >= 8 && memcmp(p, "PGCOPY\r\n", 8) == 0)
		return "Each newline has come as carriage return and newline: a terminal is in "
		       "the way. Leave out -t of ssh or docker.";
	if (len >= 7 && memcmp(p, "PGCOPY\n", 7) == 0)
		return "Its bytes were changed on the way, as if they were lines of text.";
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
	return "Read is what portl-extract writes, COPY … (FORMAT binary) files and "
	       "NDJSON; CSV files are read by `portl-extract --csv`. Over ssh, the shell there "
	       "must print nothing of its own before.";
}

static int
unknown_input(struct stream_reader *r, struct err *e)
{
	err_set(e, EXIT_STREAM, "%s: this is not a stream of rows", input_name(r->d.rb.in));
	return err_hint(e, "%s", guess(readbuf_bytes(&r->d.rb), readbuf_left(&r->d.rb)));
}

static int
detect(struct stream_reader *r, struct err *e)
{
	const char *p;
	size_t i = 0;
	int rc = readbuf_need(&r->d.rb, 1, e);

	if (rc < 0)
		return -1;
	if (rc == 0 && r->d.set != NULL)
		return stream_decoder_lacks(&r->d, e);
	if (rc == 0) {
		err_set(e, EXIT_STREAM, "%s: the input is empty%s", input_name(r->d.rb.in),
			r->d.rb.offset + r->d.rb.pos > 0 ? " where another stream is expected"
							 : "");
		return err_hint(e, "portl-extract stands in front of portl-load; if it does, "
				   "its own messages say why it has sent nothing.");
	}
	if (*readbuf_bytes(&r->d.rb) == 'P') {
		rc = readbuf_need(&r->d.rb, PGCOPY_SIGNATURE_LEN, e);
		if (rc < 0)
			return -1;
		p = readbuf_bytes(&r->d.rb);
		if (rc == 0 && memcmp(p, PGCOPY_SIGNATURE, readbuf_left(&r->d.rb)) == 0)
			return stream_decoder_cut(&r->d, e);
		if (rc == 0 || memcmp(p, PGCOPY_SIGNATURE, PGCOPY_SIGNATURE_LEN) != 0)
			return unknown_input(r, e);
		r->ops = &stream_pgcopy_ops;
		return 0;
	}
	p = readbuf_bytes(&r->d.rb);
	while (i < readbuf_left(&r->d.rb) && strchr(" \t\r\n", p[i]) != NULL && p[i] != '\0')
		i++;
	if (i < readbuf_left(&r->d.rb) && p[i] != '{')
		return unknown_input(r, e);
	r->ops = &stream_ndjson_ops;
	return 0;
}

void
stream_reader_name_columns(struct stream_reader *r, char *const *names, size_t n,
			   bool ignore_others)
{
	r->d.names = names;
	r->d.nnames = n;
	r->d.ignore_others = ignore_others;
}

void
stream_reader_infer(struct stream_reader *r)
{
	r->d.infer = true;
}

void
stream_reader_limit_line(struct stream_reader *r, size_t bytes)
{
	r->d.line_max = bytes;
}

/* What --columns and --infer say is for streams that do not say it themselves. */
static int
check_bare(const struct stream_reader *r, struct err *e)
{
	const char *option = r->d.infer ? "--infer" : "--columns";

	if ((r->d.names == NULL && !r->d.infer) || (r->ops == &stream_ndjson_ops && r->d.bare))
		return 0;
	err_set(e, EXIT_USAGE, "%s is for bare NDJSON, and %s is none", option,
		input_name(r->d.rb.in));
	if (r->d.infer && r->d.header != NULL)
		err_hint(e, "The stream says by itself which types it has.");
	return -1;
}

static void
forget_schema(struct stream_decoder *d)
{
	if (d->schema != NULL)
		schema_release(d->schema);
	free(d->schema);
	d->schema = NULL;
}

int
stream_reader_begin(struct stream_reader *r, struct err *e)
{
	header_free(r->d.header);
	r->d.header = NULL;
	forget_schema(&r->d);
	free(r->d.keep);
	r->d.keep = NULL;
	r->d.rows_before += r->d.rows;
	r->d.rows = 0;
	r->d.member += r->d.set != NULL; /* the first begins with the manifest */
	r->d.stop = 0;
	r->d.crlf = false;
	r->d.bare = true;
	r->d.digest_faulty = false;
	rowdigest_release(&r->d.rows_digest);
	r->done = false;
	stream_decoder_restart(&r->d);
	if (detect(r, e) != 0 || r->ops->begin(&r->d, e) != 0)
		return -1;
	return check_bare(r, e);
}

const struct manifest *
stream_reader_set(const struct stream_reader *r)
{
	return r->d.set;
}

const struct header *
stream_reader_header(const struct stream_reader *r)
{
	return r->d.header;
}

const char *
stream_reader_run(const struct stream_reader *r)
{
	return r->d.header != NULL && r->d.header->run != NULL ? r->d.header->run
							       : r->d.aborted_run;
}

int
stream_reader_aborted(const struct stream_reader *r)
{
	return r->d.aborted_status;
}

bool
stream_reader_is_text(const struct stream_reader *r)
{
	return r->ops == &stream_ndjson_ops ||
	       (r->d.header != NULL && r->d.header->values == HEADER_TEXT);
}

bool
stream_reader_is_ndjson(const struct stream_reader *r)
{
	return r->ops == &stream_ndjson_ops;
}

bool
stream_reader_is_bare(const struct stream_reader *r)
{
	return r->d.bare;
}

void
stream_reader_set_schema(struct stream_reader *r, const struct schema *schema)
{
	forget_schema(&r->d);
	r->d.schema = xmalloc(sizeof(*r->d.schema));
	schema_copy(r->d.schema, schema);
}

void
stream_reader_select(struct stream_reader *r, const bool *keep, size_t n)
{
	size_t i;

	r->d.scan.nfields = (int)n;
	for (i = 0; i < n && keep[i]; i++)
		continue;
	if (i == n)
		return; /* all are kept: the fast path */
	r->d.keep = xmalloc(n * sizeof(*r->d.keep));
	memcpy(r->d.keep, keep, n * sizeof(*r->d.keep));
	r->d.nkeep = n;
}

void
stream_reader_keep_faults(struct stream_reader *r, bool on)
{
	r->d.keep_faults = on;
}

void
stream_reader_stop(struct stream_reader *r, uint64_t rows)
{
	r->d.stop = r->d.rows + rows;
}

int
stream_reader_next(struct stream_reader *r, struct stream_chunk *chunk, struct err *e)
{
	chunk->fault = NULL;
	do {
		int rc = r->done ? 0 : r->ops->next(&r->d, chunk, e);

		if (rc <= 0) {
			r->done = true;
			return rc;
		}
	} while (chunk->len == 0 && chunk->rows == 0);
	return 1;
}

int
stream_reader_follows(struct stream_reader *r, struct err *e)
{
	return readbuf_need(&r->d.rb, 1, e);
}

int
stream_reader_finish(struct stream_reader *r, struct err *e)
{
	int rc = stream_reader_follows(r, e);

	if (rc <= 0)
		return rc;
	err_set(e, EXIT_STREAM, "%s: byte %" PRIu64 ": there are bytes behind the stream's end",
		input_name(r->d.rb.in), readbuf_offset(&r->d.rb));
	return err_hint(e, "If several streams were joined on purpose, use --streams=N.");
}

uint64_t
stream_reader_rows(const struct stream_reader *r)
{
	return r->d.rows_before + r->d.rows;
}

int64_t
stream_reader_sent(const struct stream_reader *r)
{
	return r->d.sent;
}

uint64_t
stream_reader_bytes(const struct stream_reader *r)
{
	return readbuf_offset(&r->d.rb);
}

void
stream_reader_digest(const struct stream_reader *r, char hex[17])
{
	stream_decoder_digest(&r->d, hex);
}

void
stream_reader_rows_digest(const struct stream_reader *r, char hex[ROWDIGEST_LEN + 1])
{
	if (r->ops != NULL)
		stream_decoder_rows_digest(&r->d, hex);
	else
		hex[0] = '\0';
}

void
stream_reader_free(struct stream_reader *r)
{
	if (r == NULL)
		return;
	readbuf_release(&r->d.rb);
	header_free(r->d.header);
	manifest_free(r->d.set);
	ndjson_reader_free(r->d.ndjson);
	forget_schema(&r->d);
	XXH3_freeState(r->d.digest);
	rowdigest_release(&r->d.rows_digest);
	free(r->d.json);
	buf_release(&r->d.scratch);
	buf_release(&r->d.full);
	buf_release(&r->d.out);
	free(r->d.keep);
	free(r->d.aborted_run);
	err_release(&r->d.fault);
	free(r);
}
