/*
 * cli: command lines by table.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/cli/cli.h"
#include "tests/unit/tap.h"

struct opts {
	bool flag;
	const char *text;
	int64_t number;
	int choice;
	struct cli_list list;
};

#define AT(member) offsetof(struct opts, member)

static const struct cli_choice choices[] = {{"end", 1}, {"batch", 2}, {NULL, 0}};
static const struct cli_option table[] = {
	{.kind = CLI_HEADING, .help = "Options"},
	{"flag", 'f', CLI_FLAG, NULL, "a flag", AT(flag), NULL, 0},
	{"text", 't', CLI_STRING, "TEXT", "a text", AT(text), NULL, 0},
	{"number", 0, CLI_NUMBER, "N", "a number", AT(number), NULL, 1},
	{"commit", 0, CLI_CHOICE, "end|batch", "a choice", AT(choice), choices, 0},
	{"map", 'm', CLI_LIST, "A=B", "a list", AT(list), NULL, 0},
	{.help = NULL},
};
static const struct cli_spec spec = {
	.program = "test",
	.what = "tests.",
	.usage = "",
	.tables = {table},
	.footer = "",
	.max_operands = 1,
};

#define LONG "a-path-or-a-password-of-64-letters-that-somebody-has-typed-by-mis"

static struct cli_given given;

static int
parse(struct opts *o, const char **operand, struct err *e, int argc, ...)
{
	char *argv[16] = {NULL};
	va_list ap;
	int i;

	*o = (struct opts){.number = -1};
	va_start(ap, argc);
	argv[0] = (char[]){"test"};
	for (i = 1; i <= argc; i++)
		argv[i] = va_arg(ap, char *);
	va_end(ap);
	return cli_parse(&spec, argc + 1, argv, o, &given, operand, e);
}

static void
test_good(void)
{
	struct opts o;
	const char *operand = NULL;
	struct err e = ERR_INIT;

	is_int(parse(&o, &operand, &e, 7, "-f", "-t", "x", "--number=12", "--commit", "batch",
		     "file"),
	       0, "a command line parses");
	ok(o.flag && o.number == 12 && o.choice == 2, "flag, number and choice are set");
	is_str(o.text, "x", "text too");
	is_str(operand, "file", "and the operand");
	ok(cli_has(&given, "text") && cli_has(&given, "commit"), "what is given is known");
	ok(!cli_has(&given, "map"), "and what is not");
	is_int(parse(&o, &operand, &e, 3, "-ma=b", "--map", "c=d"), 0, "a list");
	ok(o.list.n == 2 && strcmp(o.list.items[0], "a=b") == 0 &&
		   strcmp(o.list.items[1], "c=d") == 0,
	   "gathers every one given");
	free(o.list.items);
	is_int(parse(&o, &operand, &e, 1, "--num=7"), 0, "an unambiguous beginning will do");
	is_int(o.number, 7, "as getopt_long has it");
	is_int(parse(&o, &operand, &e, 3, "file", "-t", "y"), 0, "options may follow");
	is_str(o.text, "y", "the operand");
	is_int(parse(&o, &operand, &e, 2, "--", "-f"), 0, "behind -- all is operand");
	ok(!o.flag && strcmp(operand, "-f") == 0, "even what looks like an option");
}

static void
check_bad(const char *one, const char *two, const char *msg, const char *hint)
{
	struct opts o;
	const char *operand;
	struct err e = ERR_INIT;

	is_int(parse(&o, &operand, &e, two != NULL ? 2 : 1, one, two), -1, "%s %s is refused",
	       one, two != NULL ? two : "");
	is_int(e.code, EXIT_USAGE, "%s: a usage error", one);
	ok(e.msg != NULL && strstr(e.msg, msg) != NULL, "%s: %s", one, e.msg);
	ok(e.hint != NULL ? strstr(e.hint, hint) != NULL : hint[0] == '\0', "%s: hint", one);
	err_release(&e);
}

static void
test_bad(void)
{
	check_bad("--comit=end", NULL, "--comit", "--commit");
	check_bad("--zzzzzzzz", NULL, "--zzzzzzzz", "--help");
	check_bad("-x", NULL, "-x", "--help");
	check_bad("--flag=1", NULL, "--flag takes no argument", "");
	check_bad("-fx", NULL, "unknown option -x", "--help");
	check_bad("file", "--comit=end", "--comit", "--commit");
	check_bad("--text", NULL, "needs an argument", "--help");
	check_bad("--number=0", NULL, "at least 1", "");
	check_bad("--number=12x", NULL, "whole number", "");
	check_bad("--number=99999999999999999999", NULL, "whole number", "");
	check_bad("--number=", NULL, "whole number", "");
	check_bad("--commit=bach", NULL, "end|batch", "batch");
	check_bad("a", "b", "unexpected argument \"b\"", "--help");
}

static void
test_nearest(void)
{
	static const char *const words[] = {"customer", "amount", "id"};

	is_str(cli_nearest("custmer", words, 3), "customer", "a letter missing");
	is_str(cli_nearest("amuont", words, 3), "amount", "two letters swapped");
	is_str(cli_nearest("quantity", words, 3), NULL, "nothing near");
	is_str(cli_nearest("x", words, 0), NULL, "nothing there");
	is_str(cli_nearest(LONG, words, 3), NULL, "longer than any name");
}

static void
test_hide(void)
{
	char arg[] = "password=secret";
	char *copy = cli_hide(arg);

	is_str(copy, "password=secret", "the copy is what it was");
	ok(strstr(arg, "secret") == NULL && strlen(arg) == 15, "the argument is blank");
	free(copy);
}

int
main(void)
{
	test_good();
	test_bad();
	test_nearest();
	test_hide();
	return tap_done();
}
