/*
 * CSV as a sink.  Text values are written as they come, binary ones through
 * pgvalue, so that any stream will do whose types it knows; a stream with others is
 * refused at the header.  The file appears when all streams are complete.
 */
#include "load/csv/sink_csv.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/stream/stream_chunk.h"
#include "common/rows/copytext.h"
#include "common/rows/csvfile.h"
#include "common/rows/pgcopy.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/stream/output.h"
#include "common/talk/log.h"
#include "common/talk/receipt.h"
#include "load/csv/csvdir.h"
#include "load/csv/csvopts.h"
#include "load/value/pgvalue.h"
#include "load/match/plan.h"
#include "load/match/plan_match.h"
#include "load/match/reasons.h"
#include "load/options/options.h"
#include "load/sink/sink.h"
#include "load/plan/plan_log.h"
#include "load/plan/plan_show.h"
#include "load/plan/planner.h"

/* A column of the current stream that is written. */
struct csv_column {
	const char *name, *type; /* borrowed from plan and schema */
	struct pgvalue *decoder; /* NULL: values come as text */
};

struct sink_csv {
	struct sink base;
	struct input *in;   /* borrowed, for its name */
	struct output *out; /* NULL in a dry run, and between the files of a folder */
	struct csvdir *dir; /* or NULL: one file */
	bool in_dir;        /* it is a folder of files, one for each relation */
	bool to_stdout;
	const struct csvopts *own; /* borrowed */
	struct plan *plan;         /* of the current stream: which columns, and their names */
	bool text;                 /* the current stream's rows are COPY text */
	struct csv_column *columns;
	size_t ncolumns;
	struct buf header; /* the first stream's, for the others must have the same */
	bool dry_run;      /* asked for here or by a stream */
	bool sequence;     /* the current stream is a sequence's */
	struct pgcopy_scan scan;
	size_t at;         /* number of the next field in its row */
	int32_t field_len; /* bytes of the current binary field */
	struct buf field;  /* what has come of a field that is in several chunks */
	struct buf value;  /* its text */
	struct buf block;  /* CSV on its way out */
	uint64_t rows;     /* of the current file */
	uint64_t total;    /* of the files before it */
};

static struct sink_csv *
csv(struct sink *s)
{
	return (struct sink_csv *)s;
}

/* The file of a folder that is at hand, as people say it. */
static void
name_file(struct sink_csv *s, const struct relname *relation)
{
	free(s->base.relation);
	s->base.relation = relname_text(relation);
}

static int
sink_csv_open(struct sink *base, struct input *in, struct err *e)
{
	struct sink_csv *s = csv(base);
	const char *path = base->options->path;

	intr_install();
	s->in = in;
	s->to_stdout = strcmp(path, "-") == 0;
	s->dry_run = base->options->common.dry_run;
	base->relation = xstrdup(s->to_stdout ? "stdout" : path);
	base->where = xstrdup("a CSV file");
	s->own = base->options->own;
	s->in_dir = csvdir_is_meant(path);
	if (s->dry_run)
		return 0;
	csvfile_log(path, "writing");
	if (s->in_dir) {
		s->dir = csvdir_open(path, e);
		return s->dir != NULL ? 0 : -1;
	}
	s->out = output_open(path, e);
	if (s->out == NULL)
		return -1;
	input_watch_output(in, s->to_stdout ? output_watch_fd(s->out) : -1);
	return 0;
}

/* ---- the header ---- */

static void
release_columns(struct sink_csv *s)
{
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		pgvalue_free(s->columns[i].decoder);
	free(s->columns);
	s->columns = NULL;
	s->ncolumns = 0;
}

static void
take_columns(struct sink_csv *s, const struct schema *schema, struct reasons *why)
{
	size_t i;

	s->columns = xcalloc(s->plan->ncolumns, sizeof(*s->columns));
	for (i = 0; i < s->plan->ncolumns; i++) {
		struct csv_column *c = &s->columns[s->ncolumns];

		if (!s->plan->keep[i])
			continue;
		c->name = s->plan->columns[i].target;
		c->type = schema->columns[i].type;
		s->ncolumns++;
		if (s->text)
			continue;
		c->decoder = pgvalue_new(schema->columns[i].base, schema->types);
		if (c->decoder == NULL)
			reasons_add(why,
				    "column \"%s\": the text of binary values of type %s is "
				    "known to the server only; have portl-extract send "
				    "--values=text",
				    schema->columns[i].name, c->type);
	}
}

