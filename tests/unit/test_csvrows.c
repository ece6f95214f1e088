/*
 * CSV parsing: each text is fed whole and byte by byte, and has to give the same
 * rows, or the same fault at the same place.
 */
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "extract/csv/csvrows.h"
#include "tests/unit/tap.h"

/* Fields as [x], NULL as [], rows end in |, blank lines are ~. */
static int
show_field(void *arg, const char *value, size_t len, struct err *e)
{
	struct buf *b = arg;

	(void)e;
	if (value == NULL) {
		buf_adds(b, "[]");
		return 0;
	}
	buf_adds(b, "[<");
	buf_add(b, value, len);
	buf_adds(b, ">]");
	return 0;
}

static int
show_row(void *arg, struct err *e)
{
	(void)e;
	buf_addc(arg, '|');
	return 0;
}

static int
show_blank(void *arg, struct err *e)
{
	(void)e;
	buf_addc(arg, '~');
	return 0;
}

static const struct csvrows_handler handler = {show_field, show_row, show_blank};

/* What comes of ${text}, fed ${step} bytes at a time; the caller frees it. */
static char *
parse(const char *text, size_t len, size_t step, const char *null)
{
	struct csvfile_format f = {',', '"', null, false};
	struct buf out = BUF_INIT, block = BUF_INIT;
	struct csvrows r;
	struct err e = ERR_INIT;
	size_t at = 0;
	int rc = csvrows_init(&r, &f, &handler, &out, &e);

	r.open_end = true;
	while (rc >= 0 && at < len) {
		size_t n = len - at < step ? len - at : step;

		buf_add(&block, text + at, n);
		at += n;
		rc = csvrows_feed(&r, block.data, block.len, &e);
		if (rc >= 0)
			buf_drop(&block, block.len - (size_t)rc);
	}
	if (rc >= 0)
		rc = csvrows_end(&r, &e);
	if (rc < 0) {
		csvrows_where(&r, "f", &e);
		buf_addf(&out, "! %s", e.msg);
	}
	csvrows_release(&r);
	err_release(&e);
	buf_release(&block);
	return buf_detach(&out);
}

static void
check_null(const char *text, const char *null, const char *want)
{
	char *whole = parse(text, strlen(text), strlen(text) + 1, null);
	char *bytes = parse(text, strlen(text), 1, null);

	is_str(whole, want, "whole: %s", want);
	is_str(bytes, want, "byte by byte: %s", want);
	free(whole);
	free(bytes);
}

static void
check(const char *text, const char *want)
{
	check_null(text, "", want);
}

static void
test_fields(void)
{
	check("", "");
	check("a", "[<a>]|");
	check("a,b\n", "[<a>][<b>]|");
	check("a,b", "[<a>][<b>]|");
	check(" a , b \n", "[< a >][< b >]|");
	check("\t,\t\n", "[<\t>][<\t>]|");
	check(",\n", "[][]|");
	check(",", "[][]|");
	check("\"\",\n", "[<>][]|");
	check(",\"\"", "[][<>]|");
	check("\"a\"\n", "[<a>]|");
	check("\"a\"", "[<a>]|");
	check("\"a,b\",c\n", "[<a,b>][<c>]|");
	check("\"a\"\"b\"\n", "[<a\"b>]|");
	check("\"\"\"\"\n", "[<\">]|");
	check("\"\"\"a\"\"\",\"\"\n", "[<\"a\">][<>]|");
	check("\"two\nlines\",x\n", "[<two\nlines>][<x>]|");
	check("\"two\r\nlines\"\r\n1\r\n", "[<two\r\nlines>]|[<1>]|");
	check("\"\n\n\",\"\r\"\n", "[<\n\n>][<\r>]|");
	check("\"a\n\nb\"\n\nc\n", "[<a\n\nb>]|~[<c>]|");
}

static void
test_nulls(void)
{
	check_null("NA,\"NA\",,\"\"\n", "NA", "[][<NA>][<>][<>]|");
	check_null("NA\n", "NA", "[]|");
	check_null("NAN,N\n", "NA", "[<NAN>][<N>]|");
	check_null("\"x\"\"\",NA,\"y\"\"\"\"\",NA\n", "NA", "[<x\">][][<y\"\">][]|");
	check_null("\"N\nA\",NA", "NA", "[<N\nA>][]|");
}

