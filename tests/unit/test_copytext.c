/*
 * copytext: every byte survives, and every escape that the server reads is read.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/rows/copytext.h"
#include "tests/unit/tap.h"

static void
check_escape(const char *value, size_t len, const char *want)
{
	struct buf b = BUF_INIT;
	char back[64];

	copytext_escape(&b, value, len);
	is_str(buf_cstr(&b), want, "escaped: %s", want);
	is_mem(back, copytext_unescape(back, b.data, b.len), value, len, "and back: %s", want);
	buf_release(&b);
}

static void
check_unescape(const char *field, const char *want, size_t len)
{
	char out[64];

	is_mem(out, copytext_unescape(out, field, strlen(field)), want, len, "read: %s", field);
}

static void
test_escape(void)
{
	check_escape("", 0, "");
	check_escape("plain", 5, "plain");
	check_escape("a\tb\nc\rd", 7, "a\\tb\\nc\\rd");
	check_escape("\b\f\v\\", 4, "\\b\\f\\v\\\\");
	check_escape("\\N", 2, "\\\\N");
	check_escape("\\.", 2, "\\\\.");
	check_escape("\001\037\177", 3, "\001\037\177");
	check_escape("\xd0\x96\xf0\x9f\x98\x80", 6, "\xd0\x96\xf0\x9f\x98\x80");
}

/* PostgreSQL manual, COPY, "Text Format", table of backslash sequences. */
static void
test_unescape(void)
{
	check_unescape("\\b\\f\\n\\r\\t\\v", "\b\f\n\r\t\v", 6);
	check_unescape("\\\\", "\\", 1);
	check_unescape("\\101\\60", "A0", 2);
	check_unescape("\\1011", "A1", 2);
	check_unescape("\\777", "\377", 1);
	check_unescape("\\x41\\x4", "A\x04", 2);
	check_unescape("\\x414", "A4", 2);
	check_unescape("\\xg", "xg", 2);
	check_unescape("\\x", "x", 1);
	check_unescape("\\q\\N", "qN", 2);
	check_unescape("\\8", "8", 1);
	check_unescape("a\\", "a\\", 2);
	check_unescape("", "", 0);
}

static void
test_every_byte(void)
{
	struct buf b = BUF_INIT;
	char all[256], back[512];
	int i;

	for (i = 0; i < 256; i++)
		all[i] = (char)i;
	copytext_escape(&b, all, sizeof(all));
	ok(memchr(b.data, '\n', b.len) == NULL && memchr(b.data, '\t', b.len) == NULL,
	   "no raw newline or tab is left");
	is_mem(back, copytext_unescape(back, b.data, b.len), all, sizeof(all),
	       "every byte survives");
	b.len = 0;
	for (i = 0; i < 256; i++) /* a part of a value at a time */
		copytext_escape(&b, all + i, 1);
	is_mem(back, copytext_unescape(back, b.data, b.len), all, sizeof(all),
	       "in pieces as well");
	buf_release(&b);
}

/* Runs of every length at every alignment, for whatever looks at several bytes at once. */
static void
test_runs(void)
{
	char value[96], back[192];
	struct buf b = BUF_INIT;
	size_t start, len, bad = 0;

	for (start = 0; start < 16; start++)
		for (len = 0; len < 64; len++) {
			size_t at;

			for (at = 0; at <= len; at++) { /* at == len: no special byte */
				memset(value, 'x', sizeof(value));
				value[start + at] = '\\';
				b.len = 0;
				copytext_escape(&b, value + start, len);
				bad += b.len != len + (at < len);
				bad += copytext_unescape(back, b.data, b.len) != len ||
				       memcmp(back, value + start, len) != 0;
			}
		}
	is_int(bad, 0, "a special byte is found wherever it stands");
	buf_release(&b);
}

static void
test_fields(void)
{
	static const char row[] = "1\ta\\tb\t\\N\n";
	const char *end = row + sizeof(row) - 1, *p = row, *stop;

	stop = copytext_field_end(p, end);
	is_mem(p, (size_t)(stop - p), "1", 1, "a field ends at the tab");
	p = stop + 1;
	stop = copytext_field_end(p, end);
	is_mem(p, (size_t)(stop - p), "a\\tb", 4, "not at an escaped one");
	p = stop + 1;
	stop = copytext_field_end(p, end);
	ok(*stop == '\n' && copytext_is_null(p, (size_t)(stop - p)), "the last at the newline");
	ok(!copytext_is_null("\\", 1) && !copytext_is_null("\\Nx", 3), "only \\N is NULL");
}

int
main(void)
{
	test_escape();
	test_unescape();
	test_every_byte();
	test_runs();
	test_fields();
	return tap_done();
}
