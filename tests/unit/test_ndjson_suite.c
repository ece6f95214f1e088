/*
 * What RFC 8259 allows, forbids and leaves open, as rows.  The rules:
 *
 *	GOOD    a value is read; a json column gets its text byte by byte
 *	BAD     a value is refused, in a json and in a text column alike
 *	INLINE  left open by the RFC: text of JSON to a json column, refused as text
 *
 * Left open are also: numbers of any size (GOOD: their text is what counts),
 * repeated keys (GOOD inside a value, refused among a row's own keys), a byte
 * order mark (BAD), depth (GOOD to 100,000), and values that are no object
 * (they are JSON, but no row).
 */
#include "tests/unit/rows.h"
#include "tests/unit/tap.h"

enum rule { GOOD, BAD, INLINE };

static const struct {
	enum rule rule;
	const char *value;
} values[] = {
	/* literals */
	{GOOD, "true"},
	{GOOD, "false"},
	{GOOD, "null"},
	{BAD, "True"},
	{BAD, "TRUE"},
	{BAD, "tru"},
	{BAD, "truee"},
	{BAD, "nul"},
	{BAD, "undefined"},
	{BAD, "NaN"},
	{BAD, "Infinity"},
	{BAD, "-Infinity"},
	{BAD, "None"},
	/* numbers */
	{GOOD, "0"},
	{GOOD, "-0"},
	{GOOD, "-1"},
	{GOOD, "123"},
	{GOOD, "0.5"},
	{GOOD, "-0.0"},
	{GOOD, "1e1"},
	{GOOD, "1E+2"},
	{GOOD, "1e-2"},
	{GOOD, "0e0"},
	{GOOD, "1.5e300"},
	{GOOD, "1e400"},
	{GOOD, "-1e-400"},
	{GOOD, "123456789012345678901234567890"},
	{GOOD, "0.000000000000000000000000000000000000000000000000000000001"},
	{GOOD, "1e00000000000000000000000000000000000001"},
	{BAD, "01"},
	{BAD, "-01"},
	{BAD, "00"},
	{BAD, "+1"},
	{BAD, "--1"},
	{BAD, "-"},
	{BAD, "1."},
	{BAD, "1.e1"},
	{BAD, ".5"},
	{BAD, "-.5"},
	{BAD, "1e"},
	{BAD, "1e+"},
	{BAD, "1e1.5"},
	{BAD, "1 000"},
	{BAD, "1,000"},
	{BAD, "0x1F"},
	{BAD, "1f"},
	{BAD, "1_000"},
	{BAD, "- 1"},
	{BAD, "\xef\xbc\x91"}, /* a full-width one */
	/* strings */
	{GOOD, "\"\""},
	{GOOD, "\"a\""},
	{GOOD, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""},
	{GOOD, "\"\\u0041\\u00e9\\u20ac\""},
	{GOOD, "\"\\uD834\\uDd1e\""},
	{GOOD, "\"\\uFFFF\\uFDD0\""},
	{GOOD, "\"\\u0001\\u001f\\u007f\\u0080\""},
	{GOOD, "\"\x7f\""},
	{GOOD, "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""},
	{GOOD, "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
	{GOOD, "\"\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\""},
	{GOOD, "\"/* no comment */ // nor this\""},
	{BAD, "\"\t\""},
	{BAD, "\"\x01\""},
	{BAD, "\"\x1f\""},
	{BAD, "\"\\"},
	{BAD, "\"\\\""},
	{BAD, "\"abc"},
	{BAD, "'a'"},
	{BAD, "a"},
	{BAD, "\"a\"b"},
	{BAD, "\"a\" \"b\""},
	{BAD, "\"\\a\""},
	{BAD, "\"\\v\""},
	{BAD, "\"\\'\""},
	{BAD, "\"\\x41\""},
	{BAD, "\"\\0\""},
	{BAD, "\"\\ \""},
	{BAD, "\"\\U0041\""},
	{BAD, "\"\\u\""},
	{BAD, "\"\\u004\""},
	{BAD, "\"\\u004g\""},
	{BAD, "\"\\u{41}\""},
	{BAD, "\"\\u+041\""},
	{BAD, "\"\\\xc3\xa9\""},
	{INLINE, "\"\\u0000\""},
	{INLINE, "\"a\\u0000b\""},
	{INLINE, "\"\\ud800\""},
	{INLINE, "\"\\udc00\""},
	{INLINE, "\"\\ud800\\ud800\\udc00\""},
	{INLINE, "\"\\udc00\\ud800\""},
	{INLINE, "\"\\ud800\\n\""},
	{INLINE, "\"\\ud800x\""},
	{BAD, "\"\\ud800\\u\""},
	{BAD, "\"\\ud800\\u1x\""},
	/* UTF-8 */
	{BAD, "\"\x80\""},
	{BAD, "\"\xbf\""},
	{BAD, "\"\xc3\""},
	{BAD, "\"\xc3(\""},
	{BAD, "\"\xc0\x80\""},
	{BAD, "\"\xc0\xaf\""},
	{BAD, "\"\xc1\xbf\""},
	{BAD, "\"\xe0\x80\xaf\""},
	{BAD, "\"\xe0\x9f\xbf\""},
	{BAD, "\"\xe2\x82\""},
	{BAD, "\"\xe2(\xa1\""},
	{BAD, "\"\xed\xa0\x80\""},
	{BAD, "\"\xed\xbf\xbf\""},
	{BAD, "\"\xf0\x80\x80\xaf\""},
	{BAD, "\"\xf0\x8f\xbf\xbf\""},
	{BAD, "\"\xf0\x9f\x98\""},
	{BAD, "\"\xf4\x90\x80\x80\""},
	{BAD, "\"\xf5\x80\x80\x80\""},
	{BAD, "\"\xf8\x88\x80\x80\x80\""},
	{BAD, "\"\xfe\""},
	{BAD, "\"\xff\xff\""},
	{BAD, "\xef\xbb\xbf\"a\""},
	{BAD, "\xff"},
	/* arrays */
	{GOOD, "[]"},
	{GOOD, "[ ]"},
	{GOOD, "[[]]"},
	{GOOD, "[1, \"a\" ,null\t,\r{}]"},
	{GOOD, "[[[[[[[[1]]]]]]]]"},
	{BAD, "["},
	{BAD, "]"},
	{BAD, "[1"},
	{BAD, "[1,"},
	{BAD, "[1,]"},
	{BAD, "[,1]"},
	{BAD, "[,]"},
	{BAD, "[1,,2]"},
	{BAD, "[1 2]"},
	{BAD, "[1;2]"},
	{BAD, "[1]]"},
	{BAD, "[1}"},
	{BAD, "[\"a\":1]"},
	{BAD, "(1)"},
	{BAD, "[1] [2]"},
	{BAD, "[[]"},
	{BAD, "[1,\n2]"}, /* a line ends there */
	{BAD, "[\v]"},
	{BAD, "[\f1]"},
	{BAD, "[\xc2\xa0]"},
	{BAD, "[1 // comment\r]"},
	{BAD, "[/**/1]"},
	{BAD, "[#1]"},
	/* objects */
	{GOOD, "{}"},
	{GOOD, "{ }"},
	{GOOD, "{\"\":0}"},
	{GOOD, "{\"a\":1,\"b\":{\"c\":[{}]}}"},
	{GOOD, "{\"a\" : 1 , \"b\"\t:\r2}"},
	{GOOD, "{\"a\":1,\"a\":1}"},
	{GOOD, "{\"a\\nb\":1}"},
	{BAD, "{"},
	{BAD, "}"},
	{BAD, "{\"a\""},
	{BAD, "{\"a\":"},
	{BAD, "{\"a\":1"},
	{BAD, "{\"a\":1,"},
	{BAD, "{\"a\":1,}"},
	{BAD, "{,\"a\":1}"},
	{BAD, "{\"a\":1,,\"b\":2}"},
	{BAD, "{\"a\" 1}"},
	{BAD, "{\"a\",1}"},
	{BAD, "{\"a\"::1}"},
	{BAD, "{\"a\":1:2}"},
	{BAD, "{\"a\":1 \"b\":2}"},
	{BAD, "{a:1}"},
	{BAD, "{'a':1}"},
	{BAD, "{1:1}"},
	{BAD, "{null:1}"},
	{BAD, "{[]:1}"},
	{BAD, "{\"a\":}"},
	{BAD, "{:1}"},
	{BAD, "{\"a\":1]"},
	{BAD, "{\"a\":1}}"},
	{BAD, "{\"a\":1}{}"},
	{BAD, "{\"a\":1;}"},
	{BAD, "{\"\xff\":1}"},
	{BAD, "{\"a\\x\":1}"},
	{BAD, "{...}"},
	{BAD, "*"},
	{BAD, "<null>"},
	{BAD, ""},
	{BAD, " "},
};

/* The rest of the row is well: what is wrong is the value. */
static char *
in_row(const char *type, const char *value)
{
	char *list = xasprintf("i integer;c %s", type);
	char *line = xasprintf("{\"i\":7,\"c\":%s}", value);
	char *row = rows_read(list, NDJSON_EXACT, line, strlen(line));

	free(list);
	free(line);
	return row;
}

static bool
is_refused(const char *row)
{
	return strncmp(row, "error: byte ", 12) == 0;
}

static void
try_value(enum rule rule, const char *value)
{
	char *inlined = in_row("json", value), *text = in_row("text", value);
	bool nested = value[0] == '[' || value[0] == '{';
	struct buf want = BUF_INIT;
	const char *p;

	if (rule == BAD) {
		ok(is_refused(inlined), "refused in json: %s: %s", value, inlined);
		ok(is_refused(text), "refused in text: %s: %s", value, text);
	} else {
		buf_adds(&want, "7\t");
		for (p = value; *p != '\0'; p++) {
			if (strchr("\\\t\r", *p) != NULL)
				buf_addc(&want, '\\');
			buf_addc(&want, *p == '\t' ? 't' : *p == '\r' ? 'r' : *p);
		}
		buf_addc(&want, '\n');
		is_str(inlined, buf_cstr(&want), "read as json: %s", value);
		ok(is_refused(text) == (nested || rule == INLINE), "in text: %s: %s", value,
		   text);
	}
	buf_release(&want);
	free(inlined);
	free(text);
}

static const char *const lines[] = {
	"",
	" ",
	"1",
	"\"a\"",
	"null",
	"[]",
	"[{\"c\":1}]",
	"{\"c\":1},",
	"{\"c\":1}\xef\xbb\xbf",
	"\xef\xbb\xbf{\"c\":1}",
	"\xff\xfe{\0\"\0",
	"{\"c\":1} # comment",
	"{\"c\":1}//",
	"/**/{\"c\":1}",
	"({\"c\":1})",
	"\x1e{\"c\":1}",
	"{\"c\":1}\f",
	"{\"c\":1}\n{\"c\":2}",
	"{\"c\":1,\"c\":1}",
	"{\"c\":1,\"\\u0063\":1}",
};

static void
try_lines(void)
{
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *row = rows_read("c json", 0, lines[i], strlen(lines[i]));

		ok(is_refused(row), "no row: %s", lines[i]);
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
		ok(is_refused(row), "NUL instead of byte %zu", i);
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

		ok(is_refused(row), "cut after %zu bytes", len);
		free(row);
	}
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		try_value(values[i].rule, values[i].value);
	try_lines();
	try_nul();
	try_cuts();
	return tap_done();
}
