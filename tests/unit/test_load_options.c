/*
 * load/options: --map in all its forms, and what does not go together.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/cli.h"
#include "load/options/options.h"
#include "load/sinks.h"
#include "tests/unit/tap.h"

static int
parse(struct load_options *o, struct err *e, const char *one, const char *two)
{
	char *argv[] = {(char[]){"portl-load"}, NULL, NULL, NULL};
	static char a[256], b[256];
	int argc = 1;

	snprintf(a, sizeof(a), "%s", one);
	snprintf(b, sizeof(b), "%s", two != NULL ? two : "");
	argv[argc++] = a;
	if (two != NULL)
		argv[argc++] = b;
	return load_options_parse(o, sinks_kinds, argc, argv, e);
}

/* "source>target,..." of what was parsed. */
static const char *
pairs(const struct load_options *o)
{
	static char text[512];
	size_t i, at = 0;

	text[0] = '\0';
	for (i = 0; i < o->map_sources.n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s>%s",
				       i > 0 ? "|" : "", o->map_sources.names[i],
				       o->map_targets.names[i]);
	return text;
}

static void
check_map(const char *one, const char *two, const char *want)
{
	struct load_options o;
	struct err e = ERR_INIT;

	is_int(parse(&o, &e, one, two), 0, "parses: %s %s", one, two != NULL ? two : "");
	is_str(pairs(&o), want, "as %s", want);
	load_options_release(&o);
	err_release(&e);
}

static void
test_map(void)
{
	check_map("--map=a=b", NULL, "a>b");
	check_map("--map=A=B", NULL, "a>b");
	check_map("--map=a=b,c=d", "-me=f", "a>b|c>d|e>f");
	check_map("--map=a=b,b=a", NULL, "a>b|b>a");
	check_map("--map=a=", NULL, "a>");
	check_map("--map=a=,b=c", NULL, "a>|b>c");
	check_map("--map=\"a=b\"=\"c,d\"", NULL, "a=b>c,d");
	check_map("--map=\"x\"\"y\"=\"%s\"", NULL, "x\"y>%s");
	check_map("--map= a = b ", NULL, "a>b");
}

static void
check_bad(const char *one, const char *needle)
{
	struct load_options o;
	struct err e = ERR_INIT;

	is_int(parse(&o, &e, one, NULL), -1, "refused: %s", one);
	is_int(e.code, EXIT_USAGE, "usage: %s", one);
	ok(e.msg != NULL && strstr(e.msg, needle) != NULL, "says why: %s", e.msg);
	load_options_release(&o);
	err_release(&e);
}

static void
test_bad(void)
{
	check_bad("--map=a", "SRC=DST");
	check_bad("--map=a,b=c", "SRC=DST");
	check_bad("--map=a=\"b", "--map");
	check_bad("--map==b", "--map");
	check_bad("--map=", "--map");
	check_bad("--map=a=b,", "--map");
	check_bad("--map=a=b.c", "--map");
	check_bad("--map=a=b,a=c", "twice");
	check_bad("--map=a=c,b=c", "two columns");
	check_bad("--map=\"a=b", "--map");
	check_bad("--streams=0", "--streams");
	check_bad("--extra-columns=drop", "error|ignore");
	check_bad("--table=a.b.c", "not a table name");
}

static void
test_defaults(void)
{
	struct load_options o;
	struct err e = ERR_INIT;

	is_int(parse(&o, &e, "file", NULL), 0, "a file");
	is_str(o.input, "file", "is read");
	ok(o.streams == 1 && o.min_rows == 0, "one stream of any number of rows");
	load_options_release(&o);
	is_int(parse(&o, &e, "--truncate", NULL), 0, "--truncate");
	is_int(o.min_rows, 1, "refuses to leave nothing");
	load_options_release(&o);
	is_int(parse(&o, &e, "--truncate", "--min-rows=0"), 0, "unless told");
	is_int(o.min_rows, 0, "explicitly");
	load_options_release(&o);
	err_release(&e);
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
	struct load_options o;
	struct err e = ERR_INIT;
	char *argv[] = {(char[]){"portl"}, NULL, NULL, NULL};
	const struct cli_slot *slot;
	int rc;

	is_int(load_options_parse(&o, sinks_kinds, 1, argv, &e), 0, "stdin is read");
	slot = cli_find(&o.common.line, name);
	argv[1] = word_for(slot->option);
	argv[2] = word_for(slot->option);
	load_options_release(&o);
	err_release(&e);
	rc = load_options_parse(&o, sinks_kinds, 3, argv, &e);
	slot = cli_find(&o.common.line, name);
	if (slot->option->type == CLI_COUNT) {
		is_int(*(int *)slot->value, 2, "--%s is counted", name);
	} else if (slot->option->type == CLI_LIST || slot->option->type == CLI_NAMES) {
		is_int((int)((struct cli_list *)slot->value)->n, 2, "--%s adds up", name);
	} else {
		is_int(rc, -1, "--%s twice", name);
		ok(e.code == EXIT_USAGE && strstr(e.msg, "is given twice") != NULL, "says: %s",
		   e.msg);
	}
	load_options_release(&o);
	err_release(&e);
	free(argv[1]);
	free(argv[2]);
}

static void
test_twice(void)
{
	struct load_options o;
	struct err e = ERR_INIT;
	char *argv[] = {(char[]){"portl"}, (char[]){"--quiet"}, NULL};
	size_t i;

	if (load_options_parse(&o, sinks_kinds, 2, argv, &e) == 0)
		ok(true, "there are options");
	for (i = 0; i < o.common.line.n; i++)
		if (o.common.line.slots[i].option->type < CLI_HELP)
			check_twice(o.common.line.slots[i].option->name);
	load_options_release(&o);
	err_release(&e);
}

int
main(void)
{
	unsetenv("PORTL_DESTINATION");
	test_map();
	test_bad();
	test_twice();
	test_defaults();
	return tap_done();
}
