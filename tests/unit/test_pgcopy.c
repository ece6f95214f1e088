/*
 * pgcopy: the same tuples however the bytes are cut, and damage is noticed.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/rows/pgcopy.h"
#include "tests/unit/tap.h"

/* Two tuples of three fields ("ab", NULL, "") and ("", "xyz", NULL), and the trailer. */
static void
sample(struct buf *b)
{
	pgcopy_put16(b, 3);
	pgcopy_put32(b, 2);
	buf_adds(b, "ab");
	pgcopy_put32(b, UINT32_MAX);
	pgcopy_put32(b, 0);
	pgcopy_put16(b, 3);
	pgcopy_put32(b, 0);
	pgcopy_put32(b, 3);
	buf_adds(b, "xyz");
	pgcopy_put32(b, UINT32_MAX);
	pgcopy_put_trailer(b);
}

/* Walk in windows of ${step} new bytes, what was not passed stays in front. */
static int
scan_in_steps(const struct buf *b, size_t step, struct pgcopy_scan *s, struct err *e)
{
	size_t from = 0, to = 0, passed;

	while (to < b->len) {
		to = to + step < b->len ? to + step : b->len;
		if (pgcopy_scan(s, b->data + from, to - from, &passed, e) != 0)
			return -1;
		from += passed;
	}
	return from == b->len ? 0 : -1;
}

static void
test_scan(void)
{
	struct buf b = BUF_INIT;
	struct pgcopy_scan s;
	struct err e = ERR_INIT;
	size_t step;

	sample(&b);
	for (step = 1; step <= b.len; step++) {
		pgcopy_scan_init(&s, 3);
		ok(scan_in_steps(&b, step, &s, &e) == 0 && s.done && s.rows == 2 && !s.in_row,
		   "two tuples and the trailer in steps of %zu", step);
	}
	pgcopy_scan_init(&s, -1);
	ok(scan_in_steps(&b, b.len, &s, &e) == 0 && s.nfields == 3,
	   "the first tuple tells the number of fields");
	buf_release(&b);
}

static void
check_bad(const char *bytes, size_t len, int nfields, const char *what)
{
	struct pgcopy_scan s;
	struct err e = ERR_INIT;
	size_t passed;

	pgcopy_scan_init(&s, nfields);
	is_int(pgcopy_scan(&s, bytes, len, &passed, &e), -1, "%s is refused", what);
	is_int(e.code, EXIT_STREAM, "%s: as a damaged stream", what);
	err_release(&e);
}

static void
test_bad(void)
{
	check_bad("\0\2\0\0\0\0", 6, 3, "a wrong field count");
	check_bad("\377\376", 2, 3, "a negative field count");
	check_bad("\0\1\377\377\377\376", 6, 1, "a length of -2");
	check_bad("\0\1\100\0\0\0", 6, 1, "a length of 1 GB");
}

/* Gather what the walk finds: "(" row, ":len" field, bytes, ")" row end, "." trailer. */
static int
walk(const struct buf *b, size_t step, struct buf *out, struct err *e)
{
	struct pgcopy_scan s;
	const char *p = b->data, *to = b->data;

	pgcopy_scan_init(&s, 3);
	for (;;) {
		struct pgcopy_step at;

		switch (pgcopy_step(&s, &p, to, &at, e)) {
		case PGCOPY_MORE:
			if (to == b->data + b->len)
				return -1;
			to += step < (size_t)(b->data + b->len - to)
				      ? step
				      : (size_t)(b->data + b->len - to);
			break;
		case PGCOPY_ROW:
			buf_addc(out, '(');
			break;
		case PGCOPY_FIELD:
			buf_addf(out, ":%d ", (int)at.field_len);
			break;
		case PGCOPY_DATA:
			buf_add(out, at.data, at.len);
			break;
		case PGCOPY_ROW_END:
			buf_addc(out, ')');
			break;
		case PGCOPY_END:
			buf_addc(out, '.');
			return 0;
		case PGCOPY_BAD:
			return -1;
		}
	}
}

static void
test_step(void)
{
	struct buf b = BUF_INIT, out = BUF_INIT;
	struct err e = ERR_INIT;
	size_t step;

	sample(&b);
	for (step = 1; step <= b.len; step++) {
		out.len = 0;
		is_int(walk(&b, step, &out, &e), 0, "walk in steps of %zu", step);
		is_str(buf_cstr(&out), "(:2 ab:-1 :0 )(:0 :3 xyz:-1 ).", "step %zu: all of it",
		       step);
	}
	buf_release(&b);
	buf_release(&out);
}

static void
test_extension(void)
{
	struct buf b = BUF_INIT, area = BUF_INIT;
	struct err e = ERR_INIT;
	const char *doc;
	size_t len;

	pgcopy_put_preamble(&b, "{}", 2);
	is_int(b.len, PGCOPY_PREAMBLE_LEN + 10, "a preamble with a chunk of two bytes");
	is_int(pgcopy_get32(b.data + 15), 10, "the area's length counts the chunk's head");
	is_int(pgcopy_find_document(b.data + 19, 10, &doc, &len, &e), 1, "it is found");
	is_mem(doc, len, "{}", 2, "as it was");
	is_int(pgcopy_find_document("", 0, &doc, &len, &e), 0, "an empty area has none");
	is_int(pgcopy_find_document("PRTL\0\0\0\3ab", 10, &doc, &len, &e), -1,
	       "a chunk that is longer than the area is damage");
	err_release(&e);
	is_int(pgcopy_find_document("PRTL\0\0", 6, &doc, &len, &e), -1, "half a head too");
	err_release(&e);
	buf_add(&area, "ABCD\0\0\0\1x", 9);
	buf_add(&area, "PRTL\0\0\0\2{}", 10);
	is_int(pgcopy_find_document(area.data, area.len, &doc, &len, &e), 1,
	       "unknown chunks are skipped");
	buf_add(&area, "PRTL\0\0\0\2{}", 10);
	is_int(pgcopy_find_document(area.data, area.len, &doc, &len, &e), -1,
	       "two documents are one too many");
	err_release(&e);
	buf_release(&b);
	buf_release(&area);
}

static void
test_from_text(void)
{
	static const char want[] = "\0\3\0\0\0\3a\tb\377\377\377\377\0\0\0\0";
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	is_int(pgcopy_from_text(&b, "a\\tb\t\\N\t\n", 9, 3, &e), 0, "a row of text");
	is_mem(b.data, b.len, want, sizeof(want) - 1, "becomes a tuple of text values");
	b.len = 0;
	is_int(pgcopy_from_text(&b, "\n", 1, 0, &e), 0, "a row of no fields");
	is_mem(b.data, b.len, "\0\0", 2, "is a tuple of none");
	is_int(pgcopy_from_text(&b, "a\tb\n", 4, 1, &e), -1, "a field too many is noticed");
	err_release(&e);
	err_release(&e);
	is_int(pgcopy_from_text(&b, "a\t\n", 3, 1, &e), -1, "an empty one, too");
	err_release(&e);
	is_int(pgcopy_from_text(&b, "a\n", 2, 2, &e), -1, "one too few as well");
	err_release(&e);
	buf_release(&b);
}

int
main(void)
{
	test_scan();
	test_bad();
	test_step();
	test_extension();
	test_from_text();
	return tap_done();
}
