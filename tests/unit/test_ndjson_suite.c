/*
 * What RFC 8259 allows, forbids and leaves open, as rows: what test_json_published.c
 * does not have.  Left open are also: numbers of any size (GOOD: their text is
 * what counts), repeated keys (GOOD inside a value, refused among a row's own
 * keys), a byte order mark (BAD), depth (GOOD to 100,000), and values that are no
 * object (they are JSON, but no row).
 */
#include "tests/unit/values.h"

static const struct {
	enum rule rule;
	const char *value;
} values[] = {
	/* literals */
	{BAD, "TRUE"},
	{BAD, "truee"},
	{BAD, "undefined"},
	{BAD, "None"},
	/* numbers */
	{GOOD, "0"},
	{GOOD, "0.5"},
	{GOOD, "-0.0"},
	{GOOD, "0e0"},
	{BAD, "00"},
	{BAD, "--1"},
	{BAD, "1e1.5"},
	{BAD, "1,000"},
	{BAD, "1f"},
	{BAD, "1_000"},
	/* strings */
	{GOOD, "\"\\u0001\\u001f\\u007f\\u0080\""},
	{GOOD, "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""},
	{GOOD, "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
	{GOOD, "\"\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\""},
	{BAD, "\"\x01\""},
	{BAD, "\"\x1f\""},
	{BAD, "\"a\" \"b\""},
	{BAD, "\"\\v\""},
	{BAD, "\"\\'\""},
	{BAD, "\"\\0\""},
	{BAD, "\"\\ \""},
	{BAD, "\"\\u\""},
	{BAD, "\"\\u004g\""},
	{BAD, "\"\\u{41}\""},
	{BAD, "\"\\u+041\""},
	{INLINE, "\"a\\u0000b\""},
	{INLINE, "\"\\ud800\\ud800\\udc00\""},
	/* UTF-8 */
	{BAD, "\"\x80\""},
	{BAD, "\"\xbf\""},
	{BAD, "\"\xc3\""},
	{BAD, "\"\xc3(\""},
	{BAD, "\"\xc0\x80\""},
	{BAD, "\"\xc1\xbf\""},
	{BAD, "\"\xe0\x80\xaf\""},
	{BAD, "\"\xe0\x9f\xbf\""},
	{BAD, "\"\xe2\x82\""},
	{BAD, "\"\xe2(\xa1\""},
	{BAD, "\"\xed\xbf\xbf\""},
	{BAD, "\"\xf0\x80\x80\xaf\""},
	{BAD, "\"\xf0\x8f\xbf\xbf\""},
	{BAD, "\"\xf0\x9f\x98\""},
	{BAD, "\"\xf4\x90\x80\x80\""},
	{BAD, "\"\xf5\x80\x80\x80\""},
	{BAD, "\"\xf8\x88\x80\x80\x80\""},
	{BAD, "\"\xfe\""},
	{BAD, "\xef\xbb\xbf\"a\""},
	/* arrays */
	{GOOD, "[ ]"},
	{GOOD, "[1, \"a\" ,null\t,\r{}]"},
	{BAD, "[1;2]"},
	{BAD, "[1}"},
	{BAD, "(1)"},
	{BAD, "[\v]"},
	{BAD, "[\xc2\xa0]"},
	{BAD, "[1 // comment\r]"},
	{BAD, "[/**/1]"},
	{BAD, "[#1]"},
	/* objects */
	{GOOD, "{ }"},
	{GOOD, "{\"a\":1,\"b\":{\"c\":[{}]}}"},
	{GOOD, "{\"a\" : 1 , \"b\"\t:\r2}"},
	{GOOD, "{\"a\\nb\":1}"},
	{BAD, "}"},
	{BAD, "{,\"a\":1}"},
	{BAD, "{\"a\":1:2}"},
	{BAD, "{\"a\":1 \"b\":2}"},
	{BAD, "{[]:1}"},
	{BAD, "{\"a\":}"},
	{BAD, "{\"a\":1]"},
	{BAD, "{\"a\":1}{}"},
	{BAD, "{\"a\":1;}"},
	{BAD, "{\"\xff\":1}"},
	{BAD, "{\"a\\x\":1}"},
	{BAD, "{...}"},
};

static const char *const lines[] = {
	"[{\"c\":1}]",   "{\"c\":1},",           "{\"c\":1}\xef\xbb\xbf",
	"/**/{\"c\":1}", "({\"c\":1})",          "\x1e{\"c\":1}",
	"{\"c\":1}\f",   "{\"c\":1}\n{\"c\":2}", "{\"c\":1,\"\\u0063\":1}",
};

static void
try_lines(void)
{
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *row = rows_read("c json", 0, lines[i], strlen(lines[i]));

		ok(values_refused(row), "no row: %s", lines[i]);
		free(row);
	}
}

/* No NUL byte is valid anywhere. */
static void
try_nul(void)
{
	static const char line[] = "{\"c\" : [\"x\" , 1, true]}";
	size_t i;

	for (i = 0; i < sizeof(line) - 1; i++) {
		char copy[sizeof(line)];
		char *row;

		memcpy(copy, line, sizeof(line));
		copy[i] = '\0';
		row = rows_read("c json", 0, copy, sizeof(line) - 1);
		ok(values_refused(row), "NUL instead of byte %zu", i);
		free(row);
	}
}

/* Every line that is cut is refused. */
static void
try_cuts(void)
{
	static const char line[] =
		"{\"a\":\"\\u00e9\\n\",\"b\":[1.5e-3,[true,null]],\"c\":\"\xe2"
		"\x82\xac\",\"d\":-12.50}";
	size_t len;

	for (len = 0; len < sizeof(line) - 1; len++) {
		char *row = rows_read("a text;b json;c text[];d numeric", 0, line, len);

		ok(values_refused(row), "cut after %zu bytes", len);
		free(row);
	}
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		values_try(values[i].rule, values[i].value, strlen(values[i].value),
			   values[i].value);
	try_lines();
	try_nul();
	try_cuts();
	return tap_done();
}
