/*
 * JSON lines to COPY text: what goes into which type, keys, refusals with
 * their place.
 */
#include "common/ndjson/ndjson_parts.h"
#include "common/schema/infer.h"
#include "tests/unit/rows.h"
#include "tests/unit/tap.h"

#define NO_OBJECT \
	"an object, which only json and jsonb columns take; for other types send the value's " \
	"text as a string"
#define NO_ARRAY \
	"an array, which only array, json and jsonb columns take; for other types send the " \
	"value's text as a string"

static void
check(const char *list, unsigned flags, const char *line, const char *want)
{
	char *got = rows_read(list, flags, line, strlen(line));

	is_str(got, want, "%s: %.300s", list, line);
	free(got);
}

/* {"c":${json}} into a column of ${type} gives ${field}. */
static void
value(const char *type, const char *json, const char *field)
{
	char *list = xasprintf("c %s", type), *line = xasprintf("{\"c\":%s}", json);
	char *row = xasprintf("%s\n", field);

	check(list, 0, line, row);
	free(list);
	free(line);
	free(row);
}

/* {"c":${json}} is refused at byte ${at}. */
static void
refused(const char *type, const char *json, int at, const char *what)
{
	char *list = xasprintf("c %s", type), *line = xasprintf("{\"c\":%s}", json);
	char *want = xasprintf("error: byte %d: column \"c\": %s", at, what);

	check(list, 0, line, want);
	free(list);
	free(line);
	free(want);
}

static void
test_strings(void)
{
	value("text", "\"\"", "");
	value("text", "null", "\\N");
	value("text", "\"\\\\N\"", "\\\\N");
	value("text", "\"\\\\.\"", "\\\\.");
	value("text", "\"\\b\\f\\n\\r\\t\\\"\\\\\\/\"", "\\b\\f\\n\\r\\t\"\\\\/");
	value("text", "\"\\u0041\\u000b\\u0001\\u005c\\u0009\\u000A\"", "A\\v\x01\\\\\\t\\n");
	value("text", "\"\\u00e9\\u20AC\\ud83d\\uDE00\\uffff\"",
	      "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf");
	value("text", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
	      "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f");
	value("text", " \t\r\"sixteen bytes ok and more than that\" ",
	      "sixteen bytes ok and more than that");
	value("text", "1e400", "1e400");
	value("text", "true", "true");
	value("integer", "\"12\"", "12");
	value("integer[]", "\"[0:1]={1,2}\"", "[0:1]={1,2}");
	value("bytea", "\"\\\\x00\"", "\\\\x00");
	refused("text", "\"\\u0000\"", 7, "\\u0000, which no PostgreSQL text can hold");
	refused("text", "\"a\\ud800\"", 8, "half of a surrogate pair");
	refused("text", "\"\\ud800\\u0041\"", 7, "half of a surrogate pair");
	refused("text", "\"\\ud800\\ud800\"", 7, "half of a surrogate pair");
	refused("text", "\"\\udc00\\ud800\"", 7, "half of a surrogate pair");
	refused("text", "\"\\x41\"", 7, "a bad escape");
	refused("text", "\"\\u12g4\"", 7, "a bad escape");
	refused("text", "\"\t\"", 7, "a control character in a string");
	refused("text", "\"\xff\"", 7, "bytes that are not UTF-8");
	refused("text", "\"abc", 6, "a string without an end");
	refused("text", "", 6, "no JSON value");
	refused("text", "[", 6, NO_ARRAY);
	refused("text", "nul", 6, "no JSON value");
	refused("text", "01", 6, "no JSON number");
	refused("text", "-", 6, "no JSON number");
	refused("text", "{\"x\":1}", 6, NO_OBJECT);
	refused("text", "[1]", 6, NO_ARRAY);
	refused("public.pair", "{\"x\":1}", 6, NO_OBJECT);
}

static void
test_numbers(void)
{
	value("numeric", "1.10", "1.10");
	value("numeric", "123456789012345678901234567890.5e-7",
	      "123456789012345678901234567890.5e-7");
	value("bigint", "-9223372036854775808", "-9223372036854775808");
	value("bigint", "1e+07", "10000000");
	value("bigint", "1.0E3", "1000");
	value("bigint", "-1.25e2", "-125");
	value("bigint", "9.223372036854775807e18", "9223372036854775807");
	value("bigint", "922337203685477580700e-2", "9223372036854775807");
	value("integer", "10.0", "10");
	value("integer", "-0.000e9999999999999999999", "0");
	value("smallint", "0.0010e3", "1");
	value("bigint", "1.5", "1.5"); /* for the server to refuse */
	value("bigint", "1e19", "1e19");
	value("bigint", "1e20", "1e20");
	value("bigint", "1e-400", "1e-400");
	value("bigint", "1e9999999999999999999", "1e9999999999999999999");
	value("bigint[]", "[1e18, -1E0 ,12,true,null]",
	      "{1000000000000000000,-1,12,true,NULL}");
	value("numeric", "1e+07", "1e+07");
	value("double precision", "-0", "-0");
	value("double precision", "\"NaN\"", "NaN");
	value("boolean", "true", "t");
	value("boolean", "false", "f");
	value("boolean", "1", "1");
}

