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
#include "common/schema/header.h"
#include "common/stream/input.h"
#include "extract/csv/csvhead.h"
#include "extract/csv/csvrows.h"
#include "extract/csv/infer.h"
#include "extract/csv/textin.h"
#include "extract/options.h"
#include "extract/source/source.h"

#define SAMPLE_ROWS 1000
#define SAMPLE_BYTES ((size_t)1 << 20)

/* A field's place in the row being made, for columns in another order. */
struct span {
	size_t start, len; /* in source_csv.row */
};

struct source_csv {
	struct source base;
	struct input *in;
	struct textin *text;
	struct csvrows rows;
	size_t keep;         /* bytes that csvrows wants to see again */
	struct csvhead head; /* the columns of the file and where they go */
	bool header_done;
	size_t named;   /* without a header: fields of the first row that are names */
	size_t field;   /* number of the current row's next field, in the file */
	struct buf out; /* whole rows of COPY text */
	struct buf row; /* with reordered: the fields of the current row */
	struct span *spans;
	struct infer_column *sample; /* per column of the schema; NULL: no sampling now */
	enum infer_type *check;      /* per column: values have to fit; NULL: no matter */
	bool brief;                  /* of a boolean only the first letter is sent */
	uint64_t nrows;              /* whole rows in out */
	size_t whole;                /* bytes that they take */
	size_t given;                /* bytes of out that were given away */
	uint64_t total;              /* rows so far */
	bool limited;                /* --limit is reached */
	bool ended;                  /* no more text */
};

static struct source_csv *
csv(struct source *s)
{
	return (struct source_csv *)s;
}

/* ---- columns ---- */

