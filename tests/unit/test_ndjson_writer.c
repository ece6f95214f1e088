/*
 * COPY text to JSON lines: the form of each type, escapes, arrays.
 */
#include "tests/unit/rows.h"
#include "tests/unit/tap.h"

#define NOT_JSON "error: row 1: column \"j\": a value is not valid JSON"

static void
check(const char *list, unsigned flags, const char *rows, const char *want)
{
	char *got = rows_write(list, flags, rows, strlen(rows));

	is_str(got, want, "%s: %s", list, rows);
	free(got);
}

/* One column `c` of ${type}; ${field} gives the value ${want}. */
static void
value(const char *type, const char *field, const char *want)
{
	char *list = xasprintf("c %s", type), *row = xasprintf("%s\n", field);
	char *line = xasprintf("{\"c\":%s}\n", want);

	check(list, 0, row, line);
	free(list);
	free(row);
	free(line);
}

static void
test_strings(void)
{
	value("text", "", "\"\"");
	value("text", "plain", "\"plain\"");
	value("text", "\\N", "null");
	value("text", "\\\\N", "\"\\\\N\"");
	value("text", "\\\\.", "\"\\\\.\"");
	value("text", "\\t\\n\\r\\b\\f\\v\\\\", "\"\\t\\n\\r\\b\\f\\u000b\\\\\"");
	value("text", "\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"");
	value("text", "say \"hi\"", "\"say \\\"hi\\\"\"");
	value("text", "\\101\\x42\\x4a\\q\\0", "\"ABJq\\u0000\"");
	value("text", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x80\xa8",
	      "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x80\xa8\"");
	value("text", "sixteen bytes ok\"behind it", "\"sixteen bytes ok\\\"behind it\"");
	value("bytea", "\\\\x00ff", "\"\\\\x00ff\"");
	value("money", "1.00", "\"1.00\"");
	value("oid", "1", "\"1\"");
	value("public.pair", "(1,\"a b\")", "\"(1,\\\"a b\\\")\"");
	value("int4range", "[1,2)", "\"[1,2)\"");
}

static void
test_numbers(void)
{
	value("integer", "0", "0");
	value("smallint", "-32768", "-32768");
	value("bigint", "9223372036854775807", "9223372036854775807");
	value("bigint", "-9223372036854775808", "-9223372036854775808");
	value("numeric", "1.10", "1.10");
	value("numeric", "-0.000000000000000000000000000000000000000000001",
	      "-0.000000000000000000000000000000000000000000001");
	value("numeric", "NaN", "\"NaN\"");
	value("numeric", "-Infinity", "\"-Infinity\"");
	value("double precision", "-0", "-0");
	value("double precision", "5e-324", "5e-324");
	value("double precision", "1.7976931348623157e+308", "1.7976931348623157e+308");
	value("double precision", "Infinity", "\"Infinity\"");
	value("real", "1e+16", "1e+16");
	value("public.dom", "7", "7");
	value("numeric", "\\N", "null");
	/* not as a server writes numbers, and no JSON */
	value("numeric", "007", "\"007\"");
	value("numeric", "+1", "\"+1\"");
	value("numeric", ".5", "\".5\"");
	value("numeric", "1.", "\"1.\"");
	value("numeric", "", "\"\"");
	value("numeric", "-", "\"-\"");
	value("numeric", "1e", "\"1e\"");
	value("numeric", "1 ", "\"1 \"");
	value("numeric", "1,5", "\"1,5\"");
	value("numeric", "0x10", "\"0x10\"");
	check("a bigint;b numeric;c integer;d double precision;e bigint[]",
	      NDJSON_QUOTE_NUMBERS, "1\t1.50\t3\t0.1\t{1,NULL}\n",
	      "{\"a\":\"1\",\"b\":\"1.50\",\"c\":3,\"d\":0.1,\"e\":[\"1\",null]}\n");
}

static void
test_words(void)
{
	value("boolean", "t", "true");
	value("boolean", "f", "false");
	value("boolean", "\\N", "null");
	value("boolean", "true", "\"true\"");
	value("boolean", "", "\"\"");
}

static void
test_json(void)
{
	value("json", "{\"a\" : [1, 2.50,\\t\"x\"]}", "{\"a\" : [1, 2.50,\t\"x\"]}");
	value("json", "{\\n\"a\":\\r\\n1}", "{ \"a\":  1}");
	value("json", "\"\\\\u0000 \\\\ud800 \\\\n \\\\\\\\\"", "\"\\u0000 \\ud800 \\n \\\\\"");
	value("json", " [1] ", " [1] ");
	value("jsonb", "null", "null");
	check("j jsonb", 0, "1,\"k\":2\n", NOT_JSON);
	check("j jsonb", 0, "{\n", NOT_JSON);
	check("j jsonb", 0, "\n", NOT_JSON);
	check("j jsonb", 0, "\"\\n\"\n", NOT_JSON);
	check("j jsonb", 0, "NaN\n", NOT_JSON);
	check("i integer;j jsonb", 0, "1\tnull\n2\t\\N\n", "{\"i\":1,\"j\":null}\n{\"i\":2}\n");
	check("j jsonb;i integer", 0, "\\N\t2\n\\N\t\\N\n", "{\"i\":2}\n{\"i\":null}\n");
	check("j jsonb", 0, "\\N\n", "{}\n");
	check("j jsonb", NDJSON_BARE, "\\N\nnull\n", "{\"j\":null}\n{\"j\":null}\n");
}

static void
test_arrays(void)
{
	value("integer[]", "{}", "[]");
	value("integer[]", "{1,NULL,-3}", "[1,null,-3]");
	value("integer[]", "{{1,2},{3,4}}", "[[1,2],[3,4]]");
	value("integer[]", "{{{1}},{{2}}}", "[[[1]],[[2]]]");
	value("integer[]", "[0:1]={5,6}", "\"[0:1]={5,6}\"");
	value("integer[]", "\\N", "null");
	value("numeric[]", "{1.10,NaN}", "[1.10,\"NaN\"]");
	value("boolean[]", "{t,f,NULL}", "[true,false,null]");
	value("text[]", "{a,\"\",NULL,\"NULL\",\"b c\"}", "[\"a\",\"\",null,\"NULL\",\"b c\"]");
	value("text[]", "{\"q\\\\\"\\\\\\\\\",\"\\n\\t\",\"{}\",\"a,b\"}",
	      "[\"q\\\"\\\\\",\"\\n\\t\",\"{}\",\"a,b\"]");
	value("text[]", "{\x01}", "[\"\\u0001\"]");
	value("box[]", "{(1,1),(0,0);(3,3),(2,2)}", "[\"(1,1),(0,0)\",\"(3,3),(2,2)\"]");
	value("public.geo[]", "{0101:0102}", "[\"0101\",\"0102\"]");
	value("public.dom[]", "{1,2}", "[1,2]");
	value("public.doms", "{1,2}", "[1,2]");
	value("public.doms[]", "{\"{1,2}\",NULL}", "[\"{1,2}\",null]");
	value("json[]", "{\"{\\\\\"a\\\\\": 1}\",1,\"null\",true}", "[{\"a\": 1},1,null,true]");
	value("json[]", "{\"[1,\\n2]\"}", "[[1, 2]]");
	value("json[]", "{1,NULL}", "\"{1,NULL}\"");
	value("jsonb[]", "{{1},{2}}", "\"{{1},{2}}\"");
	value("json[]", "{}", "[]");
	value("int2vector", "1 2", "\"1 2\"");
	value("\"x[]\"", "{1}", "\"{1}\"");
	/* what no server writes stays text */
	value("integer[]", "{1,}", "\"{1,}\"");
	value("integer[]", "{1", "\"{1\"");
	value("integer[]", "{1}}", "\"{1}}\"");
	value("integer[]", "{1}x", "\"{1}x\"");
	value("integer[]", "{ 1}", "\"{ 1}\"");
	value("integer[]", "{\"1", "\"{\\\"1\"");
	value("integer[]", "{\"1\\\\", "\"{\\\"1\\\\\"");
	value("integer[]", "{{}}", "\"{{}}\"");
	value("integer[]", "{,}", "\"{,}\"");
	value("integer[]", "", "\"\"");
	value("integer[]", "1", "\"1\"");
}

/* A field of 30,000 bytes ${c}, each of which becomes ${escape}: more than was reserved. */
static void
growing(char c, const char *escape)
{
	struct buf row = BUF_INIT, want = BUF_INIT;
	int i;

	buf_addc(&want, '"');
	for (i = 0; i < 30000; i++) {
		buf_addc(&row, c);
		buf_adds(&want, escape);
	}
	buf_addc(&want, '"');
	value("text", buf_cstr(&row), buf_cstr(&want));
	buf_release(&row);
	buf_release(&want);
}

static void
test_shapes(void)
{
	check("", 0, "\n\n", "{}\n{}\n");
	check("", 0, "x\n",
	      "error: row 1: a row has more fields than the 0 columns of the header");
	check("a text;b text", 0, "1\t2\n3\t4\n",
	      "{\"a\":\"1\",\"b\":\"2\"}\n"
	      "{\"a\":\"3\",\"b\":\"4\"}\n");
	check("a text;b text", 0, "1\n",
	      "error: row 1: a row has fewer fields than the 2 columns of the header");
	check("a text;b text", 0, "1\t2\t3\n",
	      "error: row 1: a row has more fields than the 2 columns of the header");
	check("a text;b text", 0, "1\t2", "error: a row of COPY text has no newline");
	check("q\"\\\n\xc3\xa9 text", 0, "v\n", "{\"q\\\"\\\\\\n\xc3\xa9\":\"v\"}\n");

	growing('"', "\\\"");
	growing('\x01', "\\u0001");
}

int
main(void)
{
	test_strings();
	test_numbers();
	test_words();
	test_json();
	test_arrays();
	test_shapes();
	return tap_done();
}
