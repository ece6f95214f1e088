/*
 * Rows from fields: each order and choice of columns, NULLs and escapes, given away in
 * one piece or row by row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rows/copytext.h"
#include "common/rows/rowtext.h"
#include "tests/unit/tap.h"

#define OUT ROWTEXT_DROPPED

/* Two rows of three fields; the caller frees what comes of them. */
static char *
two_rows(const size_t *place, bool each)
{
	struct rowtext t;
	struct buf all = BUF_INIT;
	const char *data;
	uint64_t rows, total = 0;
	size_t len;
	int i;

	rowtext_init(&t, place, 3);
	for (i = 0; i < 2; i++) {
		rowtext_field(&t, i == 0 ? "a\tb" : "d", i == 0 ? 3 : 1);
		rowtext_field(&t, NULL, 0);
		rowtext_field(&t, "c", 1);
		rowtext_row(&t);
		if (i == 1)
			rowtext_field(&t, "open", 4); /* of a row that is not given away */
		if (!each && i == 0)
			continue;
		len = rowtext_take(&t, &data, &rows);
		buf_add(&all, data, len);
		total += rows;
	}
	ok(total == 2, "two rows are counted");
	rowtext_release(&t);
	return buf_detach(&all);
}

static void
gives(const size_t *place, const char *want)
{
	char *whole = two_rows(place, false), *each = two_rows(place, true);

	is_str(whole, want, "places %zd %zd %zd", (ssize_t)place[0], (ssize_t)place[1],
	       (ssize_t)place[2]);
	is_str(each, want, "and row by row");
	free(whole);
	free(each);
}

/* Long values lose all but their first letter. */
static void
cut(void *arg, size_t column, const char *field, size_t len, struct buf *out)
{
	size_t *seen = arg;

	seen[column]++;
	buf_add(out, field, copytext_is_null(field, len) ? len : 1);
}

static void
rewrites(void)
{
	static const size_t place[] = {0, 1};
	size_t seen[2] = {0, 0}, len;
	struct rowtext t;
	const char *data;
	uint64_t rows;

	rowtext_init(&t, place, 2);
	rowtext_field(&t, "gone", 4);
	rowtext_field(&t, "gone", 4);
	rowtext_row(&t);
	rowtext_take(&t, &data, &rows);
	rowtext_field(&t, "true", 4);
	rowtext_field(&t, NULL, 0);
	rowtext_row(&t);
	rowtext_field(&t, "x", 1);
	rowtext_field(&t, "yes", 3);
	rowtext_row(&t);
	rowtext_rewrite(&t, cut, seen);
	len = rowtext_take(&t, &data, &rows);
	ok(rows == 2 && len == 9 && memcmp(data, "t\t\\N\nx\ty\n", 9) == 0,
	   "rows that are still there are rewritten");
	ok(seen[0] == 2 && seen[1] == 2, "and no others");
	rowtext_release(&t);
}

int
main(void)
{
	gives((const size_t[]){0, 1, 2}, "a\\tb\t\\N\tc\nd\t\\N\tc\n");
	gives((const size_t[]){2, 0, 1}, "\\N\tc\ta\\tb\n\\N\tc\td\n");
	gives((const size_t[]){1, OUT, 0}, "c\ta\\tb\nc\td\n");
	gives((const size_t[]){0, OUT, 1}, "a\\tb\tc\nd\tc\n");
	gives((const size_t[]){OUT, 0, OUT}, "\\N\n\\N\n");
	rewrites();
	return tap_done();
}
