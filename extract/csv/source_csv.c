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
#include <sys/stat.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/rows/copytext.h"
#include "common/rows/rowtext.h"
#include "common/schema/header.h"
#include "common/schema/infer.h"
#include "common/stream/input.h"
#include "extract/csv/csvescape.h"
#include "extract/csv/csvforms.h"
#include "extract/csv/csvhead.h"
#include "extract/csv/csvopts.h"
#include "extract/csv/csvrows.h"
#include "extract/csv/doubt.h"
#include "extract/csv/textin.h"
#include "extract/options/options.h"
#include "extract/source/source.h"

struct source_csv {
	struct source base;
	struct input *in;
	struct textin *text;
	struct csvrows parser;
	struct csvescape escape;
	size_t keep;         /* bytes that csvrows wants to see again */
	struct csvhead head; /* the columns of the file and where they go */
	bool header_done;
	bool trailed; /* the row has had its empty field behind the last column */
	size_t named; /* without a header: fields of the first row that are names */
	struct rowtext rows;
	struct doubt *doubts;        /* per column as long as there is a sample */
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
	s->base.header->first_line = s->parser.names ? (int64_t)s->parser.line + 1 : 1;
	s->parser.names = false;
	s->limited = s->base.options->rows.limit == 0;
	if (csvhead_choose(&s->head, s->base.options, schema, e) != 0)
		return -1;
	rowtext_init(&s->rows, s->head.place, s->head.names.n);
	s->parser.forced = s->head.forced;
	s->parser.nforced = s->head.names.n;
	if (!own(&s->base)->infer)
		return 0;
	s->sample = xcalloc(schema->ncolumns, sizeof(*s->sample));
	s->doubts = xcalloc(schema->ncolumns, sizeof(*s->doubts));
	for (i = 0; i < schema->ncolumns; i++) {
		infer_init(&s->sample[i]);
		doubt_init(&s->doubts[i]);
	}
	return 0;
}

/* The names of a file without a header line are those of --columns. */
static int
take_given_names(struct source_csv *s, struct err *e)
{
	const struct ident_list *given = &s->base.options->rows.column_list;
	size_t i;

	for (i = 0; i < given->n; i++)
		if (csvhead_add(&s->head, given->names[i], strlen(given->names[i]), e) != 0)
			return -1;
	return settle_columns(s, e);
}

/* The first line says what parts fields. */
static int
take_separator(struct source_csv *s, char delimiter, struct err *e)
{
	const struct csvopts *o = own(&s->base);

	if (o->delimiter != NULL && delimiter != o->format.delimiter) {
		err_set(e, EXIT_DATA,
			"the line says that fields are parted otherwise than "
			"--delimiter says");
		return err_hint(e, "Leave out --delimiter, or the line (`tail -n +2`).");
	}
	if ((delimiter & 0x80) != 0 || delimiter == o->format.quote ||
	    strchr(o->format.null, delimiter) != NULL)
		return err_set(e, EXIT_DATA, "nothing can be parted by what the line names");
	csvrows_delimiter(&s->parser, delimiter);
	return 0;
}

/* ---- rows ---- */

/* The first row, if it was not said that it is none: perhaps it is a header. */
static bool
may_be_header(const struct source_csv *s)
{
	return own(&s->base)->header == HEADER_AUTO && s->base.options->rows.columns.n > 0 &&
	       s->total == 0;
}

/* The row has ${n} fields, which are not as many as there are columns. */
static int
ragged(const struct source_csv *s, size_t n, struct err *e)
{
	size_t want = s->head.names.n + s->head.open;

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
	return s->brief && s->check != NULL && s->check[column] == INFER_BOOLEAN;
}

/*
 * A value as it is to be read, itself or in ${form}.  ${*other}: it is a number, but not as
 * --decimal says that numbers are written.
 */
static const char *
read_form(const struct source_csv *s, const char *value, size_t *len, char *form, bool *other)
{
	const struct csvforms *forms = &own(&s->base)->forms;
	const char *read = csvforms_read(forms, value, len, form);

	*other = forms->decimal != '\0' && read == value && infer_is_number(value, *len);
	return read;
}

/* The sample says nothing of a column of NULLs, so that how to read it is anybody's guess. */
static int
check_unseen(const struct source_csv *s, size_t column, const char *value, size_t len,
	     struct err *e)
{
	char form[CSVFORMS_MAX];
	bool other;
	size_t n = len;
	const char *read = read_form(s, value, &n, form, &other);