static void
test_json(void)
{
	value("json", "{\"a\" : [1, 2.50,\t\"x\"]}", "{\"a\" : [1, 2.50,\\t\"x\"]}");
	value("json", "\"\\u0000 \\ud800 \\n\"", "\"\\\\u0000 \\\\ud800 \\\\n\"");
	value("json", "null", "null");
	value("json", "true", "true");
	value("jsonb", "-1.0e5", "-1.0e5");
	value("json", "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}");
	check("c json;i integer", 0, "{\"i\":1}", "\\N\t1\n");
	check("c json;i integer", NDJSON_BARE, "{\"c\":null,\"i\":1}", "\\N\t1\n");
	refused("json", "{\"a\":\"\xc3\"}", 12, "bytes that are not UTF-8");
	refused("json", "{\"a\" 1}", 11, "no colon behind a key");
	refused("json", "[1,]", 9, "no JSON value");
	refused("json", "[1 2]", 9, "no comma and no end of the array");
	refused("json", "[1}", 8, "no comma and no end of the array");
}

static void
test_arrays(void)
{
	value("integer[]", "[]", "{}");
	value("integer[]", "[1, null ,-3]", "{1,NULL,-3}");
	value("integer[]", "[[1,2],[3,4]]", "{{1,2},{3,4}}");
	value("integer[]", "null", "\\N");
	value("boolean[]", "[true,false,null]", "{t,f,NULL}");
	value("text[]", "[true,1.50,\"NULL\",null]", "{true,1.50,\"NULL\",NULL}");
	value("text[]", "[\"a\",\"\",\"q\\\"\\\\\",\"\\n\\t\\u000b\",\"\\u0022\"]",
	      "{a,\"\",\"q\\\\\"\\\\\\\\\",\"\\n\\t\\v\",\"\\\\\"\"}");
	value("box[]", "[\"(1,1),(0,0)\", \"(3,3),(2,2)\"]", "{(1,1),(0,0);(3,3),(2,2)}");
	value("public.geo[]", "[\"01\",\"02\"]", "{01:02}");
	value("public.dom[]", "[1,2]", "{1,2}");
	value("public.doms", "[1,2]", "{1,2}");
	value("json[]", "[{\"a\": [1,\t2]},null,\"x\"]",
	      "{\"{\\\\\"a\\\\\": [1,\\t2]}\",\"null\",\"\\\\\"x\\\\\"\"}");
	value("json[]", "[\"\\n\"]", "{\"\\\\\"\\\\\\\\n\\\\\"\"}");
	refused("integer[]", "[{\"a\":1}]", 7,
		"an object in an array whose elements are not JSON");
	refused("integer[]", "{\"a\":1}", 6, NO_OBJECT);
	refused("text[]", "[\"\\ud800\"]", 8, "half of a surrogate pair");
	refused("text[]", "[\"\\u0000\"]", 8, "\\u0000, which no PostgreSQL text can hold");
	refused("integer[]", "[1", 8, "no comma and no end of the array");
}

