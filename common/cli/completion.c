/*
 * What an option's argument can be is told by its kind and the word that --help
 * calls it: choices are proposed, a FILE is looked for, of others nothing is
 * known.
 */
#include "common/cli/completion.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/cli/cli_spec.h"

const struct cli_choice completion_shells[] = {{"bash", COMPLETION_BASH},
					       {"zsh", COMPLETION_ZSH},
					       {"fish", COMPLETION_FISH},
					       {"list", COMPLETION_LIST},
					       {NULL, 0}};

static bool
takes_file(const struct cli_option *o)
{
	return o->arg != NULL && strcmp(o->arg, "FILE") == 0;
}

/* For single quotes, in which nothing is special but the quote itself. */
static void
print_quoted(const char *text, const char *quote, const char *also)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs(quote, stdout);
		else if (strchr(also, *text) != NULL)
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void
print_words(const struct cli_option *o)
{
	const struct cli_choice *c;

	for (c = o->choices; c->word != NULL; c++)
		printf("%s%s", c != o->choices ? " " : "", c->word);
}

typedef void visit(const struct cli_option *o, const struct cli_spec *spec);

static void
for_each(const struct cli_spec *spec, visit *f)
{
	const struct cli_option *o;
	size_t t;

	for (t = 0; cli_spec_table(spec, t, NULL) != NULL; t++)
		for (o = cli_spec_table(spec, t, NULL); o->help != NULL; o++)
			if (o->type != CLI_HEADING)
				f(o, spec);
}

/* portl-load's functions are called _portl_load… */
static void
print_function(const struct cli_spec *spec)
{
	const char *p;

	putchar('_');
	for (p = spec->program; *p != '\0'; p++)
		putchar(*p == '-' ? '_' : *p);
}

static void
bash_case(const struct cli_option *o, const struct cli_spec *spec)
{
	(void)spec;
	if (o->arg == NULL)
		return;
	printf("\t--%s", o->name);
	if (o->letter != 0)
		printf("|-%c", o->letter);
	printf(") ");
	if (o->choices != NULL) {
		printf("words='");
		print_words(o);
		printf("'");
	} else if (takes_file(o)) {
		printf("files=1");
	} else {
		printf(":");
	}
	printf(" ;;\n");
}

static void
bash_word(const struct cli_option *o, const struct cli_spec *spec)
{
	(void)spec;
	printf(" --%s%s", o->name, o->arg != NULL && o->type != CLI_DEGREE ? "=" : "");
}

