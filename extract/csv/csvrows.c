/*
 * Around libcsv.  Text is given to it line by line, which gives line numbers and
 * lets blank lines be seen, for libcsv skips them.  Its callbacks tell neither
 * where a field was nor whether it was quoted; both follow from the lengths, since
 * in strict mode a field is either its bytes or its bytes between quotes with each
 * quote doubled.
 */
#include "extract/csv/csvrows.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/err.h"
#include "common/rows/pgcopy.h"

#define FIELD_GROWTH ((size_t)64 * 1024) /* bytes that libcsv's field buffer grows by */

/* No blank is cut off anywhere. */
static int
no_space(unsigned char c)
{
	(void)c;
	return 0;
}

int
csvrows_init(struct csvrows *r, const struct csvfile_format *format,
	     const struct csvrows_handler *handler, void *arg, struct err *e)
{
	*r = (struct csvrows){.format = *format,
			      .null_len = strlen(format->null),
			      .field_max = PGCOPY_FIELD_MAX,
			      .handler = handler,
			      .arg = arg,
			      .line = 1};
	if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return err_set(e, EXIT_DATA, "could not set up the CSV parser");
	csv_set_delim(&r->parser, (unsigned char)format->delimiter);
	csv_set_quote(&r->parser, (unsigned char)format->quote);
	csv_set_space_func(&r->parser, no_space);
	csv_set_blk_size(&r->parser, FIELD_GROWTH);
	return 0;
}

void
csvrows_delimiter(struct csvrows *r, char delimiter)
{
	r->format.delimiter = delimiter;
	csv_set_delim(&r->parser, (unsigned char)delimiter);
}

void
csvrows_release(struct csvrows *r)
{
	csv_free(&r->parser);
}

/* Note that the byte at ${offset} is to blame. */
static int
fault_at(struct csvrows *r, uint64_t offset)
{
	r->failed = true;
	r->fault_line = r->line;
	r->fault_byte = offset - r->line_offset + 1;
	return -1;
}

/* Note that something beginning at ${line} is to blame as a whole. */
static int
fault_in(struct csvrows *r, uint64_t line)
{
	r->failed = true;
	r->fault_line = line;
	r->fault_byte = 0;
	return -1;
}

static bool
open_is_quoted(const struct csvrows *r)
{
	if (r->field_offset < r->offset)
		return r->open_quoted;
	return r->segment[r->field_offset - r->offset] == r->format.quote;
}

static size_t
count_quotes(const struct csvrows *r, const char *value, size_t len)
{
	const char *p = value, *end = value + len;
	size_t n = 0;

	while ((p = memchr(p, r->format.quote, (size_t)(end - p))) != NULL) {
		n++;
		p++;
	}
	return n;
}

/* libcsv has completed a field. */
static void
on_field(void *value, size_t len, void *arg)
{
	struct csvrows *r = arg;
	bool quoted, forced, null;

	if (r->failed)
		return;
	/* The last field of a file without a line end is seen behind all segments. */
	quoted = r->field_offset < r->offset + r->segment_len && open_is_quoted(r);
	forced = r->field < r->nforced && r->forced[r->field];
	r->field++;
	null = (!quoted || forced) && !r->names && len == r->null_len &&
	       memcmp(value, r->format.null, len) == 0;
	if (r->handler->field(r->arg, null ? NULL : value, len, r->err) != 0) {
		if (r->field_offset < r->line_offset)
			fault_in(r, r->open_line);
		else
			fault_at(r, r->field_offset);
		return;
	}
	r->field_offset += len + 1;
	if (quoted)
		r->field_offset += 2 + count_quotes(r, value, len);
}

static int
stray_line_end(struct csvrows *r, char c, uint64_t offset, struct err *e)
{
	if (c == '\r')
		err_set(e, EXIT_DATA,
			"a carriage return that no line feed follows, outside quotes");
	else
		err_set(e, EXIT_DATA,
			"a line feed outside quotes, where lines end in carriage returns");
	err_hint(e, "A field that holds a line end must be quoted.");
	return fault_at(r, offset);
}

/* The text is over in the middle of a line: is a row or a value missing, who knows? */
static void
no_line_end(struct csvrows *r)
{
	err_set(r->err, EXIT_DATA, "the last line has no line end, it may have been cut");
	err_hint(r->err, "If the file is whole, add the line end (`{ cat FILE; echo; } |` and "
			 "--csv=-), or say --bare: nothing proves it whole.");
	fault_in(r, r->line);
}

/* libcsv has completed a row, at ${c} or (-1) at the end of the text. */
static void
on_row(int c, void *arg)
{
	struct csvrows *r = arg;
	size_t at = (size_t)(r->field_offset - 1 - r->offset);

	if (r->failed)
		return;
	if (c >= 0) {
		bool crlf = c == '\r' && r->eol == '\n' && at + 1 < r->segment_len &&
			    r->segment[at + 1] == '\n';

		if (at >= r->segment_len || r->segment[at] != (char)c) {
			err_set(r->err, EXIT_DATA, "the CSV parser has lost its place");
			fault_at(r, r->offset);
			return;
		}
		if ((char)c != r->eol && !crlf) {
			stray_line_end(r, (char)c, r->offset + at, r->err);
			return;
		}
	}
	r->in_row = false;
	r->field = 0;
	if (c < 0 && !r->open_end)
		no_line_end(r);
	else if (r->handler->row(r->arg, r->err) != 0)
		fault_in(r, r->row_line);
}