static void
test_lines(void)
{
	check("a\r\nb\r\n", "[<a>]|[<b>]|");
	check("a\rb\r", "[<a>]|[<b>]|");
	check("a\rb", "[<a>]|[<b>]|");
	check("a\r", "[<a>]|");
	check("a\nb\r\nc", "[<a>]|[<b>]|[<c>]|");
	check("\n\na\n\n", "~~[<a>]|~");
	check("\r\n\r\na\r\n\r\n", "~~[<a>]|~");
	check("\r\ra\r\r", "~~[<a>]|~");
	check("\"a\n\",\"b\r\"\r\"c\"\r", "[<a\n>][<b\r>]|[<c>]|");
}

static void
test_faults(void)
{
	check("a,b\nc,d\"e\n", "[<a>][<b>]|[<c>]! f:2: byte 4: a quote inside a field that "
			       "does not begin with one");
	check("\"a\"b\n", "! f:1: byte 4: the field goes on behind its closing quote");
	check("\"a\" ,b\n", "! f:1: byte 4: the field goes on behind its closing quote");
	check("x\n\"a\nb\" c\n",
	      "[<x>]|! f:3: byte 3: the field goes on behind its closing quote");
	check("a\n\"b\nc\n", "[<a>]|! f:2: a quoted field is not closed before the file ends");
	check("a\nb,\"c\"\"\n\nd\n",
	      "[<a>]|[<b>]! f:2: a quoted field is not closed before the file ends");
	check("\"a\nb\",\"c\nd",
	      "[<a\nb>]! f:2: a quoted field is not closed before the file ends");
	check("a\nb\rc\n", "[<a>]|[<b>]! f:2: byte 2: a carriage return that no line feed "
			   "follows, outside quotes");
	check("a\n\rb\n", "[<a>]|! f:2: byte 1: a carriage return that no line feed follows, "
			  "outside quotes");
	check("a\nb\r", "[<a>]|[<b>]! f:2: byte 2: a carriage return that no line feed "
			"follows, outside quotes");
	check("a\nb\r\r\n", "[<a>]|[<b>]! f:2: byte 2: a carriage return that no line feed "
			    "follows, outside quotes");
	check("a\n\"b\"\rc\n", "[<a>]|[<b>]! f:2: byte 4: a carriage return that no line feed "
			       "follows, outside quotes");
	check("a\n\r", "[<a>]|! f:2: byte 1: a carriage return that no line feed follows, "
		       "outside quotes");
	check("a\rb\nc\r", "[<a>]|[<b>]! f:2: byte 2: a line feed outside quotes, where lines "
			   "end in carriage returns");
	check("a\rb\r\nc\r", "[<a>]|[<b>]|! f:3: byte 1: a line feed outside quotes, where "
			     "lines end in carriage returns");
}

/* A quote that is never closed must not gather the rest of a huge file. */
static void
test_longest_field(void)
{
	static const char text[] = "a\n\"b\nccc\nd\n";
	struct csvfile_format f = {',', '"', "", false};
	struct buf out = BUF_INIT;
	struct csvrows r;
	struct err e = ERR_INIT;

	ok(csvrows_init(&r, &f, &handler, &out, &e) == 0, "a parser");
	r.field_max = 5;
	ok(csvrows_feed(&r, text, strlen(text), &e) == -1, "a field over the limit is refused");
	csvrows_where(&r, "f", &e);
	is_str(e.msg, "f:2: a field is longer than 5 bytes", "with the line where it begins");
	csvrows_release(&r);
	err_release(&e);
	buf_release(&out);
}

/* Cut anywhere but behind a line end, the text is refused; no row is made of a part. */
static void
test_cut(void)
{
	static const char text[] = "a,b\n\"x\ny\",2\r\n\n\"q\"\"q\",345\n";
	struct csvfile_format f = {',', '"', "", false};
	size_t len;

	for (len = 1; len < sizeof(text); len++) {
		bool whole = len == 4 || len == 13 || len == 14 || len == sizeof(text) - 1;
		struct buf out = BUF_INIT;
		struct csvrows r;
		struct err e = ERR_INIT;
		int rc = csvrows_init(&r, &f, &handler, &out, &e);

		if (rc == 0)
			rc = csvrows_feed(&r, text, len, &e);
		if (rc > 0)
			rc = 0;
		if (rc == 0)
			rc = csvrows_end(&r, &e);
		ok((rc == 0) == whole, "cut behind byte %zu: %s", len, e.msg);
		csvrows_release(&r);
		err_release(&e);
		buf_release(&out);
	}
}

int
main(void)
{
	test_cut();
	test_fields();
	test_nulls();
	test_lines();
	test_faults();
	test_longest_field();
	return tap_done();
}