static void
test_keys(void)
{
	static const char list[] = "a integer;b text;c jsonb";

	check(list, 0, "{\"a\":1,\"b\":\"x\",\"c\":[]}", "1\tx\t[]\n");
	check(list, 0, " { \"a\" : 1 , \"b\" : \"x\" , \"c\" : [ ] } \r", "1\tx\t[ ]\n");
	check(list, 0, "{\"c\":{},\"a\":1,\"b\":\"x\"}", "1\tx\t{}\n");
	check(list, 0, "{\"b\":\"x\",\"a\":1}", "1\tx\t\\N\n");
	check(list, 0, "{\"b\":\"x\"}", "\\N\tx\t\\N\n");
	check(list, 0, "{}", "\\N\t\\N\t\\N\n");
	check(list, 0, "{\"\\u0061\":1,\"c\":null}", "1\t\\N\tnull\n");
	check(list, 0, "{\"a\":1,\"a\":2}", "error: byte 8: column \"a\": the key comes twice");
	check(list, 0, "{\"b\":\"\",\"a\":1,\"b\":2}",
	      "error: byte 15: column \"b\": the key comes twice");
	check(list, 0, "{\"a\":1,\"\\u0061\":2}",
	      "error: byte 8: column \"a\": the key comes twice");
	check(list, 0, "{\"d\":1}",
	      "error: byte 2: key \"d\" is not one of the stream's columns");
	check(list, 0, "{\"A\":1}",
	      "error: byte 2: key \"A\" is not one of the stream's columns");
	check(list, NDJSON_IGNORE, "{\"d\":[{}],\"b\":\"x\",\"e\":1,\"a\":2}", "2\tx\t\\N\n");
	check(list, NDJSON_IGNORE, "{\"d\":[{]}", "error: byte 8: no key in quotes");
	check("", 0, "{}", "\n");
	check("", 0, "{\"a\":1}",
	      "error: byte 2: key \"a\" is not one of the stream's columns");
	check("q\"\\\n\xc3\xa9 text", 0, "{\"q\\\"\\\\\\n\\u00e9\":1}", "1\n");
	check("a text;ab text;b text", 0, "{\"ab\":1,\"a\":2,\"b\":3}", "2\t1\t3\n");
	check("a ", 0, "{\"a\":[1,{\"x\":null}]}", "[1,{\"x\":null}]\n");
}

static void
test_frame(void)
{
	static const char list[] = "a integer";

	check(list, 0, "", "error: byte 1: a row is a JSON object in braces, and this is none");
	check(list, 0, "[1]",
	      "error: byte 1: a row is a JSON object in braces, and this is none");
	check(list, 0, "\xef\xbb\xbf{}",
	      "error: byte 1: a row is a JSON object in braces, and this is none");
	check(list, 0, "{\"a\":1}x", "error: byte 8: something follows the object");
	check(list, 0, "{\"a\":1} {}", "error: byte 9: something follows the object");
	check(list, 0, "{}}", "error: byte 3: something follows the object");
	check(list, 0, "{\"a\":1,}", "error: byte 8: no key in quotes");
	check(list, 0, "{,}", "error: byte 2: no key in quotes");
	check(list, 0, "{a:1}", "error: byte 2: no key in quotes");
	check(list, 0, "{\"a\" 1}", "error: byte 6: no colon behind a key");
	check(list, 0, "{\"a\":1", "error: byte 7: no comma and no end of the object");
	check(list, 0, "{\"a\":1 \"a\":1}", "error: byte 8: no comma and no end of the object");
	check(list, 0, "{\"a", "error: byte 2: a string without an end");
	check(list, 0, "{\"\\u0000\":1}",
	      "error: byte 3: \\u0000, which no PostgreSQL text can hold");
	check(list, 0, "{", "error: byte 2: no key in quotes");
}

/* A failed line leaves no trace; order is learned and forgotten; dropped columns are checked.
 */
static void
test_many_rows(void)
{
	static const char *const lines[] = {
		"{\"a\":1,\"b\":\"x\",\"c\":2}",    "{\"c\":2,\"b\":\"x\",\"a\":1}",
		"{\"c\":2,\"b\":\"x\",\"a\":1}",    "{\"a\":1,\"c\":2}",
		"{\"a\":1,\"b\":\"x\",\"c\":oops}", "{\"b\":\"x\",\"c\":2,\"a\":1}"};
	const bool keep[] = {true, false, true};
	struct schema s;
	struct ndjson_reader *r;
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	size_t i;

	rows_schema(&s, "a integer;b text;c integer");
	r = ndjson_reader_new(&s, 0);
	for (i = 0; i < 6; i++)
		is_int(ndjson_reader_line(r, lines[i], strlen(lines[i]), &out, &e),
		       i == 4 ? -1 : 0, "line %zu", i);
	is_str(buf_cstr(&out), "1\tx\t2\n1\tx\t2\n1\tx\t2\n1\t\\N\t2\n1\tx\t2\n", "rows");
	is_int(e.code, EXIT_STREAM, "a bad line is the stream's fault");
	err_release(&e);
	out.len = 0;
	ndjson_reader_select(r, keep);
	for (i = 0; i < 4; i++)
		is_int(ndjson_reader_line(r, lines[i], strlen(lines[i]), &out, &e), 0,
		       "line %zu", i);
	is_str(buf_cstr(&out), "1\tx\t2\n1\tx\t2\n1\tx\t2\n1\t\\N\t2\n", "b is not wanted");
	is_int(ndjson_reader_line(r, "{\"b\":[]}", 8, &out, &e), -1,
	       "a value of a column that is not wanted");
	err_release(&e);
	buf_release(&out);
	ndjson_reader_free(r);
	schema_release(&s);
}

