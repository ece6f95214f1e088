/*
 * Any bytes as a CSV file: read whole and read in pieces they give the same rows or
 * the same fault at the same place, and what was read, written again and read again,
 * is the same.  The type inferred from all values fits each of them.  The first byte
 * chooses the pieces' size and the null string.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/utf8.h"
#include "common/rows/csvfile.h"
#include "extract/csv/csvrows.h"
#include "common/schema/infer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read: as CSV, and as a list that tells all fields apart. */
struct result {
	struct csvfile_format format;
	struct buf list;
	struct buf csv;
	size_t fields; /* of the current row */
	size_t mark;   /* where it begins in the list */
	struct buf row;
	bool failed;
	struct infer_column infer;
	const struct infer_column *inferred; /* by a reading before this one, or NULL */
};

static int
on_field(void *arg, const char *value, size_t len, struct err *e)
{
	struct result *r = arg;

	(void)e;
	if (value != NULL && memchr(value, '\0', len) != NULL)
		abort();
	buf_addf(&r->list, "%c%zu:", value == NULL ? 'n' : 'v', value == NULL ? 0 : len);
	if (value != NULL)
		buf_add(&r->list, value, len);
	if (value != NULL)
		infer_see(&r->infer, value, len);
	if (value != NULL && r->inferred != NULL &&
	    !infer_fits(infer_type(r->inferred), value, len))
		abort();
	if (r->fields++ > 0)
		buf_addc(&r->row, r->format.delimiter);
	csvfile_put(&r->format, &r->row, value, len, false);
	return 0;
}

static int
on_row(void *arg, struct err *e)
{
	struct result *r = arg;

	(void)e;
	if (r->fields == 0)
		abort();
	if (r->row.len == 0)
		r->list.len = r->mark; /* one empty field is written as a blank line */
	buf_addc(&r->list, r->row.len == 0 ? '~' : '|');
	r->mark = r->list.len;
	buf_add(&r->csv, r->row.data, r->row.len);
	buf_addc(&r->csv, '\n');
	r->row.len = 0;
	r->fields = 0;
	return 0;
}

/* Blank lines come back as they are. */
static int
on_blank(void *arg, struct err *e)
{
	struct result *r = arg;

	(void)e;
	buf_addc(&r->list, '~');
	r->mark = r->list.len;
	buf_addc(&r->csv, '\n');
	return 0;
}

static const struct csvrows_handler handler = {on_field, on_row, on_blank};

static void
read_all(struct result *r, const char *null, const char *text, size_t len, size_t step,
	 const struct infer_column *inferred)
{
	struct buf block = BUF_INIT;
	struct err e = ERR_INIT;
	struct csvrows rows;
	size_t at = 0;
	int rc;

	*r = (struct result){.format = {',', '"', null, false}, .inferred = inferred};
	infer_init(&r->infer);
	rc = csvrows_init(&rows, &r->format, &handler, r, &e);
	rows.open_end = true;
	while (rc >= 0 && at < len) {
		size_t n = len - at < step ? len - at : step;

		buf_add(&block, text + at, n);
		at += n;
		rc = csvrows_feed(&rows, block.data, block.len, &e);
		if (rc > 1)
			abort();
		if (rc >= 0)
			buf_drop(&block, block.len - (size_t)rc);
	}
	if (rc >= 0)
		rc = csvrows_end(&rows, &e);
	r->failed = rc < 0;
	if (r->failed) {
		if (e.msg == NULL || e.code != EXIT_DATA ||
		    strstr(e.msg, "lost its place") != NULL)
			abort();
		/* Which lines are counted where CR may end them is known only later. */
		if (memchr(text, '\r', len) == NULL)
			csvrows_where(&rows, "f", &e);
		buf_adds(&r->list, e.msg);
	}
	csvrows_release(&rows);
	err_release(&e);
	buf_release(&block);
}

static void
release(struct result *r)
{
	buf_release(&r->list);
	buf_release(&r->csv);
	buf_release(&r->row);
}

static void
compare(const struct buf *a, const struct buf *b)
{
	if (a->len != b->len || (a->len > 0 && memcmp(a->data, b->data, a->len) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1, *null;
	struct result whole, parts, again;

	if (size == 0)
		return 0;
	null = (data[0] & 1) != 0 ? "NA" : "";
	size = utf8_span(text, size - 1); /* the rest never gets so far */
	read_all(&whole, null, text, size, size + 1, NULL);
	read_all(&parts, null, text, size, (size_t)(data[0] >> 1) + 1, NULL);
	compare(&whole.list, &parts.list);
	if (!whole.failed) {
		read_all(&again, null, whole.csv.data, whole.csv.len, whole.csv.len + 1,
			 &whole.infer);
		if (again.failed)
			abort();
		compare(&whole.list, &again.list);
		release(&again);
	}
	release(&whole);
	release(&parts);
	return 0;
}
