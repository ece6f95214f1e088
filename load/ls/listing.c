/*
 * Streams are read as portl-load reads them, and what is found is printed: the reader has
 * the proof that they are whole.
 */
#include "load/ls/listing.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/shown.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/stream/stream_reader.h"

/* A stream that is being read, or has been. */
struct found {
	struct stream_reader *r;
	const char *file;
	size_t member;                      /* from 0 */
	uint64_t rows_before, bytes_before; /* what the reader had of the streams before it */
	uint64_t faults;                    /* lines of plain NDJSON that are no rows of it */
};

/* In one word what became of a stream that ${e} has, or has not, come of. */
static const char *
state_of(const struct found *f, const struct err *e)
{
	if (e->code == EXIT_DONE)
		return stream_reader_is_bare(f->r) ? "bare" : "whole";
	if (e->code != EXIT_STREAM)
		return "failed";
	if (stream_reader_aborted(f->r) != 0)
		return "aborted";
	return e->cut ? "cut" : "damaged";
}

static uint64_t
rows_of(const struct found *f)
{
	return stream_reader_rows(f->r) - f->rows_before;
}

static uint64_t
bytes_of(const struct found *f)
{
	return stream_reader_bytes(f->r) - f->bytes_before;
}

/* The stream's, or, where a set ends in front of it, the manifest's. */
static const struct header *
header_of(const struct found *f)
{
	const struct header *h = stream_reader_header(f->r);
	const struct manifest *set = stream_reader_set(f->r);

	return h == NULL && set != NULL && f->member < set->n ? manifest_header(set, f->member)
							      : h;
}

/* ---- for programs ---- */

static void
put_header(json_t *doc, const struct header *h)
{
	const struct relname *of = &h->schema.relation;

	json_object_set_new(doc, "relation",
			    of->name == NULL
				    ? json_null()
				    : json_pack("{s:o, s:o}", "schema", jsontext(of->schema),
						"name", jsontext(of->name)));
	json_object_set_new(doc, "columns", schema_names_json(&h->schema));
	json_object_set_new(doc, "producer", jsontext(h->producer));
	json_object_set_new(doc, "run", jsontext(h->run));
	json_object_set_new(doc, "created", jsontext(h->created));
	json_object_set_new(doc, "server_version", json_integer(h->server_version));
	json_object_set_new(doc, "dry_run", json_boolean(h->dry_run));
	if (h->is_sequence)
		json_object_set_new(doc, "sequence",
				    json_pack("{s:I, s:b}", "last_value",
					      (json_int_t)h->sequence.last_value, "is_called",
					      h->sequence.is_called));
}

/* Of a part of a stream they say nothing. */
static void
put_digests(json_t *doc, const struct found *f, bool is_all)
{
	char hex[17] = "", rows_hex[ROWDIGEST_LEN + 1] = "";

	if (is_all) {
		stream_reader_digest(f->r, hex);
		stream_reader_rows_digest(f->r, rows_hex);
	}
	json_object_set_new(doc, "xxh3", jsontext(hex[0] != '\0' ? hex : NULL));
	json_object_set_new(doc, "rows_digest",
			    jsontext(rows_hex[0] != '\0' ? rows_hex : NULL));
}

static void
print_json(const struct listing *l, const struct found *f, const struct err *e)
{
	const struct header *h = header_of(f);
	const struct manifest *set = stream_reader_set(f->r);
	json_t *doc = json_object();
	char *text;

	json_object_set_new(doc, "file", jsontext(f->file));
	json_object_set_new(doc, "state", json_string(state_of(f, e)));
	json_object_set_new(doc, "error", jsontext(e->msg));
	if (set != NULL)
		json_object_set_new(doc, "set",
				    json_pack("{s:o, s:I, s:I}", "id", jsontext(set->id),
					      "number", (json_int_t)(h != NULL ? h->number : 0),
					      "of", (json_int_t)set->total));
	json_object_set_new(doc, "encoding",
			    json_string(stream_reader_is_ndjson(f->r) ? "ndjson" : "binary"));
	json_object_set_new(doc, "values",
			    json_string(stream_reader_is_text(f->r) ? "text" : "binary"));
	if (h != NULL)
		put_header(doc, h);
	json_object_set_new(doc, "rows", json_integer((json_int_t)rows_of(f)));
	json_object_set_new(doc, "bytes", json_integer((json_int_t)bytes_of(f)));
	if (f->faults > 0)
		json_object_set_new(doc, "faults", json_integer((json_int_t)f->faults));
	put_digests(doc, f, e->code == EXIT_DONE);
	text = json_dumps(doc, JSON_COMPACT);
	fprintf(l->out, "%s\n", text != NULL ? text : "{}");
	free(text);
	json_decref(doc);
}

