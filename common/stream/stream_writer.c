/*
 * The envelope around rows.  Rows are gathered in one block; a full block is
 * digested and written in one go, so that small rows cost one copy and huge
 * ones none.  How rows and documents look is the encoder's business.
 */
#include "common/stream/stream_writer.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/xalloc.h"
#include "common/ndjson/ndjson.h"
#include "common/rows/pgcopy.h"
#include "common/rows/rowdigest.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/output.h"

#define ABORT_PATIENCE 1000        /* ms to wait for room for an abort document */
#define KEPT_MAX ((size_t)1 << 26) /* bytes of memory that are kept for the next rows */

/* How one encoding writes; all append to w->block. */
struct encoder_ops {
	int (*rows)(struct stream_writer *w, const char *data, size_t len, struct err *e);
	void (*header)(struct stream_writer *w, const char *doc, size_t len);
	void (*last)(struct stream_writer *w, const char *doc, size_t len); /* end or abort */
	void (*bare_end)(struct stream_writer *w);
};

struct stream_writer {
	struct output *out;          /* borrowed */
	const struct header *header; /* borrowed; NULL before the header */
	const struct encoder_ops *ops;
	enum stream_format format;
	unsigned ndjson_flags;
	struct ndjson_writer *ndjson;
	const char *run;  /* borrowed; for an abort document, or NULL */
	struct buf block; /* rows held back */
	XXH3_state_t *digest;
	struct rowdigest rows_digest;
	bool *json;                        /* which columns of NDJSON hold it; NULL: none */
	struct buf scratch;                /* for pgcopy_digest_text() */
	uint64_t rows;                     /* of the current stream */
	uint64_t rows_before;              /* of those before it */
	char set[MANIFEST_DIGEST_LEN + 1]; /* the manifest's digest; "": no set */
	bool bare;
	bool open; /* rows may follow: a segment's trailer has still to come */
	bool text; /* rows come to their digest in text form */
	bool digest_only;
};

/* Are the rows tuples as the server sends them? */
static bool
passes_through(const struct stream_writer *w)
{
	return w->format == STREAM_BINARY && w->header->values == HEADER_BINARY;
}

/* A huge value is held twice before it comes here, and once more as it goes out. */
static void
give_back(struct buf *b)
{
	if (b->cap > KEPT_MAX)
		buf_release(b);
}

static int
digest_text(struct stream_writer *w, const char *data, size_t len, struct err *e)
{
	return pgcopy_digest_text(&w->rows_digest, &w->scratch, data, len,
				  (int)w->header->schema.ncolumns, w->json, e);
}

/* ---- binary tuples ---- */

/* Made from COPY text; stream_writer_rows() passes those of the server through. */
static int
binary_rows(struct stream_writer *w, const char *data, size_t len, struct err *e)
{
	const char *end = data + len;

	while (data < end) {
		const char *stop = memchr(data, '\n', (size_t)(end - data));
		size_t mark = w->block.len + 2; /* behind the field count */

		stop = stop != NULL ? stop + 1 : end;
		if (pgcopy_from_text(&w->block, data, (size_t)(stop - data),
				     (int)w->header->schema.ncolumns, e) != 0)
			return -1;
		rowdigest_row(&w->rows_digest, w->block.data + mark, w->block.len - mark);
		data = stop;
	}
	return 0;
}

static void
binary_header(struct stream_writer *w, const char *doc, size_t len)
{
	pgcopy_put_preamble(&w->block, doc, len);
}

static void
binary_last(struct stream_writer *w, const char *doc, size_t len)
{
	if (w->open)
		pgcopy_put_trailer(&w->block);
	pgcopy_put_preamble(&w->block, doc, len);
	pgcopy_put_trailer(&w->block);
}

static void
binary_bare_end(struct stream_writer *w)
{
	pgcopy_put_trailer(&w->block);
}

static const struct encoder_ops binary_ops = {
	.rows = binary_rows,
	.header = binary_header,
	.last = binary_last,
	.bare_end = binary_bare_end,
};

/* ---- NDJSON, made from COPY text ---- */

static int
json_rows(struct stream_writer *w, const char *data, size_t len, struct err *e)
{
	if (digest_text(w, data, len, e) != 0)
		return -1;
	give_back(&w->scratch);
	return ndjson_writer_rows(w->ndjson, data, len, &w->block, e);
}

static void
json_last(struct stream_writer *w, const char *doc, size_t len)
{
	buf_adds(&w->block, "{\"$portl\":");
	buf_add(&w->block, doc, len);
	buf_adds(&w->block, "}\n");
}

static void
json_header(struct stream_writer *w, const char *doc, size_t len)
{
	if (!w->bare)
		json_last(w, doc, len);
}

