/*
 * shelf: what is put there comes back, in order or not; pack: so does a struct.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/pack.h"
#include "common/base/shelf.h"
#include "common/base/xalloc.h"
#include "tests/unit/tap.h"

#define MANY 20000
#define LARGE 100000 /* bytes, more than a block has */

/* Of string ${i}: now and then it is empty, or large. */
static size_t
fill(char *text, size_t i)
{
	size_t len = i % 1000 == 500 ? LARGE : i % 97 == 0 ? 0 : 20 + i % 60;

	memset(text, (int)('a' + i % 26), len);
	if (len >= 20)
		snprintf(text, 20, "string %zu", i);
	return len;
}

static bool
is(struct shelf *s, size_t i, char *text)
{
	size_t want = fill(text, i), len;
	const char *got = shelf_get(s, i, &len);

	return len == want && memcmp(got, text, len) == 0;
}

static void
test_shelf(void)
{
	struct shelf *s = shelf_new();
	char *text = xmalloc(LARGE);
	size_t i, wrong = 0;

	for (i = 0; i < MANY; i++)
		wrong += shelf_put(s, text, fill(text, i)) != i || !is(s, i, text);
	is_int((long long)wrong, 0, "each has its number, and is there at once");
	for (i = 0; i < MANY; i++)
		wrong += !is(s, i, text);
	is_int((long long)wrong, 0, "they come back in their order");
	for (i = 0; i < MANY; i += 7)
		wrong += !is(s, i * 7919 % MANY, text) || !is(s, MANY - 1 - i, text);
	is_int((long long)wrong, 0, "and in any other");
	shelf_free(s);
	shelf_free(NULL);
	free(text);
}

static void
test_pack(void)
{
	const int numbers[] = {3, 1, 2};
	struct buf b = BUF_INIT;
	struct unpack from;
	int *back, one = 7;
	char *text;

	buf_add(&b, &one, sizeof(one));
	pack_text(&b, "text");
	pack_text(&b, NULL);
	pack_text(&b, "");
	pack_array(&b, numbers, 3, sizeof(numbers[0]));
	pack_array(&b, NULL, 0, sizeof(numbers[0]));
	from = (struct unpack){b.data, b.len};
	one = 0;
	pack_take_bytes(&from, &one, sizeof(one));
	is_int(one, 7, "bytes");
	text = pack_take_text(&from);
	is_str(text, "text", "a text");
	free(text);
	ok(pack_take_text(&from) == NULL, "none");
	text = pack_take_text(&from);
	is_str(text, "", "an empty one");
	free(text);
	back = pack_take_array(&from, 3, sizeof(numbers[0]), 4);
	ok(memcmp(back, numbers, sizeof(numbers)) == 0, "an array");
	free(back);
	free(pack_take_array(&from, 0, sizeof(numbers[0]), 0));
	is_int((long long)from.left, 0, "that was all");
	buf_release(&b);
}

int
main(void)
{
	test_shelf();
	test_pack();
	return tap_done();
}