static int
refuse(struct csvrows *r, size_t at, struct err *e)
{
	int why = csv_error(&r->parser);

	if (why != CSV_EPARSE)
		err_set(e, EXIT_DATA, "%s", csv_strerror(why));
	else if (r->segment[at] == r->format.quote)
		err_set(e, EXIT_DATA, "a quote inside a field that does not begin with one");
	else
		err_set(e, EXIT_DATA, "the field goes on behind its closing quote");
	if (why == CSV_EPARSE)
		err_hint(e,
			 "A field that holds a quote must be quoted, and the quote doubled.");
	return fault_at(r, r->offset + at);
}

/* Let libcsv look at ${len} bytes, which are of one line. */
static int
parse(struct csvrows *r, const char *text, size_t len, struct err *e)
{
	size_t done;

	r->segment = text;
	r->segment_len = len;
	r->err = e;
	done = csv_parse(&r->parser, text, len, on_field, on_row, r);
	if (r->failed)
		return -1;
	if (done != len)
		return refuse(r, done, e);
	if (r->in_row && r->parser.entry_pos > r->field_max) {
		err_set(e, EXIT_DATA, "a field is longer than %zu bytes", r->field_max);
		err_hint(e, "Is a quote not closed?");
		return fault_in(r, r->field_offset < r->offset ? r->open_line : r->line);
	}
	if (r->in_row && r->field_offset >= r->offset) {
		r->open_line = r->line;
		r->open_quoted = r->field_offset < r->offset + len && open_is_quoted(r);
	}
	r->offset += len;
	r->segment_len = 0;
	return 0;
}

static void
next_line(struct csvrows *r)
{
	r->line++;
	r->line_offset = r->offset;
}

/*
 * Where a row may begin: pass over a blank line, or begin the row.  Returns the
 * bytes passed over, or -1.
 */
static int
begin_row(struct csvrows *r, const char *p, struct err *e)
{
	int n = 0;

	if (*p == r->eol)
		n = 1;
	else if (*p == '\r' && r->eol == '\n' && p[1] == '\n')
		n = 2;
	else if (*p == '\r' || *p == '\n')
		return stray_line_end(r, *p, r->offset, e);
	r->row_line = r->line;
	r->in_row = n == 0;
	r->field_offset = r->offset;
	if (n == 0)
		return 0;
	r->offset += (uint64_t)n;
	if (r->handler->blank(r->arg, e) != 0)
		return fault_in(r, r->line);
	next_line(r);
	return n;
}

/*
 * The first line end outside quotes says how lines end: CR, or else LF with or
 * without CR before it.
 */
static void
find_eol(struct csvrows *r, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len && r->eol == 0; i++) {
		if (text[i] == r->format.quote)
			r->in_quotes = !r->in_quotes;
		else if (text[i] == '\n' && !r->in_quotes)
			r->eol = '\n';
		else if (text[i] == '\r' && !r->in_quotes && i + 1 < len)
			r->eol = text[i + 1] == '\n' ? '\n' : '\r';
	}
}

int
csvrows_feed(struct csvrows *r, const char *text, size_t len, struct err *e)
{
	const char *p = text, *end = text + len;

	/* A carriage return is judged by what follows it. */
	r->held = len > 0 && text[len - 1] == '\r' && r->eol != '\r';
	end -= r->held;
	if (r->eol == 0)
		find_eol(r, text, len);
	while (p < end) {
		const char *stop;
		size_t n;

		if (!r->in_row) {
			int passed = begin_row(r, p, e);

			if (passed < 0)
				return -1;
			p += passed;
			if (!r->in_row)
				continue;
		}
		stop = memchr(p, r->eol != 0 ? r->eol : '\n', (size_t)(end - p));
		n = (size_t)((stop != NULL ? stop + 1 : end) - p);
		if (parse(r, p, n, e) != 0)
			return -1;
		if (stop != NULL)
			next_line(r);
		p += n;
	}
	return r->held;
}

/* A carriage return is the last byte of all: it ends the only line, or is astray. */
static int
end_held(struct csvrows *r, struct err *e)
{
	r->held = false;
	if (r->eol == 0)
		r->eol = '\r';
	if (r->eol == '\r')
		return csvrows_feed(r, "\r", 1, e);
	return r->in_row ? parse(r, "\r", 1, e) : stray_line_end(r, '\r', r->offset, e);
}

int
csvrows_end(struct csvrows *r, struct err *e)
{
	if (r->held && end_held(r, e) != 0)
		return -1;
	r->err = e;
	if (!r->in_row)
		return 0;
	if (csv_fini(&r->parser, on_field, on_row, r) != 0 && !r->failed) {
		err_set(e, EXIT_DATA, "a quoted field is not closed before the file ends");
		return fault_in(r, r->open_line);
	}
	return r->failed ? -1 : 0;
}

int
csvrows_where(const struct csvrows *r, const char *name, struct err *e)
{
	uint64_t line = r->fault_line, byte = r->fault_byte;

	if (line == 0) {
		line = r->line;
		byte = r->offset + r->held - r->line_offset + 1;
	}
	if (byte == 0 || r->inexact)
		return err_prefix(e, "%s:%" PRIu64 ": ", name, line);
	return err_prefix(e, "%s:%" PRIu64 ": byte %" PRIu64 ": ", name, line, byte);
}
