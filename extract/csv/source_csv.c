/*
 * CSV as a source.  Text comes from textin, rows from csvrows; here the first row
 * becomes the schema and every other one a row of COPY text.  With --infer the
 * rows of the sample are kept as COPY text and sent first, so that nothing is read
 * twice and standard input will do.
 */
#include "extract/csv/source_csv.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/rows/copytext.h"
#include "common/rows/rowtext.h"
#include "common/schema/header.h"
#include "common/stream/input.h"
#include "extract/csv/csvhead.h"
#include "extract/csv/csvopts.h"
#include "extract/csv/csvrows.h"
#include "extract/csv/infer.h"
#include "extract/csv/textin.h"
#include "extract/options.h"
#include "extract/source/source.h"

#define SAMPLE_ROWS 1000
#define SAMPLE_BYTES ((size_t)1 << 20)

struct source_csv {
	struct source base;
	struct input *in;
	struct textin *text;
	struct csvrows parser;
	size_t keep;         /* bytes that csvrows wants to see again */
	struct csvhead head; /* the columns of the file and where they go */
	bool header_done;
	size_t named; /* without a header: fields of the first row that are names */
	struct rowtext rows;
	struct infer_column *sample; /* per column of the schema; NULL: no sampling now */
	enum infer_type *check;      /* per column: values have to fit; NULL: no matter */
	bool brief;                  /* of a boolean only the first letter is sent */
	uint64_t total;              /* rows so far */
	bool limited;                /* --limit is reached */
	bool ended;                  /* no more text */
};

static struct source_csv *
csv(struct source *s)
{
	return (struct source_csv *)s;
}

static const struct csvopts *
own(const struct source *s)
{
	return s->options->own;
}

/* ---- columns ---- */

static int
settle_columns(struct source_csv *s, struct err *e)
{
	struct schema *schema = &s->base.header->schema;
	size_t i;

	s->header_done = true;
	s->parser.names = false;
	s->limited = s->base.options->limit == 0;
	if (csvhead_choose(&s->head, s->base.options, schema, e) != 0)
		return -1;
	rowtext_init(&s->rows, s->head.place, s->head.names.n);
	if (!own(&s->base)->infer)
		return 0;
	s->sample = xcalloc(schema->ncolumns, sizeof(*s->sample));
	for (i = 0; i < schema->ncolumns; i++)
		infer_init(&s->sample[i]);
	return 0;
}

/* The names of a file without a header line are those of --columns. */
static int
take_given_names(struct source_csv *s, struct err *e)
{
	const struct ident_list *given = &s->base.options->column_list;
	size_t i;

	for (i = 0; i < given->n; i++)
		if (csvhead_add(&s->head, given->names[i], strlen(given->names[i]), e) != 0)
			return -1;
	return settle_columns(s, e);
}

/* ---- rows ---- */

/* The first row, if it was not said that it is none: perhaps it is a header. */
static bool
may_be_header(const struct source_csv *s)
{
	return own(&s->base)->header == HEADER_AUTO && s->base.options->columns.n > 0 &&
	       s->total == 0;
}

/* The row has ${n} fields, which are not as many as there are columns. */
static int
ragged(const struct source_csv *s, size_t n, struct err *e)
{
	size_t want = s->head.names.n;

	if (n > want)
		err_set(e, EXIT_DATA, "the row has more than %zu field%s", want,
			want == 1 ? "" : "s");
	else
		err_set(e, EXIT_DATA, "the row has %zu field%s where %zu are expected", n,
			n == 1 ? "" : "s", want);
	if (may_be_header(s))
		return err_hint(e, "--columns names all columns of a file without a header "
				   "line; to choose from a header line, say --header=yes.");
	return err_hint(e, "A field that holds the delimiter must be quoted; --delimiter "
			   "names another delimiter.");
}

/* Only the first letter of a boolean is sent. */
static bool
is_brief(const struct source_csv *s, size_t column)
{
	return s->brief && s->check[column] == INFER_BOOLEAN;
}

