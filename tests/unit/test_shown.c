/*
 * shown: what a terminal would obey, and what it may have.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/shown.h"
#include "tests/unit/tap.h"

static void
check(const char *text, const char *want)
{
	struct buf out = BUF_INIT;

	shown_add(&out, text);
	is_str(buf_cstr(&out), want, "%zu bytes", strlen(text));
	buf_release(&out);
}

/* No character of Unicode leaves anything that a terminal takes for a command. */
static void
test_all(void)
{
	struct buf out = BUF_INIT;
	bool good = true;
	char s[3] = "";
	int a, b;

	for (a = 1; a < 256; a++)
		for (b = 0; b < 256; b++) {
			const char *p;

			s[0] = (char)a;
			s[1] = (char)b;
			out.len = 0;
			shown_add(&out, s);
			for (p = buf_cstr(&out); *p != '\0'; p++) {
				unsigned char c = (unsigned char)*p;

				good = good && c != 0x7f &&
				       (c >= 0x20 || c == '\t' || (c == '\n' && p[1] == '\t'));
				good = good && (c != 0xc2 || (unsigned char)p[1] >= 0xa0);
			}
		}
	ok(good, "no two bytes come out as a control character or as the end of a line");
	buf_release(&out);
}

int
main(void)
{
	check("", "");
	check("Pr\xc3\xa4is \xe2\x82\xac\tund \xf0\x9f\x90\x98 \\",
	      "Pr\xc3\xa4is \xe2\x82\xac\tund \xf0\x9f\x90\x98 \\");
	check("\x1b[2J\a\b\r\x7f", "\\u001b[2J\\u0007\\u0008\\u000d\\u007f");
	check("a\nportl-load: error: b", "a\n\tportl-load: error: b");
	check("\xc2\x9b"
	      "2J \xc2\xa0",
	      "\\u009b2J \xc2\xa0");
	check("\xe2\x80\xae \xe2\x81\xa6 \xe2\x80\xa8 \xd8\x9c",
	      "\\u202e \\u2066 \\u2028 \\u061c");
	check("\xe9t\xe9 \xc3", "\\xe9t\\xe9 \\xc3");
	test_all();
	return tap_done();
}
