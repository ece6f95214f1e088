/*
 * extract/options: what goes together and what does not.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/cli.h"
#include "extract/options/options.h"
#include "extract/sources.h"
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
	return extract_options_parse(o, sources_kinds, argc, argv, e);
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
	ok(o.rows.column_list.n == 2 && o.rows.limit == 5, "columns and limit");
	is_int(o.format, EXTRACT_BINARY, "binary by default");
	extract_options_release(&o);
	is_int(parse(&o, &e, "-d shop -c select;; -Z zstd:7 -o -"), 0, "a query, compressed");
	is_str(o.query_text, "select", "without the semicolons behind it");
	is_int(o.zstd_level, 7, "the level");
	extract_options_release(&o);
	is_int(parse(&o, &e, "-t t -Z zstd:9,threads=3"), 0, "with threads");
	ok(o.zstd_level == 9 && o.zstd_threads == 3, "so many");
	extract_options_release(&o);
	is_int(parse(&o, &e, "-t t -Z zstd:threads=2"), 0, "with threads alone");
	ok(o.zstd_level == 3 && o.zstd_threads == 2, "at the level that it has anyway");
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

/* What an option may be given as. */
static char *
word_for(const struct cli_option *o)
{
	const char *value = o->type == CLI_NUMBER ? "1"
			    : o->choices != NULL  ? o->choices[0].word
			    : o->type == CLI_LIST ? "a=b"
						  : "a";

	return o->arg != NULL ? xasprintf("--%s=%s", o->name, value)
			      : xasprintf("--%s", o->name);
}

/* Each option, twice: lists have both, all others are refused. */
static void
check_twice(const char *name)
{
	struct extract_options o;
	struct err e = ERR_INIT;
	char *argv[] = {(char[]){"portl"}, NULL, NULL, NULL};
	const struct cli_slot *slot;
	int rc;

	is_int(extract_options_parse(&o, sources_kinds, 1, argv, &e), -1, "nothing to read");
	slot = cli_find(&o.common.line, name);
	argv[1] = word_for(slot->option);
	argv[2] = word_for(slot->option);
	extract_options_release(&o);
	err_release(&e);
	rc = extract_options_parse(&o, sources_kinds, 3, argv, &e);
	slot = cli_find(&o.common.line, name);
	if (slot->option->type == CLI_COUNT) {
		is_int(*(int *)slot->value, 2, "--%s is counted", name);
	} else if (cli_spec_adds_up(slot->option)) {
		is_int((int)((struct cli_list *)slot->value)->n, 2, "--%s adds up", name);
	} else {
		is_int(rc, -1, "--%s twice", name);
		ok(e.code == EXIT_USAGE && strstr(e.msg, "is given twice") != NULL, "says: %s",
		   e.msg);
	}
	extract_options_release(&o);
	err_release(&e);
	free(argv[1]);
	free(argv[2]);
}

static void
test_twice(void)
{
	struct extract_options o;
	struct err e = ERR_INIT;
	char *argv[] = {(char[]){"portl"}, (char[]){"--quiet"}, NULL};
	size_t i;

	if (extract_options_parse(&o, sources_kinds, 2, argv, &e) == 0)
		ok(true, "there are options");
	for (i = 0; i < o.common.line.n; i++)
		if (o.common.line.slots[i].option->type < CLI_HELP)
			check_twice(o.common.line.slots[i].option->name);
	extract_options_release(&o);
	err_release(&e);
}

int
main(void)
{
	unsetenv("PORTL_SOURCE");
	test_good();
	test_bad();
	test_twice();
	return tap_done();
}
