/*
 * What every decoder needs: errors that name row and byte, documents, and the comparison of the
 * end document with what has been read, which is the proof that the whole has come.
 */
#include "common/stream/stream_decoder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"

#define MEMORY_MAX ((size_t)64 * 1024 * 1024) /* bytes that a document may take when parsed */

int
stream_decoder_where(struct stream_decoder *d, struct err *e)
{
	err_prefix(e, "byte %" PRIu64 ": ", readbuf_offset(&d->rb));
	return stream_decoder_at(d, e);
}

/* Each member of a set counts its own rows. */
int
stream_decoder_at(const struct stream_decoder *d, struct err *e)
{
	uint64_t row = d->rows + 1;
	char *name;

	if (d->set == NULL)
		return err_prefix(e, "%s:%" PRIu64 ": ", input_name(d->rb.in),
				  d->rows_before + row);
	if (d->member < d->set->n) {
		name = manifest_name(d->set, d->member);
		err_prefix(e, "%s:%" PRIu64 ": ", name, row);
		free(name);
	}
	return err_prefix(e, "%s: ", input_name(d->rb.in));
}

int
stream_decoder_cut(struct stream_decoder *d, struct err *e)
{
	err_set(e, EXIT_STREAM, "the stream ends too early, it is incomplete");
	e->cut = true;
	err_detail(e, "%" PRIu64 " whole rows have arrived.", d->rows_before + d->rows);
	err_hint(e, "The sender failed or was stopped; its own messages say why. "
		    "Run the transfer again.");
	return stream_decoder_where(d, e);
}

int
stream_decoder_lacks(struct stream_decoder *d, struct err *e)
{
	char *name = manifest_name(d->set, d->member);

	err_set(e, EXIT_STREAM,
		"%s: the set is incomplete: it ends in front of %s, number %zu of %zu",
		input_name(d->rb.in), name, d->member + 1, d->set->total);
	free(name);
	e->cut = true;
	return err_hint(e, "The sender failed or was stopped; its own messages say why. Run "
			   "the transfer again.");
}

int
stream_decoder_too_large(struct stream_decoder *d, struct err *e)
{
	err_set(e, EXIT_STREAM, "a document of the stream is too large");
	return stream_decoder_where(d, e);
}

/*
 * The bytes of memory that a JSON value takes are many times those of its text: an empty
 * object is two characters and a hash table.  Whoever sends a document pays for it here,
 * before it is parsed; a table's widest header comes to a hundredth.
 */
static bool
fits_in_memory(const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	size_t cost = len;
	bool quoted = false;

	for (; p < end && cost <= MEMORY_MAX; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\')
			p++;
		else if (!quoted && *p == '{')
			cost += 256;
		else if (!quoted && (*p == '[' || *p == ':'))
			cost += 160;
		else if (!quoted && *p == ',')
			cost += 96;
	}
	return cost <= MEMORY_MAX;
}

/* Why the writer gave up, in its own words. */
static void
take_abort(struct stream_decoder *d, const json_t *doc, const char *reason, struct err *e)
{
	const char *sqlstate = json_string_value(json_object_get(doc, "sqlstate"));
	const char *run = json_string_value(json_object_get(doc, "run"));
	const char *detail = json_string_value(json_object_get(doc, "detail"));
	const char *context = json_string_value(json_object_get(doc, "context"));
	const char *hint = json_string_value(json_object_get(doc, "hint"));
	json_int_t status = json_integer_value(json_object_get(doc, "status"));

	if (run != NULL && d->aborted_run == NULL)
		d->aborted_run = xstrdup(run);
	d->aborted_status = status > 0 && status < 256 ? (int)status : 0;
	err_set(e, EXIT_STREAM, "upstream failed: %s", reason);
	if (detail != NULL)
		err_detail(e, "%s", detail);
	if (context != NULL)
		err_context(e, "%s", context);
	if (hint != NULL)
		err_hint(e, "%s", hint);
	if (sqlstate != NULL)
		snprintf(e->sqlstate, sizeof(e->sqlstate), "%s", sqlstate);
}

json_t *
stream_decoder_document(struct stream_decoder *d, const char *text, size_t len, struct err *e)
{
	json_error_t why;
	json_t *doc;
	const char *reason;

	if (len > PGCOPY_DOCUMENT_MAX || !fits_in_memory(text, len)) {
		stream_decoder_too_large(d, e);
		return NULL;
	}
	doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(doc)) {
		err_set(e, EXIT_STREAM, "a document of the stream is damaged: %s",
			doc == NULL ? why.text : "not an object");
		if (d->edited != STREAM_AS_SENT)
			err_hint(e, "What edits the rows has to let the lines that begin with "
				    "{\"$portl\" pass as they are.");
		stream_decoder_where(d, e);
		json_decref(doc);
		return NULL;
	}
	reason = json_string_value(json_object_get(doc, "abort"));
	if (reason == NULL)
		return doc;
	take_abort(d, doc, reason, e);
	json_decref(doc);
	return NULL;
}

bool
stream_decoder_is_set(const struct stream_decoder *d)
{
	return d->set != NULL && d->set->n == d->set->total;
}

/* The digest of the documents stands in for them in that of each member. */
static int
take_manifest(struct stream_decoder *d, const json_t *doc, const char *text, size_t len,
	      struct err *e)
{
	if (stream_decoder_is_set(d))
		return err_set(e, EXIT_STREAM, "a manifest stands where a member is expected");
	if (manifest_take_json(&d->set, doc, e) != 0)
		return -1;
	XXH3_64bits_update(d->digest, text, len);
	if (stream_decoder_is_set(d)) {
		stream_decoder_digest(d, d->set->digest);
		stream_decoder_restart(d);
	}
	return STREAM_MANIFEST;
}

