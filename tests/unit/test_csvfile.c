/*
 * CSV options and the quoting of fields.
 */
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/rows/csvfile.h"
#include "tests/unit/tap.h"

static void
check_put(const struct csvfile_format *f, const char *value, bool alone, const char *want)
{
	struct buf b = BUF_INIT;

	csvfile_put(f, &b, value, value != NULL ? strlen(value) : 0, alone);
	is_str(buf_cstr(&b), want, "%s%s", value != NULL ? value : "NULL",
	       alone ? " alone" : "");
	buf_release(&b);
}

static void
test_put(void)
{
	struct csvfile_format f;
	struct err e = ERR_INIT;

	ok(csvfile_settle(&f, NULL, NULL, NULL, &e) == 0, "COPY's defaults");
	check_put(&f, NULL, false, "");
	check_put(&f, NULL, true, "");
	check_put(&f, "", false, "\"\"");
	check_put(&f, "plain", false, "plain");
	check_put(&f, " blanks ", false, " blanks ");
	check_put(&f, "a,b", false, "\"a,b\"");
	check_put(&f, "say \"hi\"", false, "\"say \"\"hi\"\"\"");
	check_put(&f, "\"", false, "\"\"\"\"");
	check_put(&f, "two\nlines", false, "\"two\nlines\"");
	check_put(&f, "cr\r", false, "\"cr\r\"");
	check_put(&f, "\\.", false, "\\.");
	check_put(&f, "\\.", true, "\"\\.\"");
	check_put(&f, "\\.x", true, "\\.x");

	ok(csvfile_settle(&f, "\\t", "'", "NA", &e) == 0, "other characters");
	check_put(&f, NULL, false, "NA");
	check_put(&f, "NA", false, "'NA'");
	check_put(&f, "", false, "");
	check_put(&f, "a,b", false, "a,b");
	check_put(&f, "a\tb", false, "'a\tb'");
	check_put(&f, "it's", false, "'it''s'");
}

static void
check_refused(const char *delimiter, const char *quote, const char *null, const char *what)
{
	struct csvfile_format f;
	struct err e = ERR_INIT;

	ok(csvfile_settle(&f, delimiter, quote, null, &e) == -1 && e.code == EXIT_USAGE,
	   "refused: %s", what);
	err_release(&e);
}

int
main(void)
{
	test_put();
	check_refused("", NULL, NULL, "no delimiter");
	check_refused("::", NULL, NULL, "two characters");
	check_refused("\xc2\xa7", NULL, NULL, "a character of two bytes");
	check_refused("\n", NULL, NULL, "a line end as the delimiter");
	check_refused(NULL, "\r", NULL, "a line end as the quote");
	check_refused("\"", NULL, NULL, "the quote as the delimiter");
	check_refused(NULL, NULL, "a,b", "a null string with the delimiter");
	check_refused(NULL, NULL, "\"", "a null string with the quote");
	check_refused(NULL, NULL, "a\nb", "a null string with a line end");
	return tap_done();
}