/*
 * What does not look like the column's type may yet be read as a value of it, and
 * another one: 007 as 7, 1/2/2003 as one of two dates.  And NDJSON writes numbers
 * and booleans bare.
 */
static int
check_value(const struct source_csv *s, size_t at, const char *value, size_t len, struct err *e)
{
	enum infer_type type = s->check[at];

	if (infer_fits(type, value, len))
		return 0;
	err_set(e, EXIT_DATA, "column \"%s\": the value is not of the inferred type %s",
		s->base.header->schema.columns[at].name, infer_name(type));
	return err_hint(e, "The type was guessed from the first rows: leave out --infer to "
			   "send all columns as text.");
}

static int
take_field(struct source_csv *s, const char *value, size_t len, struct err *e)
{
	size_t column;

	if (s->rows.field == s->head.names.n)
		return ragged(s, s->head.names.n + 1, e);
	column = rowtext_column(&s->rows);
	if (column != ROWTEXT_DROPPED && value != NULL) {
		if (s->sample != NULL)
			infer_see(&s->sample[column], value, len);
		if (s->check != NULL && check_value(s, column, value, len, e) != 0)
			return -1;
		if (is_brief(s, column))
			len = 1;
	}
	rowtext_field(&s->rows, value, len);
	return 0;
}

static int
on_field(void *arg, const char *value, size_t len, struct err *e)
{
	struct source_csv *s = arg;

	if (!s->header_done)
		return csvhead_add(&s->head, value, len, e);
	if (may_be_header(s))
		s->named += csvhead_has(&s->head, value, len);
	return take_field(s, value, len, e);
}

/* The sample's rows were written before it was known which columns are boolean. */
static void
put_again(void *arg, size_t column, const char *field, size_t len, struct buf *out)
{
	buf_add(out, field, is_brief(arg, column) && !copytext_is_null(field, len) ? 1 : len);
}

/* At the end of a row, all rows being in out: declare what the types seem to be. */
static void
end_sample(struct source_csv *s)
{
	struct schema *schema = &s->base.header->schema;
	size_t i;

	s->check = xcalloc(schema->ncolumns, sizeof(*s->check));
	for (i = 0; i < schema->ncolumns; i++) {
		const char *name;

		s->check[i] = infer_type(&s->sample[i]);
		name = infer_name(s->check[i]);
		free(schema->columns[i].type);
		free(schema->columns[i].base);
		schema->columns[i].type = xstrdup(name);
		schema->columns[i].base = xstrdup(name);
	}
	free(s->sample);
	s->sample = NULL;
	s->brief = s->base.options->format == EXTRACT_NDJSON;
	if (s->brief)
		rowtext_rewrite(&s->rows, put_again, s);
}

static int
on_row(void *arg, struct err *e)
{
	struct source_csv *s = arg;

	if (!s->header_done) {
		if (settle_columns(s, e) != 0)
			return -1;
		return s->limited ? -1 : 0;
	}
	if (s->rows.field != s->head.names.n)
		return ragged(s, s->rows.field, e);
	if (may_be_header(s) && s->named == s->head.names.n) {
		err_set(e, EXIT_DATA,
			"this looks like a header line: it holds the names that "
			"--columns gives");
		return err_hint(e, "Say --header=yes if it is one, --header=no if it is data.");
	}
	rowtext_row(&s->rows);
	s->total++;
	if (s->sample != NULL && (s->total == SAMPLE_ROWS || s->parser.offset >= SAMPLE_BYTES))
		end_sample(s);
	s->limited = s->base.options->limit == (int64_t)s->total;
	return s->limited ? -1 : 0; /* no fault, but no more is wanted */
}

/* A NULL (or an empty text, if NULL is written otherwise) where it can be one. */
static int
on_blank(void *arg, struct err *e)
{
	struct source_csv *s = arg;
	const char *value = own(&s->base)->format.null[0] != '\0' ? "" : NULL;

	if (!s->header_done || s->head.names.n != 1)
		return 0;
	return take_field(s, value, 0, e) != 0 ? -1 : on_row(s, e);
}

static const struct csvrows_handler handler = {
	.field = on_field,
	.row = on_row,
	.blank = on_blank,
};