static void
json_bare_end(struct stream_writer *w)
{
	(void)w;
}

static const struct encoder_ops json_ops = {
	.rows = json_rows,
	.header = json_header,
	.last = json_last,
	.bare_end = json_bare_end,
};

/* ---- the writer ---- */

struct stream_writer *
stream_writer_new(struct output *out, enum stream_format format, unsigned ndjson_flags)
{
	struct stream_writer *w = xcalloc(1, sizeof(*w));

	w->out = out;
	w->format = format;
	w->ops = format == STREAM_NDJSON ? &json_ops : &binary_ops;
	w->ndjson_flags = ndjson_flags;
	w->bare = (ndjson_flags & NDJSON_BARE) != 0;
	w->digest = XXH3_createState();
	if (w->digest == NULL)
		xalloc_failed();
	XXH3_64bits_reset(w->digest);
	rowdigest_init(&w->rows_digest);
	return w;
}

void
stream_writer_digest_only(struct stream_writer *w)
{
	w->digest_only = true;
}

/* Write the block as it is, undigested: documents and framing. */
static int
write_block(struct stream_writer *w, struct err *e)
{
	int rc = w->digest_only ? 0 : output_write(w->out, w->block.data, w->block.len, e);

	w->block.len = 0;
	give_back(&w->block);
	return rc;
}

static int
write_rows(struct stream_writer *w, struct err *e)
{
	if (w->block.len == 0)
		return 0;
	XXH3_64bits_update(w->digest, w->block.data, w->block.len);
	return write_block(w, e);
}

/* The text of a document, for the caller to free; NULL with ${e} filled.  Takes ${doc}. */
static char *
document_text(json_t *doc, struct err *e)
{
	char *text = json_dumps(doc, JSON_COMPACT);

	json_decref(doc);
	if (text == NULL)
		err_set(e, EXIT_DATA, "a name in the relation is not valid UTF-8");
	if (text == NULL || strlen(text) <= PGCOPY_DOCUMENT_MAX)
		return text;
	err_set(e, EXIT_DATA, "the header document is too large (%zu bytes)", strlen(text));
	free(text);
	return NULL;
}

/* Each document is a stream of its own without rows. */
int
stream_writer_manifest(struct stream_writer *w, const struct manifest *set, struct err *e)
{
	size_t at = 0;

	while (at < set->n) {
		char *text = document_text(manifest_to_json(set, &at), e);

		if (text == NULL)
			return -1;
		XXH3_64bits_update(w->digest, text, strlen(text));
		w->ops->last(w, text, strlen(text));
		free(text);
		if (write_block(w, e) != 0)
			return -1;
	}
	stream_writer_digest(w, w->set);
	return 0;
}

/* Another stream; what the members of a set are the first of has been said by the manifest. */
static void
begin_next(struct stream_writer *w)
{
	w->rows_before += w->rows;
	w->rows = 0;
	XXH3_64bits_reset(w->digest);
	XXH3_64bits_update(w->digest, w->set, strlen(w->set));
	ndjson_writer_free(w->ndjson);
	w->ndjson = NULL;
}

/* Rows are counted and digested from here on. */
static void
begin_rows(struct stream_writer *w)
{
	const struct schema *schema = &w->header->schema;

	rowdigest_release(&w->rows_digest);
	w->text = !passes_through(w);
	free(w->json);
	w->json = NULL;
	if (w->format != STREAM_NDJSON)
		return;
	w->ndjson = ndjson_writer_new(schema, w->ndjson_flags);
	w->json = ndjson_type_json_columns(schema);
}

int
stream_writer_begin(struct stream_writer *w, const struct header *header, struct err *e)
{
	char *text = document_text(header_to_json(header), e);
	size_t len;

	if (text == NULL)
		return -1;
	len = strlen(text);
	begin_next(w);
	w->bare = header->bare;
	if (w->format != STREAM_NDJSON || !w->bare) /* what is not sent is not digested */
		XXH3_64bits_update(w->digest, text, len);
	w->ops->header(w, text, len);
	w->header = header;
	w->open = true;
	begin_rows(w);
	free(text);
	return write_block(w, e) != 0 ? -1 : output_flush(w->out, e);
}

/* A row that is a block or more by itself is written from where it is. */
static int
write_huge(struct stream_writer *w, const char *data, size_t len, struct err *e)
{
	if (write_rows(w, e) != 0)
		return -1;
	XXH3_64bits_update(w->digest, data, len);
	return output_write(w->out, data, len, e);
}

