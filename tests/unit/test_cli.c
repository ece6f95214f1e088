/*
 * cli: command lines by table.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/cli/cli.h"
#include "common/cli/cli_words.h"
#include "common/pg/conninfo.h"
#include "tests/unit/tap.h"

struct opts {
	bool flag;
	const char *text;
	int64_t number;
	int choice;
	struct cli_list list;
	const char *server, *host, *once;
	int degree, count;
};

#define AT(member) .offset = offsetof(struct opts, member)

static const struct cli_choice choices[] = {{"end", 1}, {"batch", 2}, {NULL, 0}};
static const struct cli_option table[] = {
	{.type = CLI_HEADING, .help = "Options"},
	{"flag", 'f', CLI_FLAG, NULL, "a flag", AT(flag)},
	{"text", 't', CLI_STRING, "TEXT", "a text", AT(text)},
	{"number", 0, CLI_NUMBER, "N", "a number", AT(number), .min = 1},
	{"commit", 0, CLI_CHOICE, "end|batch", "a choice", AT(choice), .choices = choices},
	{"map", 'm', CLI_LIST, "A=B", "a list", AT(list)},
	{"dbname", 'd', CLI_CONNSTR, "CONNSTR", "a server", AT(server), .part = CLI_SERVER,
	 .replaces = CLI_SERVER},
	{"host", 'h', CLI_STRING, "HOST", "its host", AT(host), .part = CLI_SERVER},
	{"degree", 0, CLI_DEGREE, "end|batch", "a degree", AT(degree), .choices = choices},
	{"count", 'v', CLI_COUNT, NULL, "a count", AT(count)},
	{"once", 0, CLI_STRING, "TEXT", "of one run", AT(once), .part = CLI_ONCE},
	{.help = NULL},
};
static const struct cli_spec spec = {
	.program = "test",
	.is_secret = conninfo_is_secret,
	.what = "tests.",
	.usage = "",
	.tables = {table},
	.footer = "",
	.max_operands = 1,
};

static struct cli_line line; /* points into the options until it is released */
static struct opts o;

static int
parse(const char **operand, struct err *e, int argc, ...)
{
	char *argv[16] = {NULL};
	va_list ap;
	int i;

	cli_release(&line);
	o = (struct opts){.number = -1};
	va_start(ap, argc);
	argv[0] = (char[]){"test"};
	for (i = 1; i <= argc; i++)
		argv[i] = va_arg(ap, char *);
	va_end(ap);
	return cli_parse(&line, &spec, argc + 1, argv, &o, operand, e);
}

static void
test_good(void)
{
	const char *operand = NULL;
	struct err e = ERR_INIT;

	is_int(parse(&operand, &e, 7, "-f", "-t", "x", "--number=12", "--commit", "batch",
		     "file"),
	       0, "a command line parses");
	ok(o.flag && o.number == 12 && o.choice == 2, "flag, number and choice are set");
	is_str(o.text, "x", "text too");
	is_str(operand, "file", "and the operand");
	ok(cli_has(&line, "text") && cli_has(&line, "commit"), "what is given is known");
	ok(!cli_has(&line, "map"), "and what is not");
	is_int(parse(&operand, &e, 3, "-ma=b", "--map", "c=d"), 0, "a list");
	ok(o.list.n == 2 && strcmp(o.list.items[0], "a=b") == 0 &&
		   strcmp(o.list.items[1], "c=d") == 0,
	   "gathers every one given");
	is_int(parse(&operand, &e, 1, "--num=7"), 0, "an unambiguous beginning will do");
	is_int(o.number, 7, "as getopt_long has it");
	is_int(parse(&operand, &e, 3, "file", "-t", "y"), 0, "options may follow");
	is_str(o.text, "y", "the operand");
	is_int(parse(&operand, &e, 2, "--", "-f"), 0, "behind -- all is operand");
	ok(!o.flag && strcmp(operand, "-f") == 0, "even what looks like an option");
}