/* Take in one block: SOURCE_ROWS (perhaps no row), _IDLE, _END or _FAILED. */
static enum source_event
read_block(struct source_csv *s, int timeout, struct err *e)
{
	const char *text = NULL;
	size_t len = 0;
	int rc = 0;

	switch (textin_next(s->text, s->keep, timeout, &text, &len, e)) {
	case TEXTIN_IDLE:
		return SOURCE_IDLE;
	case TEXTIN_FAILED:
		return SOURCE_FAILED;
	case TEXTIN_BAD:
		rc = -1;
		break;
	case TEXTIN_END:
		s->ended = true;
		rc = csvrows_end(&s->parser, e);
		break;
	case TEXTIN_TEXT:
		rc = csvrows_feed(&s->parser, text, len, e);
		s->keep = rc > 0 ? (size_t)rc : 0;
		break;
	}
	s->ended = s->ended || s->limited;
	if (rc >= 0 || (s->limited && e->code == EXIT_DONE))
		return SOURCE_ROWS;
	if (e->code == EXIT_DATA)
		csvrows_where(&s->parser, input_name(s->in), e);
	return SOURCE_FAILED;
}

/* ---- the source ---- */

/* Read until the columns are known, with --infer the types too. */
static int
read_head(struct source_csv *s, struct err *e)
{
	while (!s->ended && (!s->header_done || s->sample != NULL))
		if (read_block(s, -1, e) == SOURCE_FAILED)
			return -1;
	if (!s->header_done) {
		err_set(e, EXIT_DATA, "%s: the file is empty, not even a header line is there",
			input_name(s->in));
		return -1;
	}
	if (s->sample != NULL)
		end_sample(s);
	return 0;
}

static int
source_csv_open(struct source *base, int watch_fd, struct err *e)
{
	struct source_csv *s = csv(base);
	const struct extract_options *o = base->options;
	const struct csvopts *c = own(base);
	bool headless = c->header == HEADER_NO ||
			(c->header == HEADER_AUTO && o->columns.n > 0);

	intr_install();
	base->where = xasprintf("CSV file %s", c->path);
	base->header->values = HEADER_TEXT;
	s->in = input_open(c->path, e);
	if (s->in == NULL)
		return -1;
	csvfile_log(c->path, "reading");
	input_watch_output(s->in, watch_fd);
	s->text = textin_new(s->in, c->encoding, e);
	if (s->text == NULL || csvrows_init(&s->parser, &c->format, &handler, s, e) != 0)
		return -1;
	relname_set(&base->header->schema.relation, o->rel.schema, o->rel.name);
	s->parser.names = !headless;
	s->parser.open_end = o->bare;
	if (headless && take_given_names(s, e) != 0)
		return -1;
	return headless && s->sample == NULL ? 0 : read_head(s, e);
}

static enum source_event
source_csv_next(struct source *base, int timeout, struct source_chunk *chunk, struct err *e)
{
	struct source_csv *s = csv(base);

	if (base->options->common.dry_run)
		return SOURCE_END;
	while (s->rows.rows == 0) {
		enum source_event event;

		if (s->ended || s->limited)
			return SOURCE_END;
		event = read_block(s, timeout, e);
		if (event != SOURCE_ROWS)
			return event;
	}
	chunk->len = rowtext_take(&s->rows, &chunk->data, &chunk->rows);
	return SOURCE_ROWS;
}

static void
source_csv_close(struct source *base)
{
	struct source_csv *s = csv(base);

	if (s->text != NULL)
		csvrows_release(&s->parser);
	textin_free(s->text);
	input_free(s->in);
	csvhead_release(&s->head);
	rowtext_release(&s->rows);
	free(s->sample);
	free(s->check);
}

static const struct source_ops source_csv_ops = {
	.open = source_csv_open,
	.next = source_csv_next,
	.close = source_csv_close,
};

struct source *
source_csv_new(void)
{
	struct source_csv *s = xcalloc(1, sizeof(*s));

	s->base.ops = &source_csv_ops;
	return &s->base;
}