/* Which columns, under which names, and can their values be written? */
static int
match(struct sink_csv *s, const struct header *header, struct err *e)
{
	struct reasons why = {.n = 0};

	planner_free(s->plan);
	s->plan = xcalloc(1, sizeof(*s->plan));
	s->plan->rules = &s->base.options->rules;
	s->plan->header = header;
	s->plan->schema = &header->schema;
	release_columns(s);
	plan_match(s->plan, &why);
	take_columns(s, s->plan->schema, &why);
	return reasons_report(&why, s->base.relation, e);
}

static void
show_plan(const struct sink_csv *s)
{
	size_t i;
	bool check = s->base.options->common.check != CHECK_NOT;

	if ((!log_verbose() && (!s->dry_run || check)) || log_is_json())
		return;
	fprintf(stderr, "Plan for %s (CSV):\n", s->base.relation);
	for (i = 0; i < s->plan->ncolumns; i++) {
		const struct plan_column *c = &s->plan->columns[i];
		const char *type = s->plan->schema->columns[i].type;
		char *source = plan_show_name(c->source), *shown = plan_show_name(type);
		char *target = plan_show_name(c->target != NULL ? c->target : "(dropped)");

		fprintf(stderr, "  %-24s %-28s -> %s\n", source,
			type[0] != '\0' ? shown : "(any)", target);
		free(source);
		free(shown);
		free(target);
	}
}

static int
put_header(struct sink_csv *s, struct err *e)
{
	struct buf line = BUF_INIT;
	size_t i;
	int rc = 0;

	if (s->ncolumns > 0)
		csvfile_put_first(&s->own->format, &line, s->columns[0].name, s->ncolumns == 1);
	for (i = 1; i < s->ncolumns; i++) {
		buf_addc(&line, s->own->format.delimiter);
		csvfile_put(&s->own->format, &line, s->columns[i].name,
			    strlen(s->columns[i].name), false);
	}
	buf_addc(&line, '\n');
	if (s->header.len == 0) {
		buf_add(&s->header, line.data, line.len);
		if (s->own->bom)
			buf_adds(&s->block, "\xef\xbb\xbf");
		if (s->own->header == 0)
			buf_add(&s->block, line.data, line.len);
	} else if (s->header.len != line.len ||
		   memcmp(s->header.data, line.data, line.len) != 0) {
		rc = err_set(e, EXIT_TARGET,
			     "the streams have different columns; one CSV file has one header");
	}
	buf_release(&line);
	return rc;
}

static int
flush(struct sink_csv *s, struct err *e)
{
	int rc = s->dry_run ? 0 : output_write(s->out, s->block.data, s->block.len, e);

	s->block.len = 0;
	return rc;
}

/* ---- a folder ---- */

/* Each relation of the set as if it came: what is against any of them is said at once. */
static int
sink_csv_expect(struct sink *base, const struct sink_set *set, struct err *e)
{
	struct sink_csv *s = csv(base);
	struct err why = ERR_INIT;
	struct buf all = BUF_INIT;
	size_t i, refused = 0;

	if (!s->in_dir)
		return sink_refuse_set(e);
	for (i = 0; i < set->manifest->n; i++) {
		const struct header *header = manifest_header(set->manifest, i);

		if (header->is_sequence)
			log_fact("sequence \"%s\" becomes no file",
				 header->schema.relation.name);
		if (!set->chosen[i] || header->is_sequence)
			continue;
		name_file(s, &header->schema.relation);
		s->text = set->ndjson || header->values == HEADER_TEXT;
		if (match(s, header, &why) == 0)
			continue;
		buf_addf(&all, "%s%s\n  %s", refused++ > 0 ? "\n" : "", why.msg,
			 why.detail != NULL ? why.detail : "");
		err_release(&why);
	}
	if (refused > 0) {
		err_set(e, EXIT_TARGET, "%zu of %zu relations cannot be written as CSV",
			refused, set->manifest->n);
		err_detail(e, "%s", buf_cstr(&all));
	}
	buf_release(&all);
	return refused > 0 ? -1 : 0;
}

