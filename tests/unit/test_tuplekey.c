/*
 * tuple, tuplekey: where rows end, which fields they have, and the order of their keys.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/rows/pgcopy.h"
#include "load/sides/tuple.h"
#include "load/sides/tuplekey.h"
#include "tests/unit/tap.h"

/* A row of COPY binary with one field, NULL where ${len} is negative. */
static void
put_row(struct buf *b, const void *value, int len)
{
	pgcopy_put16(b, 1);
	pgcopy_put32(b, (uint32_t)len);
	buf_add(b, value, len > 0 ? (size_t)len : 0);
}

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

static int
compare(bool text, enum tuplekey_kind kind, const struct buf *a, const struct buf *b)
{
	struct tuplekey_column column = {.field = 0, .kind = kind};
	struct tuplekey k = {.text = text, .list = &column, .n = 1};
	int order = tuplekey_compare(&k, a->data, a->data + a->len, b->data, b->data + b->len);

	tuplekey_release(&k);
	return sign(order);
}

/* Values are in ascending order: each pair of them is compared both ways. */
static void
ascend(const char *type, const char *const *values, const int *lens, size_t n)
{
	enum tuplekey_kind kind = tuplekey_kind(type, false);
	size_t i, j, wrong = 0;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++) {
			struct buf a = BUF_INIT, b = BUF_INIT;

			put_row(&a, values[i], lens[i]);
			put_row(&b, values[j], lens[j]);
			wrong += compare(false, kind, &a, &b) != (i > j) - (i < j);
			buf_release(&a);
			buf_release(&b);
		}
	is_int((long)wrong, 0, "binary %s in order", type);
}

static void
ascend_text(const char *type, const char *const *rows, size_t n)
{
	enum tuplekey_kind kind = tuplekey_kind(type, true);
	size_t i, j, wrong = 0;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++) {
			struct buf a = BUF_INIT, b = BUF_INIT;

			buf_adds(&a, rows[i]);
			buf_adds(&b, rows[j]);
			wrong += compare(true, kind, &a, &b) != (i > j) - (i < j);
			buf_release(&a);
			buf_release(&b);
		}
	is_int((long)wrong, 0, "text of %s in order", type);
}

#define N(list) (sizeof(list) / sizeof((list)[0]))

static void
test_order(void)
{
	static const char *const ints[] = {"\x80\0\0\0", "\xff\xff\xff\xff",
					   "\0\0\0\0",   "\0\0\0\1",
					   "\0\0\1\0",   "\x7f\xff\xff\xff"};
	static const int four[] = {4, 4, 4, 4, 4, 4};
	static const char *const texts[] = {"", "A", "A ", "AB", "a", "\xc3\xa9"};
	static const int text_lens[] = {0, 1, 2, 2, 1, 2};
	/* -Infinity, -10000, -1.5, -1, 0, 0.0001, 1, 1.5, 9999, 10000, Infinity, NaN */
	static const char *const numerics[] = {"\0\0\0\0\xf0\0\0\0",
					       "\0\1\0\1\x40\0\0\0\0\1",
					       "\0\2\0\0\x40\0\0\1\0\1\x13\x88",
					       "\0\1\0\0\x40\0\0\0\0\1",
					       "\0\0\0\0\0\0\0\0",
					       "\0\1\xff\xff\0\0\0\4\0\1",
					       "\0\1\0\0\0\0\0\0\0\1",
					       "\0\2\0\0\0\0\0\1\0\1\x13\x88",
					       "\0\1\0\0\0\0\0\0\x27\x0f",
					       "\0\1\0\1\0\0\0\0\0\1",
					       "\0\0\0\0\xd0\0\0\0",
					       "\0\0\0\0\xc0\0\0\0"};
	static const int numeric_lens[] = {8, 10, 12, 10, 8, 10, 10, 12, 10, 10, 8, 8};
	static const char *const decimals[] = {"-100\n", "-99\n", "-1\n",  "0\n",  "7\n",
					       "10\n",   "99\n",  "100\n", "\\N\n"};
	static const char *const escaped[] = {"\n",  "\\t\n",  "\\n\n", " \n",
					      "A\n", "\\\\\n", "a\n"};

	ascend("integer", ints, four, N(ints));
	ascend("text", texts, text_lens, N(texts));
	ascend("numeric", numerics, numeric_lens, N(numerics));
	ascend_text("bigint", decimals, N(decimals));
	ascend_text("text", escaped, N(escaped));
	is_int(tuplekey_kind("double precision", false), TUPLEKEY_NO, "no order of floats");
	is_int(tuplekey_kind("numeric", true), TUPLEKEY_NO, "none of numerics' text");
}

static void
test_padded(void)
{
	struct buf a = BUF_INIT, b = BUF_INIT;

	put_row(&a, "ab  ", 4);
	put_row(&b, "ab", 2);
	is_int(compare(false, tuplekey_kind("character", false), &a, &b), 0,
	       "blanks at the end are none of char's");
	is_int(compare(false, tuplekey_kind("text", false), &a, &b), 1, "but some of text's");
	buf_release(&a);
	buf_release(&b);
}

/* Cut at every byte a row has no end; behind it, it has the right one. */
static void
test_ends(void)
{
	struct buf b = BUF_INIT;
	size_t len, i, wrong = 0;
	struct tuple_field f;

	put_row(&b, "value", 5);
	len = b.len;
	put_row(&b, NULL, -1);
	for (i = 0; i < len; i++)
		wrong += tuple_end(false, b.data, b.data + i) != NULL;
	is_int((long)wrong, 0, "a row that is cut has no end");
	ok(tuple_end(false, b.data, b.data + b.len) == b.data + len, "a whole one has");
	ok(tuple_find(false, b.data, b.data + len, 0, &f) && f.len == 5, "its field is found");
	ok(!tuple_find(false, b.data, b.data + len, 1, &f), "and no other");
	ok(tuple_find(false, b.data + len, b.data + b.len, 0, &f) && f.data == NULL, "NULL");
	b.len = 0;
	buf_adds(&b, "a\t\\N\n");
	ok(tuple_end(true, b.data, b.data + 4) == NULL, "no newline, no end");
	ok(tuple_end(true, b.data, b.data + 5) == b.data + 5, "a newline");
	buf_release(&b);
}

int
main(void)
{
	test_order();
	test_padded();
	test_ends();
	return tap_done();
}