/* ---- for people ---- */

/* A version as the server writes it: 15.4, before 10 9.6.3. */
static void
add_server(struct buf *line, int version)
{
	if (version >= 100000)
		buf_addf(line, "PostgreSQL %d.%d", version / 10000, version % 10000);
	else if (version > 0)
		buf_addf(line, "PostgreSQL %d.%d.%d", version / 10000, version / 100 % 100,
			 version % 100);
	else
		buf_addc(line, '-');
}

static void
add_name(struct buf *line, const struct header *h)
{
	const struct relname *of = h != NULL ? &h->schema.relation : NULL;
	char *name = of != NULL && of->name != NULL ? relname_text(of) : NULL;

	shown_add_name(line, name != NULL ? name : "-");
	free(name);
}

static void
add_columns(struct buf *line, const struct schema *s)
{
	size_t i;

	for (i = 0; i < s->ncolumns; i++) {
		buf_adds(line, "    ");
		shown_add_name(line, s->columns[i].name);
		buf_addc(line, ' ');
		shown_add_name(line, s->columns[i].type[0] != '\0' ? s->columns[i].type : "-");
		buf_addc(line, '\n');
	}
}

static void
print_line(const struct listing *l, const struct found *f, const struct err *e)
{
	const struct header *h = header_of(f);
	char hex[ROWDIGEST_LEN + 1];
	struct buf line = BUF_INIT, created = BUF_INIT;

	stream_reader_rows_digest(f->r, hex);
	shown_add_name(&created, h != NULL && h->created != NULL ? h->created : "-");
	buf_addf(&line, "%-7s  %12" PRIu64 " rows  %14" PRIu64 " bytes  %-20s  ",
		 state_of(f, e), rows_of(f), bytes_of(f), buf_cstr(&created));
	add_server(&line, h != NULL ? h->server_version : 0);
	buf_adds(&line, "  ");
	add_name(&line, h);
	buf_adds(&line, "  ");
	shown_add_name(&line, f->file);
	buf_addc(&line, '\n');
	if (l->columns) {
		buf_addf(&line, "    %s\n", e->code == EXIT_DONE && hex[0] != '\0' ? hex : "-");
		if (h != NULL)
			add_columns(&line, &h->schema);
	}
	fputs(buf_cstr(&line), l->out);
	buf_release(&line);
	buf_release(&created);
}

/* ---- reading ---- */

static int
read_stream(struct found *f, struct err *e)
{
	struct stream_chunk chunk;
	int rc = stream_reader_begin(f->r, e);

	if (rc == 0)
		stream_reader_keep_faults(f->r, stream_reader_is_bare(f->r));
	while (rc == 0 && (rc = stream_reader_next(f->r, &chunk, e)) > 0) {
		f->faults += chunk.fault != NULL;
		rc = 0;
	}
	return rc;
}

/* Parts of a run follow one another, and only they tell that there are any. */
static int
may_follow(const struct found *f, size_t *n, struct err *e)
{
	const struct header *h = stream_reader_header(f->r);
	int rc = 0;

	if (h != NULL && h->part.run != NULL && stream_reader_set(f->r) == NULL)
		rc = stream_reader_follows(f->r, e);
	*n += rc > 0;
	return rc < 0 ? -1 : 0;
}

int
listing_read(const struct listing *l, const char *path, struct err *e)
{
	struct input *in = input_open(path, e);
	struct found f = {.file = path};
	size_t i, n = 1;
	int rc = 0;

	if (in == NULL)
		return -1;
	f.file = input_name(in);
	f.r = stream_reader_new(in, STREAM_AS_SENT);
	for (i = 0; rc == 0 && i < n; i++) {
		f.member = i;
		f.rows_before = stream_reader_rows(f.r);
		f.bytes_before = stream_reader_bytes(f.r);
		rc = read_stream(&f, e);
		if (stream_reader_set(f.r) != NULL)
			n = stream_reader_set(f.r)->total;
		if (rc == 0)
			rc = may_follow(&f, &n, e);
		if (rc == 0 && i + 1 == n)
			rc = stream_reader_finish(f.r, e);
		if (l->json)
			print_json(l, &f, e);
		else
			print_line(l, &f, e);
	}
	stream_reader_free(f.r);
	input_free(in);
	return rc;
}