static int
begin_file(struct sink_csv *s, const struct relname *relation, struct err *e)
{
	char *path;

	if (relation->name == NULL) {
		err_set(e, EXIT_TARGET, "the stream names no relation to call its file by");
		return err_hint(e, "Write one file: --csv=FILE, without a slash behind it.");
	}
	name_file(s, relation);
	output_free(s->out); /* a check begins all, and ends none */
	s->out = NULL;
	s->header.len = 0;
	s->rows = 0;
	if (s->dry_run)
		return 0;
	path = csvdir_file(s->dir, relation);
	if (access(path, F_OK) == 0)
		err_set(e, EXIT_TARGET, "two streams are for \"%s\"", s->base.relation);
	else
		s->out = output_open(path, e);
	free(path);
	return s->out != NULL ? 0 : -1;
}

/* It waits under its name, in a folder that has not got its own yet. */
static int
end_file(struct sink_csv *s, struct err *e)
{
	int rc = flush(s, e);

	if (rc == 0 && s->out != NULL)
		rc = output_finish(s->out, e);
	output_free(s->out);
	s->out = NULL;
	s->total += s->rows;
	s->rows = 0;
	return rc;
}

static int
sink_csv_begin(struct sink *base, const struct sink_stream *stream, struct sink_wants *wants,
	       struct err *e)
{
	struct sink_csv *s = csv(base);
	const struct header *header = stream->header;

	if (header == NULL) {
		err_set(e, EXIT_TARGET,
			"a plain PGCOPY file names neither its columns nor their types");
		return err_hint(e, "Load it into a table, or send it with portl-extract.");
	}
	s->text = stream->text;
	s->dry_run = s->dry_run || header->dry_run;
	s->sequence = header->is_sequence; /* which has no rows, and so no file */
	if (s->sequence)
		return 0;
	if (s->in_dir && begin_file(s, &header->schema.relation, e) != 0)
		return -1;
	if (match(s, header, e) != 0)
		return -1;
	free(base->plan);
	base->plan = xasprintf("%zu columns, as text", s->ncolumns);
	plan_log_file(s->plan, base->relation);
	show_plan(s);
	*wants = (struct sink_wants){.keep = s->plan->keep, .nkeep = s->plan->ncolumns};
	pgcopy_scan_init(&s->scan, (int)s->ncolumns);
	return put_header(s, e);
}

/* ---- rows ---- */

static int
damaged(const struct sink_csv *s, const struct csv_column *c, struct err *e)
{
	return err_set(e, EXIT_STREAM,
		       "%s:%" PRIu64 ": column \"%s\": the bytes are no value of type %s",
		       input_name(s->in), s->rows + 1, c->name, c->type);
}

/* No server writes such a field, and none could read it. */
static int
too_long(const struct sink_csv *s, const struct csv_column *c, struct err *e)
{
	err_set(e, EXIT_DATA, "%s:%" PRIu64 ": column \"%s\": the value's text is too long",
		input_name(s->in), s->rows + 1, c->name);
	return err_hint(e,
			"A field of CSV has less than 1 GB, as every value of PostgreSQL's.");
}

/* Write the row's next field; ${value} NULL is SQL NULL. */
static int
put_field(struct sink_csv *s, const char *value, size_t len, struct err *e)
{
	const struct csv_column *c = &s->columns[s->at];

	if (s->at++ > 0)
		buf_addc(&s->block, s->own->format.delimiter);
	if (value != NULL && c->decoder != NULL) {
		s->value.len = 0;
		if (pgvalue_text(c->decoder, value, len, &s->value) != 0)
			return damaged(s, c, e);
		value = buf_cstr(&s->value);
		len = s->value.len;
	}
	if (len > PGCOPY_FIELD_MAX)
		return too_long(s, c, e);
	csvfile_put(&s->own->format, &s->block, value, len, s->ncolumns == 1);
	return 0;
}

static void
end_row(struct sink_csv *s)
{
	buf_addc(&s->block, '\n');
	s->at = 0;
	s->rows++;
}

/* Some bytes of a binary field; written when all are there. */
static int
take_bytes(struct sink_csv *s, const char *data, size_t len, struct err *e)
{
	size_t whole = (size_t)s->field_len;

	if (len == whole)
		return put_field(s, data, len, e);
	buf_add(&s->field, data, len);
	if (s->field.len < whole)
		return 0;
	len = s->field.len;
	s->field.len = 0;
	return put_field(s, s->field.data, len, e);
}