static int
settle_columns(struct source_csv *s, struct err *e)
{
	struct schema *schema = &s->base.header->schema;
	size_t i;

	s->header_done = true;
	s->rows.names = false;
	s->limited = s->base.options->limit == 0;
	if (csvhead_choose(&s->head, s->base.options, schema, e) != 0)
		return -1;
	s->spans = xcalloc(schema->ncolumns, sizeof(*s->spans));
	if (!s->base.options->infer)
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
	return s->base.options->header == HEADER_AUTO && s->base.options->columns != NULL &&
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

/* How much of a field is sent: of a boolean in NDJSON its first letter. */
static size_t
sent_length(const struct source_csv *s, size_t at, const char *field, size_t len)
{
	bool brief = s->brief && s->check[at] == INFER_BOOLEAN;

	return brief && !copytext_is_null(field, len) ? 1 : len;
}

static int
take_field(struct source_csv *s, const char *value, size_t len, struct err *e)
{
	struct buf *b = s->head.reordered ? &s->row : &s->out;
	size_t at, start;

	if (s->field == s->head.names.n)
		return ragged(s, s->head.names.n + 1, e);
	at = s->head.place[s->field++];
	if (at == CSVHEAD_DROPPED)
		return 0;
	if (s->sample != NULL && value != NULL)
		infer_see(&s->sample[at], value, len);
	if (s->check != NULL && value != NULL) {
		if (check_value(s, at, value, len, e) != 0)
			return -1;
		len = sent_length(s, at, value, len);
	}
	if (!s->head.reordered && at > 0)
		buf_addc(b, '\t');
	start = b->len;
	if (value == NULL)
		buf_add(b, "\\N", 2);
	else
		copytext_escape(b, value, len);
	if (s->head.reordered)
		s->spans[at] = (struct span){start, b->len - start};
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

static void
put_reordered(struct source_csv *s)
{
	size_t i;

	for (i = 0; i < s->base.header->schema.ncolumns; i++) {
		if (i > 0)
			buf_addc(&s->out, '\t');
		buf_add(&s->out, s->row.data + s->spans[i].start, s->spans[i].len);
	}
	s->row.len = 0;
}

/* The sample's rows were written before it was known which columns are boolean. */
static void
shorten_booleans(struct source_csv *s)
{
	const char *p = s->out.data, *end = p + s->out.len;
	char *to = s->out.data;
	size_t at = 0;

	while (p < end) {
		const char *stop = copytext_field_end(p, end);
		size_t len = sent_length(s, at, p, (size_t)(stop - p));

		memmove(to, p, len);
		to += len;
		*to++ = *stop;
		p = stop + 1;
		at = *stop == '\n' ? 0 : at + 1;
	}
	s->out.len = (size_t)(to - s->out.data);
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
		shorten_booleans(s);
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
	if (s->field != s->head.names.n)
		return ragged(s, s->field, e);
	if (may_be_header(s) && s->named == s->head.names.n) {
		err_set(e, EXIT_DATA,
			"this looks like a header line: it holds the names that "
			"--columns gives");
		return err_hint(e, "Say --header=yes if it is one, --header=no if it is data.");
	}
	if (s->head.reordered)
		put_reordered(s);
	buf_addc(&s->out, '\n');
	s->field = 0;
	s->nrows++;
	s->total++;
	if (s->sample != NULL && (s->total == SAMPLE_ROWS || s->rows.offset >= SAMPLE_BYTES))
		end_sample(s);
	s->whole = s->out.len;
	s->limited = s->base.options->limit == (int64_t)s->total;
	return s->limited ? -1 : 0; /* no fault, but no more is wanted */
}

/* A NULL (or an empty text, if NULL is written otherwise) where it can be one. */
static int
on_blank(void *arg, struct err *e)
{
	struct source_csv *s = arg;
	const char *value = s->base.options->csv_format.null[0] != '\0' ? "" : NULL;

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
		rc = csvrows_end(&s->rows, e);
		break;
	case TEXTIN_TEXT:
		rc = csvrows_feed(&s->rows, text, len, e);
		s->keep = rc > 0 ? (size_t)rc : 0;
		break;
	}
	s->ended = s->ended || s->limited;
	if (rc >= 0 || (s->limited && e->code == EXIT_DONE))
		return SOURCE_ROWS;
	if (e->code == EXIT_DATA)
		csvrows_where(&s->rows, input_name(s->in), e);
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
	if (s->sample != NULL) {
		end_sample(s);
		s->whole = s->out.len;
	}
	return 0;
}

static int
source_csv_open(struct source *base, int watch_fd, struct err *e)
{
	struct source_csv *s = csv(base);
	const struct extract_options *o = base->options;
	bool headless = o->header == HEADER_NO ||
			(o->header == HEADER_AUTO && o->columns != NULL);

	intr_install();
	base->where = xasprintf("CSV file %s", o->csv);
	base->header->values = HEADER_TEXT;
	s->in = input_open(o->csv, e);
	if (s->in == NULL)
		return -1;
	csvfile_log(o->csv, "reading");
	input_watch_output(s->in, watch_fd);
	s->text = textin_new(s->in, o->encoding, e);
	if (s->text == NULL || csvrows_init(&s->rows, &o->csv_format, &handler, s, e) != 0)
		return -1;
	relname_set(&base->header->schema.relation, o->rel_schema, o->rel_name);
	s->rows.names = !headless;
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
	buf_drop(&s->out, s->given);
	s->whole -= s->given;
	s->given = 0;
	while (s->nrows == 0) {
		enum source_event event;

		if (s->ended || s->limited)
			return SOURCE_END;
		event = read_block(s, timeout, e);
		if (event != SOURCE_ROWS)
			return event;
	}
	chunk->data = s->out.data;
	chunk->len = s->given = s->whole;
	chunk->rows = s->nrows;
	s->nrows = 0;
	return SOURCE_ROWS;
}

static void
source_csv_close(struct source *base)
{
	struct source_csv *s = csv(base);

	if (s->text != NULL)
		csvrows_release(&s->rows);
	textin_free(s->text);
	input_free(s->in);
	csvhead_release(&s->head);
	buf_release(&s->out);
	buf_release(&s->row);
	free(s->spans);
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