/* bash parts words at "=", which is a word then; readline replaces the last one only. */
static void
print_bash(const struct cli_spec *spec, const char *commands)
{
	printf("# bash completion for %s\n\n", spec->program);
	print_function(spec);
	printf("()\n{\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal words='' files=''\n\n"
	       "\tif [ \"$cur\" = = ]; then\n"
	       "\t\tcur=\n"
	       "\telif [ \"$prev\" = = ]; then\n"
	       "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	       "\tfi\n");
	if (commands != NULL)
		printf("\t[ \"$COMP_CWORD\" -ne 1 ] || prev=%s\n", spec->program);
	printf("\tcase $prev in\n");
	if (commands != NULL)
		printf("\t%s) words='%s --help --version' ;;\n", spec->program, commands);
	for_each(spec, bash_case);
	printf("\t*) case $cur in\n"
	       "\t\t-*) words='");
	for_each(spec, bash_word);
	printf("' ;;\n"
	       "\t\t*) files=%s ;;\n"
	       "\t\tesac ;;\n"
	       "\tesac\n"
	       "\tCOMPREPLY=()\n"
	       "\tif [ -n \"$words\" ]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	       "\t\t[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null\n"
	       "\telif [ -n \"$files\" ]; then\n"
	       "\t\tcompopt -o filenames 2>/dev/null\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	       "\tfi\n"
	       "}\n\n",
	       spec->max_operands > 0 ? "1" : "");
	printf("complete -F ");
	print_function(spec);
	printf(" %s\n", spec->program);
}

static void
zsh_option(const struct cli_option *o, const struct cli_spec *spec)
{
	bool adds_up = cli_spec_adds_up(o);
	const char *often = adds_up ? "*" : "";

	(void)spec;
	printf("\t");
	if (o->letter != 0 && !adds_up)
		printf("'(-%c --%s)'", o->letter, o->name);
	if (o->letter != 0)
		printf("{'%s-%c%s','%s--%s%s'}'", often, o->letter, o->arg != NULL ? "+" : "",
		       often, o->name, o->arg != NULL ? "=" : "");
	else
		printf("'%s--%s%s", often, o->name,
		       o->type == CLI_DEGREE ? "=-"
		       : o->arg != NULL      ? "="
					     : "");
	printf("[");
	print_quoted(o->help, "'\\''", "[]:");
	printf("]");
	if (o->arg != NULL) {
		printf("%s%s:", o->type == CLI_DEGREE ? "::" : ":", o->name);
		if (o->choices != NULL) {
			printf("(");
			print_words(o);
			printf(")");
		} else if (takes_file(o)) {
			printf("_files");
		} else {
			printf(" ");
		}
	}
	printf("' \\\n");
}

static void
print_zsh(const struct cli_spec *spec, const char *commands)
{
	printf("#compdef %s\n\n_arguments -s -S \\\n", spec->program);
	for_each(spec, zsh_option);
	if (commands != NULL)
		printf("\t'1:command:(%s)' '2:job:_files'\n", commands);
	else if (spec->max_operands > 0)
		printf("\t'*:file:_files'\n");
	else
		printf("\t'*: :'\n");
}

static void
fish_option(const struct cli_option *o, const struct cli_spec *spec)
{
	printf("complete -c %s", spec->program);
	if (o->letter != 0)
		printf(" -s '%c'", o->letter);
	printf(" -l %s", o->name);
	if (o->choices != NULL) {
		printf(o->type == CLI_DEGREE ? " -f -a '" : " -x -a '");
		print_words(o);
		printf("'");
	} else if (takes_file(o)) {
		printf(" -r -F");
	} else if (o->arg != NULL) {
		printf(" -x");
	}
	printf(" -d '");
	print_quoted(o->help, "\\'", "\\");
	printf("'\n");
}

static void
print_fish(const struct cli_spec *spec, const char *commands)
{
	printf("# fish completion for %s\n\n", spec->program);
	if (spec->max_operands == 0)
		printf("complete -c %s -f\n", spec->program);
	for_each(spec, fish_option);
	if (commands != NULL)
		printf("complete -c %s -n __fish_use_subcommand -f -a \"%s\"\n", spec->program,
		       commands);
}

static const char *
list_type(const struct cli_option *o)
{
	if (o->type == CLI_COUNT)
		return "count";
	if (o->type == CLI_DEGREE)
		return "degree";
	if (cli_spec_adds_up(o))
		return "many";
	return o->arg != NULL ? "one" : "flag";
}

static void
list_option(const struct cli_option *o, const struct cli_spec *spec)
{
	char letter[2] = {o->letter, '\0'};

	(void)spec;
	printf("%s\t%s\t%s\t%s\t", o->name, letter, list_type(o), o->arg != NULL ? o->arg : "");
	if (o->choices != NULL)
		print_words(o);
	printf("\t%s\n", o->help);
}

void
completion_print_front(const struct cli_spec *spec, const char *commands,
		       enum completion_shell shell)
{
	switch (shell) {
	case COMPLETION_BASH:
		print_bash(spec, commands);
		break;
	case COMPLETION_ZSH:
		print_zsh(spec, commands);
		break;
	case COMPLETION_FISH:
		print_fish(spec, commands);
		break;
	case COMPLETION_LIST:
		for_each(spec, list_option);
		break;
	}
}

void
completion_print(const struct cli_spec *spec, enum completion_shell shell)
{
	completion_print_front(spec, NULL, shell);
}