/* 1600 columns in reverse, and depth to the limit. */
static void
test_sizes(void)
{
	struct buf list = BUF_INIT, line = BUF_INIT, want = BUF_INIT;
	int i, depth;

	for (i = 0; i < 1600; i++) {
		buf_addf(&list, "column_%d integer;", i);
		buf_addf(&line, "%c\"column_%d\":%d", i == 0 ? '{' : ',', 1599 - i, 1599 - i);
		buf_addf(&want, "%d%c", i, i < 1599 ? '\t' : '\n');
	}
	buf_addc(&line, '}');
	check(buf_cstr(&list), 0, buf_cstr(&line), buf_cstr(&want));

	for (depth = 99999; depth <= 100001; depth++) {
		line.len = 0;
		buf_adds(&line, "{\"c\":");
		for (i = 0; i < depth; i++)
			buf_addc(&line, '[');
		for (i = 0; i < depth; i++)
			buf_addc(&line, ']');
		buf_addc(&line, '}');
		want.len = 0;
		buf_add(&want, line.data + 5, line.len - 6);
		buf_addc(&want, '\n');
		check("c json", 0, buf_cstr(&line),
		      depth <= 100000 ? buf_cstr(&want)
				      : "error: byte 100006: column \"c\": nesting deeper "
					"than 100000");
	}
	buf_release(&list);
	buf_release(&line);
	buf_release(&want);
}

static void
first(const char *line, const char *want)
{
	struct err e = ERR_INIT;
	struct ndjson_sample *sample;
	struct schema s;
	struct buf got = BUF_INIT;
	size_t i;
	int rc;

	schema_init(&s);
	sample = ndjson_sample_new(&s, false);
	rc = ndjson_sample_line(sample, line, strlen(line), &e);
	ndjson_sample_free(sample);
	for (i = 0; i < s.ncolumns; i++)
		buf_addf(&got, "[%s]%s", s.columns[i].name, s.columns[i].base);
	is_str(rc == 0 ? buf_cstr(&got) : e.msg, want, "first line %s", line);
	buf_release(&got);
	schema_release(&s);
	err_release(&e);
}

static void
test_first(void)
{
	first("{}", "");
	first(" { } \r", "");
	first("{\"b\":1,\"a\":{\"x\":[]},\"\\u00e9\":null}", "[b][a][\xc3\xa9]");
	first("{\"a\":1,\"\\u0061\":2}", "byte 8: a key that comes twice");
	first("[1]", "byte 1: a row is a JSON object in braces, and this is none");
	first("{\"a\":1}}", "byte 8: something follows the object");
	first("{\"a\":}", "byte 6: no JSON value");
	first("{\"a\":1,}", "byte 8: no key in quotes");
	first("{\"\\ud800\":1}", "byte 3: half of a surrogate pair");
}

/* Columns and types that a sample of lines has, one behind the other. */
static void
sample(const char *const *lines, const char *want)
{
	struct err e = ERR_INIT;
	struct ndjson_sample *seen;
	struct schema s;
	struct buf got = BUF_INIT;
	const char *const *line;
	size_t i;

	schema_init(&s);
	seen = ndjson_sample_new(&s, false);
	for (line = lines; *line != NULL; line++) {
		if (ndjson_sample_line(seen, *line, strlen(*line), &e) != 0)
			err_release(&e);
	}
	ndjson_sample_settle(seen);
	for (i = 0; i < s.ncolumns; i++)
		buf_addf(&got, "%s%s %s", i > 0 ? ", " : "", s.columns[i].name,
			 s.columns[i].base);
	is_str(buf_cstr(&got), want, "a sample of %s", lines[0]);
	ndjson_sample_free(seen);
	buf_release(&got);
	schema_release(&s);
}

#define SAMPLE(want, ...) sample((const char *const[]){__VA_ARGS__, NULL}, want)

