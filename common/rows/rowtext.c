/*
 * Fields that come in the columns' order are written where they belong at once.  Out
 * of order, they wait in a buffer until the row is complete.
 */
#include "common/rows/rowtext.h"

#include <stdlib.h>

#include "common/base/xalloc.h"
#include "common/rows/copytext.h"

/* Where a column's field is in the open row. */
struct rowtext_span {
	size_t start, len;
};

void
rowtext_init(struct rowtext *t, const size_t *column_of, size_t nfields)
{
	bool shuffled = false;
	size_t i;

	*t = (struct rowtext){.column_of = column_of, .nfields = nfields};
	for (i = 0; i < nfields; i++) {
		if (column_of[i] == ROWTEXT_DROPPED)
			continue;
		shuffled = shuffled || column_of[i] != t->ncolumns;
		t->ncolumns++;
	}
	if (shuffled)
		t->spans = xcalloc(t->ncolumns, sizeof(*t->spans));
}

void
rowtext_field(struct rowtext *t, const char *value, size_t len)
{
	struct buf *b = t->spans != NULL ? &t->open : &t->out;
	size_t column = t->column_of[t->field++], start;

	if (column == ROWTEXT_DROPPED)
		return;
	if (t->spans == NULL && column > 0)
		buf_addc(b, '\t');
	start = b->len;
	if (value == NULL)
		buf_add(b, "\\N", 2);
	else
		copytext_escape(b, value, len);
	if (t->spans != NULL)
		t->spans[column] = (struct rowtext_span){start, b->len - start};
}

void
rowtext_row(struct rowtext *t)
{
	size_t i;

	for (i = 0; t->spans != NULL && i < t->ncolumns; i++) {
		if (i > 0)
			buf_addc(&t->out, '\t');
		buf_add(&t->out, t->open.data + t->spans[i].start, t->spans[i].len);
	}
	buf_addc(&t->out, '\n');
	t->open.len = 0;
	t->field = 0;
	t->rows++;
	t->whole = t->out.len;
}

void
rowtext_rewrite(struct rowtext *t,
		void (*put)(void *arg, size_t column, const char *field, size_t len,
			    struct buf *out),
		void *arg)
{
	struct buf old = t->out;
	const char *p = old.data + t->given, *end = old.data + t->whole;
	size_t column = 0;

	t->out = BUF_INIT;
	while (p < end) {
		const char *stop = copytext_field_end(p, end);

		put(arg, column, p, (size_t)(stop - p), &t->out);
		buf_addc(&t->out, *stop);
		column = *stop == '\n' ? 0 : column + 1;
		p = stop + 1;
	}
	t->given = 0;
	t->whole = t->out.len;
	buf_release(&old);
}

size_t
rowtext_take(struct rowtext *t, const char **data, uint64_t *rows)
{
	buf_drop(&t->out, t->given);
	t->given = t->whole -= t->given;
	*data = t->out.data;
	*rows = t->rows;
	t->rows = 0;
	return t->given;
}

void
rowtext_release(struct rowtext *t)
{
	buf_release(&t->out);
	buf_release(&t->open);
	free(t->spans);
}
