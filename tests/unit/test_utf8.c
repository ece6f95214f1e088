/*
 * UTF-8 checks, against a table and, for every two- and three-byte beginning,
 * against a decoder written the other way round.
 */
#include <stdint.h>

#include "common/base/utf8.h"
#include "tests/unit/tap.h"

/* Decode by the definition: is there a whole, allowed character of exactly ${n} bytes? */
static bool
is_character(const unsigned char *s, size_t n)
{
	static const uint32_t least[] = {0, 1, 0x80, 0x800, 0x10000};
	static const unsigned mark[] = {0, 0, 0xc0, 0xe0, 0xf0},
			      mask[] = {0, 0x80, 0xe0, 0xf0, 0xf8};
	uint32_t c = s[0] & ~mask[n];
	size_t i;

	if ((s[0] & mask[n]) != mark[n])
		return false;
	for (i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return false;
		c = c << 6 | (s[i] & 0x3fu);
	}
	return c >= least[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

static bool
agrees(const unsigned char *s, size_t n)
{
	size_t span = utf8_span((const char *)s, n), k;

	for (k = 1; k <= n && k <= 4; k++)
		if (is_character(s, k))
			return span >= k;
	return span == 0;
}

static void
test_all_beginnings(void)
{
	static const unsigned char third[] = {0x7f, 0x80};
	unsigned char s[4] = {0, 0, 0, 0x80};
	unsigned a, b, c, bad = 0;

	for (a = 0; a < 256; a++)
		for (b = 0; b < 256; b++)
			for (c = 0; c < sizeof(third); c++) {
				s[0] = (unsigned char)a;
				s[1] = (unsigned char)b;
				s[2] = third[c];
				bad += !agrees(s, 2) + !agrees(s, 3) + !agrees(s, 4);
			}
	is_int(bad, 0, "every beginning is judged as the definition says");
}

static void
test_span(void)
{
	static const struct {
		const char *bytes;
		size_t len, span;
		bool cut;
		const char *what;
	} cases[] = {
		{"", 0, 0, false, "nothing"},
		{"abcdefghijklmnop", 16, 16, false, "ASCII"},
		{"abcdefghijk\0lmnop", 17, 11, false, "a NUL inside"},
		{"abcdefg\0", 8, 7, false, "a NUL at the end of eight bytes"},
		{"caf\xc3\xa9", 5, 5, false, "two bytes"},
		{"caf\xc3", 4, 3, true, "one of two bytes"},
		{"\xe2\x82\xac", 3, 3, false, "three bytes"},
		{"\xe2\x82", 2, 0, true, "two of three bytes"},
		{"\xf0\x9f\x98\x80", 4, 4, false, "four bytes"},
		{"\xf0\x9f\x98", 3, 0, true, "three of four bytes"},
		{"\xf0\x8f\x98\x80", 4, 0, false, "four bytes where three do"},
		{"\xc0\xaf", 2, 0, false, "two bytes where one does"},
		{"\xe0\x9f\xbf", 3, 0, false, "three bytes where two do"},
		{"\xed\xa0\x80", 3, 0, false, "a surrogate"},
		{"\xed\xa0", 2, 0, false, "a surrogate's beginning cannot become good"},
		{"\xf4\x90\x80\x80", 4, 0, false, "beyond U+10FFFF"},
		{"\xf4\x8f\xbf\xbf", 4, 4, false, "U+10FFFF"},
		{"abcdefgh\xff", 9, 8, false, "a byte that is never good"},
		{"\x80", 1, 0, false, "a lone continuation"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t span = utf8_span(cases[i].bytes, cases[i].len);

		is_int(span, cases[i].span, "%s: span", cases[i].what);
		is_int(utf8_is_cut(cases[i].bytes + span, cases[i].len - span), cases[i].cut,
		       "%s: cut", cases[i].what);
	}
}

int
main(void)
{
	test_span();
	test_all_beginnings();
	return tap_done();
}