int
stream_writer_rows(struct stream_writer *w, const char *data, size_t len, uint64_t nrows,
		   const struct rowdigest *digest, struct err *e)
{
	w->rows += nrows;
	w->open = true; /* again, for a caller that has taken the end back */
	if (passes_through(w)) {
		if (digest != NULL)
			rowdigest_add(&w->rows_digest, digest);
		else
			rowdigest_row(&w->rows_digest, data + 2, len - 2);
	}
	if (w->digest_only)
		return passes_through(w) ? 0 : digest_text(w, data, len, e);
	if (passes_through(w)) {
		if (len >= OUTPUT_BLOCK)
			return write_huge(w, data, len, e);
		if (w->block.len + len > OUTPUT_BLOCK && write_rows(w, e) != 0)
			return -1;
		buf_add(&w->block, data, len);
		return 0;
	}
	if (w->ops->rows(w, data, len, e) != 0)
		return -1;
	return w->block.len >= OUTPUT_BLOCK ? write_rows(w, e) : 0;
}

size_t
stream_writer_pending(const struct stream_writer *w)
{
	return w->block.len;
}

int
stream_writer_flush(struct stream_writer *w, struct err *e)
{
	return write_rows(w, e) != 0 ? -1 : output_flush(w->out, e);
}

int
stream_writer_end(struct stream_writer *w, struct err *e)
{
	char hex[STREAM_DIGEST_LEN + 1], rows_hex[ROWDIGEST_LEN + 1], *doc;

	if (write_rows(w, e) != 0)
		return -1;
	if (w->bare) {
		w->ops->bare_end(w);
		return write_block(w, e);
	}
	stream_writer_digest(w, hex);
	stream_writer_rows_digest(w, rows_hex);
	doc = xasprintf("{\"end\":true,\"rows\":%" PRIu64
			",\"xxh3\":\"%s\",\"rows_digest\":\"%s\"}",
			w->rows, hex, rows_hex);
	w->ops->last(w, doc, strlen(doc));
	free(doc);
	w->open = false;
	return write_block(w, e);
}

static bool
output_has_room(const struct output *out)
{
	struct pollfd fd = {.fd = output_watch_fd(out), .events = POLLOUT};

	return fd.fd < 0 || (poll(&fd, 1, ABORT_PATIENCE) == 1 && (fd.revents & POLLOUT) != 0);
}

void
stream_writer_set_run(struct stream_writer *w, const char *run)
{
	w->run = run;
}

/* What a reader is told; members that there is nothing to say of are left out. */
static json_t *
abort_document(const struct stream_writer *w, const struct err *why)
{
	json_t *doc = json_pack("{s:o, s:s, s:i, s:I, s:s*}", "abort",
				jsontext(why->msg != NULL ? why->msg : ""), "sqlstate",
				why->sqlstate, "status",
				why->signal != 0 ? 128 + why->signal : (int)why->code, "rows",
				(json_int_t)stream_writer_count(w), "run", w->run);

	if (why->detail != NULL)
		json_object_set_new(doc, "detail", jsontext(why->detail));
	if (why->context != NULL)
		json_object_set_new(doc, "context", jsontext(why->context));
	if (why->hint != NULL)
		json_object_set_new(doc, "hint", jsontext(why->hint));
	return doc;
}

bool
stream_writer_abort(struct stream_writer *w, const struct err *why)
{
	json_t *doc;
	char *text;
	struct err ignored = ERR_INIT;
	bool told = false;

	if (w->bare || w->digest_only || !output_is_whole(w->out) || why->signal == SIGPIPE ||
	    !output_has_room(w->out))
		return false;
	doc = abort_document(w, why);
	text = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;
	json_decref(doc);
	w->block.len = 0;
	if (text != NULL) {
		w->ops->last(w, text, strlen(text));
		/* else the reader will find the stream cut, which is just as true */
		told = write_block(w, &ignored) == 0 && output_flush(w->out, &ignored) == 0;
	}
	err_release(&ignored);
	free(text);
	return told;
}

uint64_t
stream_writer_count(const struct stream_writer *w)
{
	return w->rows_before + w->rows;
}

void
stream_writer_digest(const struct stream_writer *w, char hex[STREAM_DIGEST_LEN + 1])
{
	snprintf(hex, STREAM_DIGEST_LEN + 1, "%016" PRIx64,
		 (uint64_t)XXH3_64bits_digest(w->digest));
}

void
stream_writer_rows_digest(const struct stream_writer *w, char hex[ROWDIGEST_LEN + 1])
{
	if (w->header != NULL)
		rowdigest_text(&w->rows_digest, w->text, hex);
	else
		hex[0] = '\0';
}

void
stream_writer_free(struct stream_writer *w)
{
	if (w == NULL)
		return;
	ndjson_writer_free(w->ndjson);
	XXH3_freeState(w->digest);
	rowdigest_release(&w->rows_digest);
	free(w->json);
	buf_release(&w->scratch);
	buf_release(&w->block);
	free(w);
}