static void
test_sample(void)
{
	SAMPLE("a text, b text", "{\"a\":null,\"b\":\"\"}");
	SAMPLE("b bigint, a bigint", "{\"b\":1,\"a\":null}", "{\"a\":-9223372036854775808}");
	SAMPLE("a bigint, c bigint, b bigint", "{\"a\":1}", "{\"c\":3,\"b\":2,\"a\":1}");
	SAMPLE("a numeric", "{\"a\":1}", "{\"a\":1.50}");
	SAMPLE("a numeric", "{\"a\":9223372036854775808}");
	SAMPLE("a double precision", "{\"a\":1}", "{\"a\":1e3}");
	SAMPLE("a double precision", "{\"a\":-0}");
	SAMPLE("a text", "{\"a\":1e3}", "{\"a\":12345678901234567890.5}"); /* no double */
	SAMPLE("a boolean", "{\"a\":true}", "{\"a\":false}");
	SAMPLE("a text", "{\"a\":true}", "{\"a\":1}");
	SAMPLE("a text, b text, c text", "{\"a\":\"1\",\"b\":\"true\",\"c\":\"NaN\"}");
	SAMPLE("a text", "{\"a\":1}", "{\"a\":\"1\"}");
	SAMPLE("a date", "{\"a\":\"2024-02-29\"}");
	SAMPLE("a text", "{\"a\":\"2024-02-30\"}");
	SAMPLE("a text", "{\"a\":\"2024\\u002d02-29\"}");
	SAMPLE("a timestamp with time zone", "{\"a\":\"2024-02-29T12:00:00.123Z\"}");
	SAMPLE("a timestamp without time zone", "{\"a\":\"2024-02-29 12:00\"}");
	SAMPLE("a text", "{\"a\":\"2024-02-29\"}", "{\"a\":\"2024-02-29 12:00\"}");
	SAMPLE("a uuid", "{\"a\":\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"}");
	SAMPLE("a jsonb, b jsonb", "{\"a\":{\"x\":1e5},\"b\":[]}");
	SAMPLE("a jsonb", "{\"a\":{\"x\":[18446744073709551616]}}");
	SAMPLE("a jsonb", "{\"a\":\"s\"}", "{\"a\":null}", "{\"a\":[1]}");
	SAMPLE("a json", "{\"a\":{\"x\":1,\"x\":2}}", "{\"a\":{}}");
	SAMPLE("a json", "{\"a\":[\"\\u0000\"]}");
	SAMPLE("id bigint, tags jsonb, at timestamp with time zone, b bigint, c text",
	       " { \"id\" : 1 , \"tags\" : [\"a\"] } ",
	       "{\"id\":2,\"at\":\"2026-02-01T10:00Z\"}", "{\"b\":1,\"c\":\"\"}");
	/* a line that is no row says nothing, and the others still do */
	SAMPLE("a bigint", "{\"a\":1}", "{\"a\":\"x\",\"b\":2", "[1]", "{\"a\":2}");
}

static void
fits(const char *type, const char *value, bool want)
{
	ok(ndjson_sample_fits(infer_find(type), value, value + strlen(value)) == want,
	   "%s %s %s", type, want ? "takes" : "does not take", value);
}

static void
test_fits(void)
{
	fits("bigint", "null", true);
	fits("bigint", "1e3", true);
	fits("bigint", "1.0", true);
	fits("bigint", "-0", true);
	fits("bigint", "1.5", false);
	fits("bigint", "1e19", false);
	fits("bigint", "\"1\"", false);
	fits("bigint", "true", false);
	fits("numeric", "1e-7", true);
	fits("numeric", "1E+1001", false);
	fits("numeric", "1e-99999999999999999999", false);
	fits("numeric", "9223372036854775808", true);
	fits("numeric", "\"1.5\"", false);
	fits("double precision", "1", true);
	fits("double precision", "9007199254740993", false);
	fits("double precision", "1e400", false);
	fits("boolean", "true", true);
	fits("boolean", "1", false);
	fits("boolean", "\"t\"", false);
	fits("date", "\"2024-02-29\"", true);
	fits("date", "\"2024-02-29 10:00\"", false);
	fits("date", "20240229", false);
	fits("uuid", "\"x\"", false);
	fits("text", "\"\\n\"", true);
	fits("text", "1.10", true);
	fits("text", "true", true);
	fits("text", "{}", false);
	fits("text", "[]", false);
	fits("jsonb", "\"x\"", true);
	fits("jsonb", "1e400", true);
	fits("jsonb", "{\"x\":1}", true);
	fits("jsonb", "{\"x\":1,\"x\":1}", false);
}

int
main(void)
{
	test_strings();
	test_numbers();
	test_json();
	test_arrays();
	test_keys();
	test_frame();
	test_many_rows();
	test_sizes();
	test_first();
	test_sample();
	test_fits();
	return tap_done();
}