static void
check_bad(const char *one, const char *two, const char *msg, const char *hint)
{
	const char *operand;
	struct err e = ERR_INIT;

	is_int(parse(&operand, &e, two != NULL ? 2 : 1, one, two), -1, "%s %s is refused", one,
	       two != NULL ? two : "");
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
test_twice(void)
{
	check_bad("-f", "--flag", "--flag is given twice", "");
	check_bad("--text=a", "-tb", "--text is given twice", "");
	check_bad("--number=1", "--number=1", "--number is given twice", "");
	check_bad("--commit=end", "--commit=batch", "--commit is given twice", "");
}

#define MANY 300

/* Neither options nor the words of a choice are counted out beforehand. */
static void
test_many(void)
{
	static struct cli_choice words[MANY + 1];
	static struct cli_option rows[MANY + 1];
	static char names[MANY][16];
	static struct cli_spec many = {
		.program = "many", .what = "", .usage = "", .footer = "", .tables = {rows}};
	char *argv[] = {(char[]){"many"}, (char[]){"--o299=o298"}, NULL};
	char *wrong[] = {(char[]){"many"}, (char[]){"--o299=o2999"}, NULL};
	struct err e = ERR_INIT;
	static int value = -1;
	int i;

	for (i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "o%d", i);
		words[i] = (struct cli_choice){names[i], i};
		rows[i] = (struct cli_option){.name = names[i],
					      .type = CLI_CHOICE,
					      .arg = "WORD",
					      .help = "",
					      .choices = words};
	}
	cli_release(&line);
	is_int(cli_parse(&line, &many, 2, argv, &value, NULL, &e), 0, "the last of %d options",
	       MANY);
	is_int(value, 298, "has a value");
	cli_release(&line);
	is_int(cli_parse(&line, &many, 2, wrong, &value, NULL, &e), -1,
	       "a word that none of %d is", MANY);
	ok(e.hint != NULL && strstr(e.hint, "\"o299\"") != NULL, "hint: %s", e.hint);
	err_release(&e);
}

/* The words as one text. */
static const char *
joined(const struct ident_list *words)
{
	static char text[512];
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < words->n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n",
					words->names[i]);
	return text;
}

static void
test_words(void)
{
	const char *operand = NULL;
	struct ident_list words = {.n = 0};
	struct err e = ERR_INIT;

	is_int(parse(&operand, &e, 12, "-f", "-t", "x=\ny", "--num=12", "--commit", "batch",
		     "-ma=b", "-mc", "-vv", "--degree", "--once=z", "-dshop"),
	       0, "a command line");
	is_int(cli_words_make(&line, &words, &e), 0, "becomes words");
	is_str(joined(&words),
	       "--flag\n--text=x=\ny\n--number=12\n--commit=batch\n--map=a=b\n--map=c\n"
	       "--dbname=shop\n--degree=end\n--count\n--count\n",
	       "one for each option that is no single run's");
	is_int(parse(&operand, &e, 2, "--text=mine", "--map=mine"), 0, "another one");
	is_int(cli_words_apply(&line, &words, &e), 0, "takes them");
	is_str(o.text, "mine", "where it does not say so itself");
	ok(o.list.n == 1 && strcmp(o.list.items[0], "mine") == 0, "of a list as well");
	ok(o.flag && o.number == 12 && o.choice == 2 && o.degree == 1 && o.count == 2, "all");
	is_str(o.server, "shop", "and where to go");
	ok(cli_has(&line, "number"), "as if they stood there");
	ident_list_release(&words);
	ident_list_add(&words, "--host=elsewhere");
	is_int(parse(&operand, &e, 1, "-dshop"), 0, "a server");
	is_int(cli_words_apply(&line, &words, &e), 0, "that is another one");
	is_str(o.host, NULL, "is not half of the one in the words");
	ident_list_release(&words);
}

static void
test_bad_words(void)
{
	static const char *const bad[] = {"x",      "-f",         "--nothing", "--flag=x",
					  "--text", "--number=0", "--number",  "--commit=x",
					  "",       "--"};
	static const char *const secrets[] = {"-dpostgres://me:pw@h/db", "-dpassword=pw",
					      "-huser=me password=pw"};
	const char *operand = NULL;
	struct ident_list words = {.n = 0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;

		ident_list_add(&words, bad[i]);
		ok(parse(&operand, &e, 0) == 0 && cli_words_apply(&line, &words, &e) == -1 &&
			   e.code == EXIT_JOBFILE,
		   "refused: \"%s\"", bad[i]);
		err_release(&e);
		ident_list_release(&words);
	}
	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		struct err e = ERR_INIT;
		char *word = strdup(secrets[i]);

		ok(parse(&operand, &e, 1, word) == 0 &&
			   cli_words_make(&line, &words, &e) == -1 && e.code == EXIT_USAGE &&
			   strstr(e.msg, "=pw") == NULL && strstr(e.msg, "pw@") == NULL,
		   "a plan keeps no password: %s", secrets[i]);
		err_release(&e);
		ident_list_release(&words);
		cli_release(&line);
		free(word);
	}
}

int
main(void)
{
	test_good();
	test_bad();
	test_twice();
	test_many();
	test_words();
	test_bad_words();
	cli_release(&line);
	return tap_done();
}
