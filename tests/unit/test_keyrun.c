/*
 * keyrun: "ascending" where each key is greater than the one before and nowhere else,
 * however the bytes are cut.
 */
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/rows/keyrun.h"
#include "common/rows/pgcopy.h"
#include "tests/unit/tap.h"

#define ROWS_MAX 4000

static const struct keyrun_column number = {.field = 1, .kind = KEYRUN_SIGNED, .size = 4};

/* A string that is no key, the key, a NULL. */
static void
add_row(struct buf *b, int32_t key)
{
	pgcopy_put16(b, 3);
	pgcopy_put32(b, 3);
	buf_adds(b, "abc");
	pgcopy_put32(b, 4);
	pgcopy_put32(b, (uint32_t)key);
	pgcopy_put32(b, UINT32_MAX);
}

/* Length words are not cut, as a stream_reader sees to. */
static void
take(struct keyrun *k, const struct buf *b, size_t step)
{
	struct pgcopy_scan s;
	struct err never = ERR_INIT;
	size_t from = 0, to = 0, passed;

	pgcopy_scan_init(&s, -1);
	while (from < b->len) {
		to = to + step < b->len ? to + step : b->len;
		if (pgcopy_scan(&s, b->data + from, to - from, &passed, &never) != 0)
			abort();
		keyrun_take(k, b->data + from, passed);
		from += passed;
	}
}

static enum keyrun_verdict
verdict_of(struct keyrun *k, const int32_t *keys, size_t n, size_t step)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < n; i++)
		add_row(&b, keys[i]);
	take(k, &b, step);
	buf_release(&b);
	return keyrun_end(k);
}

static bool
is_ascending(const int32_t *keys, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (keys[i] <= keys[i - 1])
			return false;
	return true;
}

/* Numbers that look random and are the same each time. */
static int
any(int below)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (int)((state >> 8) % (uint32_t)below);
}

/* Small random keys, so that many come twice. */
static void
test_random(struct keyrun *k)
{
	int32_t keys[12];
	int wrong = 0, ascending = 0, round;
	size_t n, i;

	for (round = 0; round < 200000; round++) {
		enum keyrun_verdict v;

		n = (size_t)any(12);
		for (i = 0; i < n; i++)
			keys[i] = any(9) > 0 && i > 0 ? keys[i - 1] + 1 : any(24) - 12;
		v = verdict_of(k, keys, n, (size_t)any(64) + 1);
		ascending += v == KEYRUN_ASCENDING;
		wrong += (v == KEYRUN_ASCENDING) != is_ascending(keys, n);
	}
	is_int(wrong, 0, "no wrong verdict in %d rounds", round);
	ok(ascending > 50000, "%d of %d rounds had keys that ascend", ascending, round);
}

/* What the first rows promise. */
static void
test_promise(struct keyrun *k)
{
	static const struct {
		int32_t keys[12];
		size_t n;
		bool promise;
	} cases[] = {{{0}, 0, true},
		     {{2, 1}, 2, false},
		     {{1, 2, 9, 3, 4, 5, 6, 7}, 8, true},
		     {{1, 2, 9, 3, 4, 5, 5, 7, 8, 9, 1, 2}, 12, false}};
	size_t c, i;

	for (c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct buf b = BUF_INIT;

		for (i = 0; i < cases[c].n; i++)
			add_row(&b, cases[c].keys[i]);
		take(k, &b, 1000);
		ok(keyrun_mostly_ascends(k) == cases[c].promise, "%zu rows promise order: %d",
		   cases[c].n, cases[c].promise);
		keyrun_end(k);
		buf_release(&b);
	}
}

static void
test_orders(struct keyrun *k)
{
	static int32_t keys[ROWS_MAX];
	size_t i;

	for (i = 0; i < ROWS_MAX; i++)
		keys[i] = (int32_t)i - 2000;
	is_int(verdict_of(k, keys, ROWS_MAX, 100), KEYRUN_ASCENDING, "ascending, through zero");
	keys[3000] = -5000;
	is_int(verdict_of(k, keys, ROWS_MAX, 7), KEYRUN_UNKNOWN, "a row out of place");
	for (i = 0; i < ROWS_MAX; i++)
		keys[i] = (int32_t)(i * 1663 % ROWS_MAX);
	is_int(verdict_of(k, keys, ROWS_MAX, 100), KEYRUN_MIXED, "shuffled");
	is_int(verdict_of(k, keys, 0, 1), KEYRUN_ASCENDING, "no rows");
}

/* (integer, smallint), the other way round in the row; then a field of another size. */
static void
test_columns(void)
{
	static const struct keyrun_column columns[] = {
		{.field = 1, .kind = KEYRUN_UNSIGNED, .size = 4},
		{.field = 0, .kind = KEYRUN_SIGNED, .size = 2}};
	static const int rows[][2] = {{0, -1}, {0, 0}, {1, -5}, {2, -6}, {3, 3}};
	struct keyrun *k = keyrun_new(columns, 2);
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pgcopy_put16(&b, 2);
		pgcopy_put32(&b, 2);
		pgcopy_put16(&b, (uint16_t)rows[i][1]);
		pgcopy_put32(&b, 4);
		pgcopy_put32(&b, (uint32_t)rows[i][0]);
	}
	take(k, &b, 3);
	is_int(keyrun_end(k), KEYRUN_ASCENDING, "two columns");
	take(k, &b, 1000);
	take(k, &b, 1000);
	is_int(keyrun_end(k), KEYRUN_UNKNOWN, "the same twice");
	pgcopy_put16(&b, 2);
	pgcopy_put32(&b, 2);
	pgcopy_put16(&b, 1);
	pgcopy_put32(&b, 5);
	buf_adds(&b, "zzzzz");
	take(k, &b, 1000);
	is_int(keyrun_end(k), KEYRUN_UNKNOWN, "a field that is too long");
	buf_release(&b);
	keyrun_free(k);
}

int
main(void)
{
	struct keyrun *k = keyrun_new(&number, 1);

	test_random(k);
	test_promise(k);
	test_orders(k);
	test_columns();
	keyrun_free(k);
	keyrun_free(NULL);
	return tap_done();
}