	if (n == len && memcmp(read, value, n) == 0 && !other)
		return 0;
	err_set(e, EXIT_DATA,
		"column \"%s\": a number or date, or text?  The first rows have no value",
		s->base.header->schema.columns[column].name);
	return err_hint(e, "Put a row with a value among the first %d.", INFER_ROWS);
}

/*
 * What does not look like the column's type may yet be read as a value of it, and
 * another one: 007 as 7, 1/2/2003 as one of two dates.  And NDJSON writes numbers
 * and booleans bare.  The value becomes what is to be sent, itself or in ${form}.
 */
static int
check_value(const struct source_csv *s, size_t at, const char **value, size_t *len, char *form,
	    struct err *e)
{
	enum infer_type type = s->check[at];
	bool other = false;

	if (type == INFER_UNSEEN)
		return check_unseen(s, at, *value, *len, e);
	if (infer_has_forms(type))
		*value = read_form(s, *value, len, form, &other);
	if (!other && infer_fits(type, *value, *len))
		return 0;
	err_set(e, EXIT_DATA, "column \"%s\": the value is not of the inferred type %s",
		s->base.header->schema.columns[at].name, infer_name(type));
	return err_hint(e, "The type was guessed from the first rows: leave out --infer to "
			   "send all columns as text.");
}

static void
see(struct source_csv *s, size_t column, const char *value, size_t len)
{
	char form[CSVFORMS_MAX];
	bool other;

	doubt_see(&s->doubts[column], value, len);
	value = read_form(s, value, &len, form, &other);
	if (other)
		infer_text(&s->sample[column]);
	else
		infer_see(&s->sample[column], value, len);
}

/* A field behind the last column, which is empty if the header line has one, too. */
static int
take_trail(struct source_csv *s, size_t len, struct err *e)
{
	if (!s->head.open || s->trailed)
		return ragged(s, s->head.names.n + 1 + s->head.open, e);
	if (len > 0) {
		err_set(e, EXIT_DATA,
			"a value behind the last column: the header line ends "
			"in a delimiter, and has no name for it");
		return err_hint(e, "A field that holds the delimiter must be quoted.");
	}
	s->trailed = true;
	return 0;
}

