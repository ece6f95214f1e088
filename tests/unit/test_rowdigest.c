/*
 * The rows digest: that of xxhsum -H2 for one row, a sum over several in any order, the same
 * however their bytes come, in tuples and in COPY text.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/rows/pgcopy.h"
#include "common/rows/rowdigest.h"
#include "tests/unit/tap.h"

static void
field(struct buf *b, const char *value)
{
	pgcopy_put32(b, value != NULL ? (uint32_t)strlen(value) : UINT32_MAX);
	if (value != NULL)
		buf_adds(b, value);
}

static void
check(const struct rowdigest *d, const char *want, const char *name)
{
	char hex[ROWDIGEST_LEN + 1];

	rowdigest_text(d, false, hex);
	is_str(hex + strlen("binary:"), want, "%s", name);
}

/* A row of one field that consists of ${n} times x. */
static void
check_row(const char *value, size_t n, const char *want, const char *name)
{
	struct rowdigest d;
	struct buf b = BUF_INIT;

	rowdigest_init(&d);
	if (value == NULL && n == 0) {
		pgcopy_put32(&b, UINT32_MAX);
	} else {
		pgcopy_put32(&b, (uint32_t)n);
		memset(buf_reserve(&b, n + 1), 'x', n);
		b.len += n;
	}
	rowdigest_row(&d, b.data, b.len);
	check(&d, want, name);
	rowdigest_release(&d);
	buf_release(&b);
}

static void
test_sum(void)
{
	struct rowdigest a, b;
	char hex[ROWDIGEST_LEN + 1];

	rowdigest_init(&a);
	rowdigest_init(&b);
	check(&a, "00000000000000000000000000000000", "no rows come to nothing");
	rowdigest_row(&a, "", 0);
	check(&a, "99aa06d3014798d86001c324468d497f", "a row without fields is a row");
	rowdigest_row(&a, "\377\377\377\377", 4);
	rowdigest_row(&b, "\377\377\377\377", 4);
	rowdigest_row(&b, "", 0);
	ok(a.high == b.high && a.low == b.low, "rows in another order come to the same");
	rowdigest_release(&a);
	rowdigest_init(&a);
	rowdigest_row(&a, "\377\377\377\377", 4);
	rowdigest_row(&a, "\377\377\377\377", 4);
	rowdigest_row(&a, "\377\377\377\377", 4);
	check(&a, "e09d579316ccadf9681bf88fff216e60",
	      "a row that comes three times counts three times, with its carries");
	rowdigest_text(&a, true, hex);
	is_str(hex, "text:e09d579316ccadf9681bf88fff216e60", "the form of the values is said");
	rowdigest_release(&a);
	rowdigest_release(&b);
}

/* Two tuples and the trailer, walked through in windows of all sizes. */
static void
test_tuples(void)
{
	struct buf b = BUF_INIT;
	size_t step, bad = 0;

	pgcopy_put16(&b, 3);
	field(&b, "ab");
	field(&b, NULL);
	field(&b, "");
	pgcopy_put16(&b, 3);
	field(&b, "");
	field(&b, "xyz");
	field(&b, NULL);
	pgcopy_put_trailer(&b);
	for (step = 1; step <= b.len; step++) {
		struct rowdigest d;
		struct pgcopy_scan s;
		struct err e = ERR_INIT;
		size_t from = 0, to = 0, passed = 0;
		char hex[ROWDIGEST_LEN + 1];

		rowdigest_init(&d);
		pgcopy_scan_init(&s, 3);
		s.digest = &d;
		while (to < b.len) {
			to = to + step < b.len ? to + step : b.len;
			if (pgcopy_scan(&s, b.data + from, to - from, &passed, &e) != 0)
				break;
			from += passed;
		}
		rowdigest_text(&d, false, hex);
		bad += strcmp(hex, "binary:bc225380ffb41b695d0cd11987f72bc9") != 0;
		rowdigest_release(&d);
		err_release(&e);
	}
	is_int(bad, 0, "tuples come to the same however the window ends");
	buf_release(&b);
}

static void
check_text(const char *rows, const bool *blank, const char *want, const char *name)
{
	struct rowdigest d;
	struct buf scratch = BUF_INIT;
	struct err e = ERR_INIT;

	rowdigest_init(&d);
	is_int(pgcopy_digest_text(&d, &scratch, rows, strlen(rows), 2, blank, &e), 0,
	       "%s is digested", name);
	check(&d, want, name);
	rowdigest_release(&d);
	buf_release(&scratch);
	err_release(&e);
}

static void
test_text(void)
{
	const char *want = "5a4fddf06e5dbd5c6ea85c8ef15f9b5e";
	const bool second[] = {false, true};
	struct rowdigest d;
	struct buf tuple = BUF_INIT;
	char hex[ROWDIGEST_LEN + 1];

	check_text("7\tAda\n8\ta\\tb\\nc\n", NULL, want, "COPY text");
	check_text("8\ta\\x09b\\12c\n7\tA\\d\\141\n", NULL, want,
		   "COPY text that escapes more");
	rowdigest_init(&d);
	field(&tuple, "\n");
	field(&tuple, "a b c");
	rowdigest_row(&d, tuple.data, tuple.len);
	rowdigest_text(&d, false, hex);
	check_text("\\n\ta\\nb\\rc\n", second, hex + strlen("binary:"),
		   "a column whose newlines are spaces");
	rowdigest_release(&d);
	rowdigest_init(&d);
	tuple.len = 0;
	field(&tuple, NULL);
	field(&tuple, "");
	rowdigest_row(&d, tuple.data, tuple.len);
	rowdigest_text(&d, false, hex);
	check_text("\\N\t\n", second, hex + strlen("binary:"), "NULL is not the empty string");
	rowdigest_release(&d);
	buf_release(&tuple);
}

int
main(void)
{
	check_row(NULL, 0, "a03472865ceee4a8780952daaa607a20", "NULL");
	check_row("", 0, "2a33816ed7e0c373dbe563c737220b65", "an empty value");
	check_row("", 300, "580bcb64885be2407a7cc94ea3554b80", "300 bytes");
	check_row("", 1000, "b8ba191fbac695cab711b8a2ec1a8fa7", "1000 bytes");
	test_sum();
	test_tuples();
	test_text();
	return tap_done();
}