static int
write_binary(struct sink_csv *s, const char *p, const char *end, struct err *e)
{
	struct pgcopy_step step;
	int rc = 0;

	while (rc == 0) {
		switch (pgcopy_step(&s->scan, &p, end, &step, e)) {
		case PGCOPY_FIELD:
			s->field_len = step.field_len;
			if (step.field_len <= 0)
				rc = put_field(s, step.field_len < 0 ? NULL : "", 0, e);
			break;
		case PGCOPY_DATA:
			rc = take_bytes(s, step.data, step.len, e);
			break;
		case PGCOPY_ROW_END:
			end_row(s);
			break;
		case PGCOPY_ROW:
			break;
		case PGCOPY_MORE:
		case PGCOPY_END:
			return 0;
		case PGCOPY_BAD:
			return -1;
		}
	}
	return rc;
}

/* A field of COPY text, without what ends it. */
static int
put_text(struct sink_csv *s, const char *field, size_t len, struct err *e)
{
	if (copytext_is_null(field, len))
		return put_field(s, NULL, 0, e);
	if (memchr(field, '\\', len) == NULL)
		return put_field(s, field, len, e);
	s->value.len = 0;
	len = copytext_unescape(buf_reserve(&s->value, len), field, len);
	return put_field(s, s->value.data, len, e);
}

static int
write_text(struct sink_csv *s, const char *p, const char *end, struct err *e)
{
	while (p < end) {
		const char *stop = copytext_field_end(p, end), *field = p;
		size_t len = (size_t)(stop - p);
		int rc = 0;

		if (stop == end || s->field.len > 0) {
			buf_add(&s->field, p, len);
			field = s->field.data;
			len = s->field.len;
		}
		if (stop == end)
			return 0;
		if (s->ncolumns > 0)
			rc = put_text(s, field, len, e);
		s->field.len = 0;
		if (rc != 0)
			return -1;
		if (*stop == '\n')
			end_row(s);
		p = stop + 1;
	}
	return 0;
}

static int
sink_csv_write(struct sink *base, const struct stream_chunk *chunk, struct err *e)
{
	struct sink_csv *s = csv(base);
	const char *end = chunk->data + chunk->len;

	if ((s->text ? write_text(s, chunk->data, end, e)
		     : write_binary(s, chunk->data, end, e)) != 0)
		return -1;
	/* A person or a program may be waiting for what has come so far. */
	return s->to_stdout || s->block.len >= OUTPUT_BLOCK ? flush(s, e) : 0;
}

static int
sink_csv_end(struct sink *base, struct err *e)
{
	struct sink_csv *s = csv(base);

	return s->in_dir && !s->sequence ? end_file(s, e) : 0;
}

static int
publish(struct sink_csv *s, struct err *e)
{
	if (s->dry_run)
		return 0;
	return s->in_dir ? csvdir_finish(s->dir, e) : output_finish(s->out, e);
}

static int
sink_csv_commit(struct sink *base, struct err *e)
{
	struct sink_csv *s = csv(base);
	struct receipt *receipt = base->receipt;
	size_t i;

	s->total += s->rows;
	s->rows = 0;
	if (base->options->min_rows > 0 && s->total < (uint64_t)base->options->min_rows)
		return err_set(e, EXIT_DATA,
			       "only %" PRIu64
			       " rows have come, fewer than --min-rows=%" PRId64,
			       s->total, base->options->min_rows);
	receipt->dry_run = s->dry_run;
	if ((!s->in_dir && flush(s, e) != 0) || publish(s, e) != 0)
		return -1;
	xalloc_last_words("The file is complete.");
	receipt->inserted = s->total;
	for (i = 0; i < receipt->nrelations; i++) {
		struct receipt_relation *r = receipt_at(receipt, i);

		r->inserted = r->read;
	}
	receipt->committed = s->dry_run ? RECEIPT_NO : RECEIPT_YES;
	return 0;
}

static void
sink_csv_close(struct sink *base)
{
	struct sink_csv *s = csv(base);

	output_free(s->out);
	csvdir_free(s->dir);
	release_columns(s);
	planner_free(s->plan);
	buf_release(&s->header);
	buf_release(&s->field);
	buf_release(&s->value);
	buf_release(&s->block);
}

static const struct sink_ops sink_csv_ops = {
	.open = sink_csv_open,
	.expect = sink_csv_expect,
	.begin = sink_csv_begin,
	.write = sink_csv_write,
	.end = sink_csv_end,
	.commit = sink_csv_commit,
	.close = sink_csv_close,
};

struct sink *
sink_csv_new(void)
{
	struct sink_csv *s = xcalloc(1, sizeof(*s));

	s->base.ops = &sink_csv_ops;
	return &s->base;
}