/* A member has to be the one that the manifest promises; a stream alone is no member. */
static int
check_member(const struct stream_decoder *d, json_t *doc, struct err *e)
{
	if (d->set != NULL && !stream_decoder_is_set(d))
		return err_set(e, EXIT_STREAM,
			       "the set's manifest lists %zu of its %zu members", d->set->n,
			       d->set->total);
	if (d->set != NULL)
		return manifest_check(d->set, d->member, d->header, doc, e);
	if (d->header->set == NULL)
		return 0;
	return err_set(e, EXIT_STREAM,
		       "this is number %zu of a set, and the set's beginning is missing",
		       d->header->number);
}

int
stream_decoder_header(struct stream_decoder *d, const char *text, size_t len, struct err *e)
{
	json_t *doc = stream_decoder_document(d, text, len, e);
	int rc;

	if (doc == NULL)
		return -1;
	if (manifest_is_document(doc)) {
		rc = take_manifest(d, doc, text, len, e);
	} else {
		d->header = header_from_json(doc, e);
		rc = d->header != NULL ? check_member(d, doc, e) : -1;
	}
	json_decref(doc);
	if (rc < 0)
		return stream_decoder_where(d, e);
	if (rc == STREAM_MANIFEST)
		return rc;
	d->bare = d->header->bare;
	if (d->edited != STREAM_AS_SENT) { /* rows may be others, or elsewhere */
		free(d->header->file);
		d->header->file = NULL;
	}
	XXH3_64bits_update(d->digest, text, len);
	return 0;
}

void
stream_decoder_restart(struct stream_decoder *d)
{
	XXH3_64bits_reset(d->digest);
	if (stream_decoder_is_set(d))
		XXH3_64bits_update(d->digest, d->set->digest, MANIFEST_DIGEST_LEN);
}

static int
advise_on_terminal(struct err *e)
{
	return err_hint(e,
			"Each newline has come as carriage return and newline: a terminal is "
			"in the way. Leave out -t of ssh or docker.");
}

/* Whoever edits rows on purpose says so; jq by itself goes on behind a row that it skips. */
static int
wrong_count(const struct stream_decoder *d, int64_t sent, struct err *e)
{
	err_set(e, EXIT_STREAM,
		"%s: the stream has %" PRIu64 " rows, but its end document says %" PRId64,
		input_name(d->rb.in), d->rows, sent);
	if (d->crlf)
		return advise_on_terminal(e);
	return err_hint(e,
			"What edits rows may have failed on some and gone on, as jq does. If "
			"rows were taken out or put in on purpose, use --edited=rows.");
}

static int
wrong_digest(const struct stream_decoder *d, const char *whose, const char *digest,
	     const char *sent, struct err *e)
{
	err_set(e, EXIT_STREAM,
		"%s: the stream was damaged on the way: %s digest is %s, not %s",
		input_name(d->rb.in), whose, digest, sent);
	if (d->crlf)
		return advise_on_terminal(e);
	return err_hint(e, "If rows were changed on the way on purpose, use --edited.");
}

/* A stream without a digest of its rows says so in its header, which it has proof of. */
static int
check_digests(const struct stream_decoder *d, const char *sent, const char *rows_sent,
	      struct err *e)
{
	char hex[17], rows_hex[ROWDIGEST_LEN + 1];

	stream_decoder_digest(d, hex);
	stream_decoder_rows_digest(d, rows_hex);
	if (strcmp(sent, hex) != 0)
		return wrong_digest(d, "its", hex, sent, e);
	if (rows_sent != NULL && rows_hex[0] != '\0' && strcmp(rows_sent, rows_hex) != 0)
		return wrong_digest(d, "its rows'", rows_hex, rows_sent, e);
	return 0;
}

int
stream_decoder_check_end(struct stream_decoder *d, json_t *doc, struct err *e)
{
	const json_t *rows = json_object_get(doc, "rows");
	const char *digest = json_string_value(json_object_get(doc, "xxh3"));
	const char *rows_digest = json_string_value(json_object_get(doc, "rows_digest"));
	int64_t sent = json_integer_value(rows);

	if (!json_is_true(json_object_get(doc, "end")) || !json_is_integer(rows) || sent < 0 ||
	    digest == NULL || (d->header->rows_digest && rows_digest == NULL)) {
		err_set(e, EXIT_STREAM, "the stream's end document is damaged");
		return stream_decoder_where(d, e);
	}
	if (d->sent >= 0)
		d->sent = sent <= INT64_MAX - d->sent ? d->sent + sent : -1;
	if (d->edited == STREAM_EDITED_ROWS)
		return 0;
	if ((uint64_t)sent != d->rows)
		return wrong_count(d, sent, e);
	return d->edited == STREAM_EDITED ? 0 : check_digests(d, digest, rows_digest, e);
}

void
stream_decoder_digest(const struct stream_decoder *d, char hex[17])
{
	snprintf(hex, 17, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(d->digest));
}

void
stream_decoder_rows_digest(const struct stream_decoder *d, char hex[ROWDIGEST_LEN + 1])
{
	bool text = d->header != NULL && d->header->values == HEADER_TEXT;

	if (!d->digest_faulty)
		rowdigest_text(&d->rows_digest, text, hex);
	else
		hex[0] = '\0';
}
