/*
 * extract/options: what goes together and what does not.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "extract/options.h"
#include "tests/unit/tap.h"

static int
parse(struct extract_options *o, struct err *e, const char *line)
{
	static char words[512];
	char *argv[32] = {(char[]){"portl-extract"}}, *save = NULL, *w;
	int argc = 1;

	snprintf(words, sizeof(words), "%s", line);
	for (w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return extract_options_parse(o, argc, argv, e);
}

static void
test_good(void)
{
	struct extract_options o;
	struct err e = ERR_INIT;

	is_int(parse(&o, &e, "-d shop -t Public.\"Orders\" --columns=a,\"B\" --limit=5"), 0,
	       "a table with columns");
	is_str(o.rel.schema, "public", "its schema");
	is_str(o.rel.name, "Orders", "its name");
	ok(o.column_list.n == 2 && o.limit == 5, "columns and limit");
	is_int(o.format, EXTRACT_BINARY, "binary by default");
	extract_options_release(&o);
	is_int(parse(&o, &e, "-d shop -c select;; -Z zstd:7 -o -"), 0, "a query, compressed");
	is_str(o.query_text, "select", "without the semicolons behind it");
	is_int(o.zstd_level, 7, "the level");
	extract_options_release(&o);
	is_int(parse(&o, &e, "-t t -Z zstd"), 0, "compression without a level");
	ok(o.zstd_level > 0, "has one all the same");
	extract_options_release(&o);
	err_release(&e);
}

static void
check_bad(const char *line, const char *needle)
{
	struct extract_options o;
	struct err e = ERR_INIT;

	is_int(parse(&o, &e, line), -1, "refused: %s", line);
	is_int(e.code, EXIT_USAGE, "usage: %s", line);
	ok(e.msg != NULL && strstr(e.msg, needle) != NULL, "says why: %s", e.msg);
	err_release(&e);
	extract_options_release(&o);
}

static void
test_bad(void)
{
	check_bad("-d shop", "what to read");
	check_bad("-t a -c select", "exclude each other");
	check_bad("-t a --columns=x --exclude-columns=y", "exclude each other");
	check_bad("-t a --columns=x,,y", "--columns");
	check_bad("-t a.b.c", "not a table name");
	check_bad("-c ;", "empty");
	check_bad("-t a -Z gzip", "zstd");
	check_bad("-t a -Z zstd:99", "zstd");
	check_bad("-t a -F xml", "binary|ndjson");
	check_bad("-t a --quote-numbers -F binary", "--quote-numbers");
	check_bad("-t a -F ndjson --values=binary", "--values=binary");
	check_bad("-t a -w -W", "exclude each other");
	check_bad("-t a --limit=-1", "--limit");
	check_bad("-t a --output=", "-o needs");
	check_bad("-d host='x -t a", "connection string");
}

int
main(void)
{
	unsetenv("PORTL_SOURCE");
	test_good();
	test_bad();
	return tap_done();
}
