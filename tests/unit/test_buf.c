/*
 * buf: growth, the NUL that is not counted, detaching, dropping.
 */
#include <stdint.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "tests/unit/tap.h"

static void
test_append(void)
{
	struct buf b = BUF_INIT;

	is_int(b.len, 0, "an empty buffer has no bytes");
	is_str(buf_cstr(&b), "", "and reads as an empty string");
	buf_adds(&b, "select");
	buf_addc(&b, ' ');
	buf_addf(&b, "%d, '%s'", 42, "x");
	is_str(buf_cstr(&b), "select 42, 'x'", "text, bytes and formats follow one another");
	is_int(b.len, 14, "the NUL is not counted");
	buf_add(&b, "a\0b", 3);
	is_mem(b.data + 14, b.len - 14, "a\0b", 3, "bytes may be NUL");
	buf_add(&b, NULL, 0);
	is_int(b.len, 17, "nothing of nowhere is nothing");
	buf_release(&b);
	ok(b.data == NULL && b.len == 0 && b.cap == 0, "release leaves it empty");
	buf_addc(&b, 'x');
	is_int(b.len, 1, "and usable");
	buf_release(&b);
}

static void
test_growth(void)
{
	struct buf b = BUF_INIT;
	size_t i, grown = 0, cap = 0;

	for (i = 0; i < 1000000; i++) {
		buf_addc(&b, (char)i);
		grown += b.cap != cap;
		cap = b.cap;
	}
	ok(grown < 16, "a million single bytes grow it a few times only (%zu)", grown);
	for (i = 0; i < b.len && b.data[i] == (char)i; i++)
		continue;
	is_int(i, 1000000, "and none is lost on the way");
	buf_reserve(&b, 3000000);
	ok(b.cap - b.len >= 3000000, "room is made at once where it is asked for");
	buf_release(&b);
}

static void
test_detach_and_drop(void)
{
	struct buf b = BUF_INIT;
	char *s;

	buf_adds(&b, "0123456789");
	buf_drop(&b, 3);
	is_mem(b.data, b.len, "3456789", 7, "drop takes bytes from the front");
	buf_drop(&b, 0);
	is_int(b.len, 7, "dropping none changes nothing");
	s = buf_detach(&b);
	is_str(s, "3456789", "detach gives a string");
	ok(b.data == NULL && b.len == 0, "and leaves the buffer empty");
	free(s);
	s = buf_detach(&b);
	is_str(s, "", "detaching an empty buffer gives an empty string");
	free(s);
}

int
main(void)
{
	test_append();
	test_growth();
	test_detach_and_drop();
	return tap_done();
}
