/*
 * Any bytes as a value: escaped and read back they are the same.  Any bytes as
 * a field: unescaped they are never longer, and escaping that is stable.  Any
 * bytes as a row: a tuple with the same fields, whichever way they are found.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/rows/copytext.h"
#include "common/rows/pgcopy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_value(const char *value, size_t len)
{
	struct buf escaped = BUF_INIT;
	char *back;

	copytext_escape(&escaped, value, len);
	if (escaped.len > 0 && copytext_field_end(escaped.data, escaped.data + escaped.len) !=
				       escaped.data + escaped.len)
		abort();
	if (copytext_is_null(escaped.data, escaped.len))
		abort();
	back = malloc(escaped.len + 1);
	if (back == NULL || copytext_unescape(back, buf_cstr(&escaped), escaped.len) != len ||
	    memcmp(back, value, len) != 0)
		abort();
	free(back);
	buf_release(&escaped);
}

/* The tuple's fields are the row's, unescaped. */
static void
check_tuple(const struct buf *tuple, const char *p, const char *end)
{
	struct pgcopy_scan scan;
	struct pgcopy_step step = {.len = 0};
	struct err e = ERR_INIT;
	const char *t = tuple->data, *tend = tuple->data + tuple->len, *stop;
	struct buf want = BUF_INIT;
	enum pgcopy_event event;

	pgcopy_scan_init(&scan, -1);
	while ((event = pgcopy_step(&scan, &t, tend, &step, &e)) != PGCOPY_ROW_END) {
		if (event == PGCOPY_BAD || event == PGCOPY_MORE || event == PGCOPY_END)
			abort();
		if (event == PGCOPY_FIELD) {
			stop = copytext_field_end(p, end);
			want.len = 0;
			want.len = copytext_unescape(buf_reserve(&want, (size_t)(stop - p) + 1),
						     p, (size_t)(stop - p));
			if (copytext_is_null(p, (size_t)(stop - p)) != (step.field_len < 0) ||
			    (step.field_len >= 0 && (size_t)step.field_len != want.len))
				abort();
			p = stop < end ? stop + 1 : end;
		} else if (event == PGCOPY_DATA &&
			   memcmp(step.data, want.data, want.len) != 0) {
			abort();
		}
	}
	if (p != end || t != tend)
		abort();
	buf_release(&want);
}

static void
check_row(const char *data, size_t size)
{
	struct buf row = BUF_INIT, tuple = BUF_INIT;
	struct err e = ERR_INIT;
	int fields = 1;
	size_t i;

	buf_add(&row, data, size);
	for (i = 0; i < size; i++) {
		fields += row.data[i] == '\t';
		row.data[i] = row.data[i] == '\n' ? ' ' : row.data[i];
	}
	buf_addc(&row, '\n');
	if (pgcopy_from_text(&tuple, row.data, row.len, fields, &e) != 0)
		abort();
	check_tuple(&tuple, row.data, row.data + size);
	tuple.len = 0;
	if (pgcopy_from_text(&tuple, row.data, row.len, fields + 1, &e) == 0 ||
	    (size > 0 && /* an empty row has one field, or none */
	     pgcopy_from_text(&tuple, row.data, row.len, fields - 1, &e) == 0))
		abort();
	err_release(&e);
	buf_release(&row);
	buf_release(&tuple);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value = malloc(size + 1);
	size_t len;

	if (value == NULL || data == NULL)
		abort();
	check_value((const char *)data, size);
	len = copytext_unescape(value, (const char *)data, size);
	if (len > size)
		abort();
	check_value(value, len);
	check_row((const char *)data, size);
	free(value);
	return 0;
}