static int
take_field(struct source_csv *s, const char *value, size_t len, struct err *e)
{
	char form[CSVFORMS_MAX];
	size_t column;

	if (s->rows.field == s->head.names.n)
		return take_trail(s, len, e);
	column = rowtext_column(&s->rows);
	if (column != ROWTEXT_DROPPED && value != NULL) {
		if (s->sample != NULL)
			see(s, column, value, len);
		if (s->check != NULL && check_value(s, column, &value, &len, form, e) != 0)
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

/* The sample's rows were written before it was known which columns are of which type. */
static void
put_again(void *arg, size_t column, const char *field, size_t len, struct buf *out)
{
	const struct source_csv *s = arg;
	char form[CSVFORMS_MAX];

	if (!copytext_is_null(field, len)) {
		if (infer_has_forms(s->check[column]))
			field = csvforms_read(&own(&s->base)->forms, field, &len, form);
		len = is_brief(s, column) ? 1 : len;
	}
	buf_add(out, field, len);
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
		if (s->check[i] == INFER_TEXT)
			doubt_warn(&s->doubts[i], schema->columns[i].name);
		name = infer_name(s->check[i]);
		schema->columns[i].type = intern(name);
		schema->columns[i].base = intern(name);
	}
	free(s->sample);
	free(s->doubts);
	s->sample = NULL;
	s->doubts = NULL;
	s->brief = s->base.options->format == EXTRACT_NDJSON;
	if (s->brief || csvforms_any(&own(&s->base)->forms))
		rowtext_rewrite(&s->rows, put_again, s);
}

static int
on_row(void *arg, struct err *e)
{
	struct source_csv *s = arg;

	char delimiter = s->parser.format.delimiter;

	if (!s->header_done && s->parser.row_line == 1 &&
	    csvhead_separator(&s->head, &delimiter))
		return take_separator(s, delimiter, e);
	if (!s->header_done) {
		if (settle_columns(s, e) != 0)
			return -1;
		return s->limited ? -1 : 0;
	}
	if (s->rows.field != s->head.names.n || s->trailed != s->head.open)
		return ragged(s, s->rows.field, e);
	s->trailed = false;
	if (may_be_header(s) && s->named == s->head.names.n) {
		err_set(e, EXIT_DATA,
			"this looks like a header line: it holds the names that "
			"--columns gives");
		return err_hint(e, "Say --header=yes if it is one, --header=no if it is data.");
	}
	rowtext_row(&s->rows);
	s->total++;
	if (s->sample != NULL && (s->total == INFER_ROWS || s->parser.offset >= INFER_BYTES))
		end_sample(s);
	s->limited = s->base.options->rows.limit == (int64_t)s->total;
	return s->limited ? -1 : 0; /* no fault, but no more is wanted */
}

/* A NULL (or an empty text, if NULL is written otherwise) where it can be one. */
static int
on_blank(void *arg, struct err *e)
{
	struct source_csv *s = arg;
	const char *value = own(&s->base)->format.null[0] != '\0' ? "" : NULL;

	if (!s->header_done || s->head.names.n != 1 || s->head.open)
		return 0;
	return take_field(s, value, 0, e) != 0 ? -1 : on_row(s, e);
}

static const struct csvrows_handler handler = {
	.field = on_field,
	.row = on_row,
	.blank = on_blank,
};

/* Returns how many bytes at the end csvrows wants to see again, or -1. */
static int
feed(struct source_csv *s, const char *text, size_t len, struct err *e)
{
	bool fine;
	int rc;

	if (s->escape.escape == '\0')
		return csvrows_feed(&s->parser, text, len, e);
	fine = csvescape_feed(&s->escape, s->keep, text, len);
	rc = csvrows_feed(&s->parser, s->escape.text.data, s->escape.text.len, e);
	if (rc < 0 || fine)
		return rc;
	err_set(e, EXIT_DATA, "the field goes on behind its closing quote");
	return err_hint(e,
			"With --escape, a quote inside a field has the escape before it, and "
			"is not doubled.");
}

/* Take in one block: SOURCE_ROWS (perhaps no row), _IDLE, _END or _FAILED. */
static enum source_event
read_block(struct source_csv *s, int timeout, struct err *e)
{
	const char *text = NULL;
	size_t len = 0;
	int rc = 0;

	switch (textin_next(s->text, s->escape.escape != 0 ? 0 : s->keep, timeout, &text, &len,
			    e)) {
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
		rc = feed(s, text, len, e);
		s->keep = rc > 0 ? (size_t)rc : 0;
		break;
	}
	s->ended = s->ended || s->limited;
	s->base.share = input_share(s->in);
	if (rc >= 0 || (s->limited && e->code == EXIT_DONE))
		return SOURCE_ROWS;
	if (e->code == EXIT_DATA) {
		csvrows_where(&s->parser, input_name(s->in), e);
		csvhead_explain(&s->head, own(&s->base)->format.delimiter, e);
	}
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

/* What the first rows of a file make likely. */
static void
estimate_rows(struct source_csv *s)
{
	struct header *header = s->base.header;
	double rows = (double)s->total / s->base.share;

	if (s->total == 0 || s->base.share <= 0)
		return;
	header->rows_rough = true;
	header->rows_estimate = (int64_t)rows;
	if (s->base.options->rows.limit >= 0 &&
	    s->base.options->rows.limit < header->rows_estimate)
		header->rows_estimate = s->base.options->rows.limit;
}

static int
source_csv_open(struct source *base, int watch_fd, struct err *e)
{
	struct source_csv *s = csv(base);
	const struct extract_options *o = base->options;
	const struct csvopts *c = own(base);
	bool headless = c->header == HEADER_NO ||
			(c->header == HEADER_AUTO && o->rows.columns.n > 0);
	struct stat st;

	intr_install();
	base->where = xasprintf("CSV file %s", c->path);
	base->header->file = xstrdup(basename(c->path));
	base->header->values = HEADER_TEXT;
	base->header->partial = o->rows.limit >= 0 ? HEADER_PARTIAL_LIMIT : 0;
	if (stat(c->path, &st) == 0 && S_ISDIR(st.st_mode)) {
		err_set(e, EXIT_DATA, "\"%s\" is a folder", c->path);
		return err_hint(e, "With a slash behind its name all its files *.csv are read, "
				   "as a set.");
	}
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
	s->parser.inexact = c->escape_byte != '\0';
	s->escape.quote = c->format.quote;
	s->escape.escape = c->escape_byte;
	if (headless && take_given_names(s, e) != 0)
		return -1;
	if ((!headless || s->sample != NULL) && read_head(s, e) != 0)
		return -1;
	if (input_size(s->in) > 0 && !s->ended && s->total == 0 &&
	    read_block(s, -1, e) == SOURCE_FAILED)
		return -1;
	estimate_rows(s);
	return 0;
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
	free(s->doubts);
	free(s->check);
	buf_release(&s->escape.text);
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
