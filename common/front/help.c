/*
 * The options of both programs are one table for the shells, each of them once.
 */
#include "common/front/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/cli_spec.h"
#include "common/cli/cli_value.h"
#include "common/cli/completion.h"
#include "common/front/programs.h"
#include "common/front/routing.h"

#define COLUMN 28 /* where descriptions begin */

void
help_general(const struct front_command *commands, size_t n)
{
	size_t i;

	printf("portl runs and checks jobs: what is read where, and how it is loaded.\n\n"
	       "Usage:\n");
	for (i = 0; i < n; i++)
		printf("  portl %s %s\n", commands[i].name, commands[i].usage);
	printf("  portl help [COMMAND]\n\n");
	for (i = 0; i < n; i++)
		printf("%-7s %s\n", commands[i].name, commands[i].what);
	printf("\nOptions are those of portl-extract and portl-load, and win over the job file.\n"
	       "In place of a job: their options with -- between, as in\n"
	       "  portl run -d shop -t orders -- -d dw --create\n\n"
	       "The most useful here:\n"
	       "  -n, --dry-run               load everything, then roll back\n"
	       "  --source=CONNSTR            read from another database than the job says\n"
	       "  --destination=CONNSTR       load into another database than the job says\n"
	       "  --reset-state               begin anew with all rows\n"
	       "  --summary=FILE              write the receipt to FILE as one line of JSON\n"
	       "  -q, --quiet                 print errors only\n"
	       "  -v, --verbose               print what is done; twice: with the SQL\n"
	       "  -V, --version               print the version and exit\n"
	       "  -?, --help                  print this help and exit\n\n"
	       "Exit status: 0 only if every row is committed (run), it could start (check),\n"
	       "all rows are equal (verify).\n\n"
	       "Manual: man portl. Job files: man portl-job\n");
}

static void
print_option(const struct cli_option *o)
{
	char left[80];

	if (o->letter != 0)
		snprintf(left, sizeof(left), "-%c, --%s%s%s", o->letter, o->name,
			 o->arg != NULL ? "=" : "", o->arg != NULL ? o->arg : "");
	else
		snprintf(left, sizeof(left), "    --%s%s%s", o->name, o->arg != NULL ? "=" : "",
			 o->arg != NULL ? o->arg : "");
	printf("  %-*s %s\n", COLUMN, left, o->help);
}

void
help_command(const struct front_command *command)
{
	const struct cli_option *o;

	printf("Usage:\n  portl %s %s\n\n%s", command->name, command->usage, command->help);
	if (command->own != NULL)
		printf("\nOptions:\n");
	for (o = command->own; o != NULL && o->help != NULL; o++)
		print_option(o);
	printf("\nManual: man portl\n");
}

/* Options that are not there yet, and mean something here. */
static void
add_options(struct cli_option **all, size_t *n, const struct cli_option *o, bool own)
{
	for (; o != NULL && o->help != NULL; o++) {
		if (o->type == CLI_HEADING || (!own && !routing_is_ours(o->name)) ||
		    (*n > 0 && optlist_find(*all, o->name, strlen(o->name)) != NULL))
			continue;
		*all = xrealloc(*all, (*n + 2) * sizeof(**all));
		(*all)[*n] = *o;
		(*all)[++*n] = (struct cli_option){.help = NULL};
	}
}

static int
shell_of(const char *word, enum completion_shell *shell, struct err *e)
{
	const struct cli_option option = {.arg = "bash|zsh|fish", .choices = completion_shells};
	int value = 0;

	if (cli_value_choice(&option, word, &value, e) != 0)
		return err_prefix(e, "--completion ");
	*shell = (enum completion_shell)value;
	return 0;
}

int
help_completion(struct front *f, const struct front_command *commands, size_t n,
		const char *word, struct err *e)
{
	struct cli_spec spec = {.program = "portl", .max_operands = 1};
	enum completion_shell shell = COMPLETION_BASH;
	struct cli_option *all = NULL;
	struct buf names = BUF_INIT;
	size_t i, count = 0;

	if (shell_of(word, &shell, e) != 0 || programs_ask_options(f, e) != 0)
		return -1;
	add_options(&all, &count, f->extract_options.options, false);
	add_options(&all, &count, f->load_options.options, false);
	for (i = 0; i < n; i++) {
		add_options(&all, &count, commands[i].own, true);
		buf_addf(&names, "%s%s", i > 0 ? " " : "", commands[i].name);
	}
	spec.tables[0] = all;
	completion_print_front(&spec, buf_cstr(&names), shell);
	buf_release(&names);
	free(all);
	return 0;
}
