/*
 * Reading command lines by table.
 */
#include "common/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/completion.h"

#define LETTERLESS 256 /* getopt's value for the first option without a letter */
#define HELP_COLUMN 28 /* where --help's descriptions begin */

/* The tables of a spec as one array, headings left out. */
struct flat {
	const struct cli_option *rows[CLI_ROWS_MAX];
	struct option longs[CLI_ROWS_MAX + 1];
	char shorts[2 * CLI_ROWS_MAX + 2];
	int n;
};

static void
flatten(const struct cli_spec *spec, struct flat *f)
{
	const struct cli_option *o;
	char *s = f->shorts;
	int t;

	*s++ = ':'; /* tell a missing argument from an unknown option */
	for (t = 0; spec->tables[t] != NULL; t++) {
		for (o = spec->tables[t]; o->help != NULL; o++) {
			if (o->kind == CLI_HEADING || f->n == CLI_ROWS_MAX)
				continue;
			f->rows[f->n] = o;
			f->longs[f->n] = (struct option){
				.name = o->name,
				.has_arg = o->kind == CLI_DEGREE ? optional_argument
					   : o->arg != NULL      ? required_argument
								 : no_argument,
				.val = LETTERLESS + f->n};
			if (o->letter != 0) {
				*s++ = o->letter;
				if (o->arg != NULL)
					*s++ = ':';
			}
			f->n++;
		}
	}
	*s = '\0';
}

static const struct cli_option *
find(const struct flat *f, int c)
{
	int i;

	if (c >= LETTERLESS)
		return f->rows[c - LETTERLESS];
	for (i = 0; i < f->n; i++)
		if (f->rows[i]->letter == c)
			return f->rows[i];
	return NULL;
}

static void
print_option(const struct cli_option *o)
{
	char left[80];

	snprintf(left, sizeof(left), "%s%c%s--%s%s%s%s", o->letter ? "-" : " ",
		 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
		 o->kind == CLI_DEGREE ? "[="
		 : o->arg != NULL      ? "="
				       : "",
		 o->arg != NULL ? o->arg : "", o->kind == CLI_DEGREE ? "]" : "");
	if (strlen(left) > HELP_COLUMN)
		printf("  %s\n  %-*s %s\n", left, HELP_COLUMN, "", o->help);
	else
		printf("  %-*s %s\n", HELP_COLUMN, left, o->help);
}

static void
print_help(const struct cli_spec *spec)
{
	const struct cli_option *o;
	int t;

	printf("%s %s\n\nUsage:\n  %s %s\n", spec->program, spec->what, spec->program,
	       spec->usage);
	for (t = 0; spec->tables[t] != NULL; t++)
		for (o = spec->tables[t]; o->help != NULL; o++) {
			if (o->kind == CLI_HEADING)
				printf("\n%s:\n", o->help);
			else
				print_option(o);
		}
	printf("\n%s\n", spec->footer);
}

/* Levenshtein distance, given up as soon as it is too large to matter. */
static size_t
distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), row[64], i, j;

	if (la >= 64 || lb >= 64)
		return 64;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (j = 1; j <= lb; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *
cli_nearest(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t len = strlen(word), least = len / 3 + 2 < len ? len / 3 + 2 : len, i;

	for (i = 0; i < n; i++) {
		bool begins = strlen(word) > 1 && strncmp(word, words[i], strlen(word)) == 0;
		size_t d = begins ? 0 : distance(word, words[i]);

		if (d < least) {
			least = d;
			best = words[i];
		}
	}
	return best;
}

static int
try_help(const struct cli_spec *spec, struct err *e)
{
	return err_hint(e, "Try \"%s --help\" for more information.", spec->program);
}

/* The long options that ${name} is the beginning of, as "--a, --b"; returns their number. */
static int
candidates(const struct flat *f, const char *name, struct buf *list)
{
	int i, n = 0;

	for (i = 0; i < f->n; i++)
		if (strncmp(f->rows[i]->name, name, strlen(name)) == 0)
			buf_addf(list, "%s--%s", n++ > 0 ? ", " : "", f->rows[i]->name);
	return n;
}

static int
unknown_long(const struct cli_spec *spec, const struct flat *f, const char *name, struct err *e)
{
	const char *words[CLI_ROWS_MAX], *near;
	int i;

	for (i = 0; i < f->n; i++)
		words[i] = f->rows[i]->name;
	near = cli_nearest(name, words, (size_t)f->n);
	err_set(e, EXIT_USAGE, "unknown option --%s", name);
	if (near == NULL)
		return try_help(spec, e);
	return err_hint(e, "Perhaps you meant --%s. Try \"%s --help\".", near, spec->program);
}

/* getopt_long() has returned '?': optopt is the letter, or the value of a row, or 0. */
static int
bad_option(const struct cli_spec *spec, const struct flat *f, const char *arg, struct err *e)
{
	struct buf list = BUF_INIT;
	char *name;
	int rc;

	if (optopt >= LETTERLESS) {
		err_set(e, EXIT_USAGE, "option --%s takes no argument", find(f, optopt)->name);
		return try_help(spec, e);
	}
	if (optopt != 0) {
		err_set(e, EXIT_USAGE, "unknown option -%c", optopt);
		return try_help(spec, e);
	}
	name = xstrndup(arg + 2, strcspn(arg + 2, "="));
	if (candidates(f, name, &list) > 1)
		rc = err_set(e, EXIT_USAGE, "option --%s may mean %s", name, buf_cstr(&list));
	else
		rc = unknown_long(spec, f, name, e);
	buf_release(&list);
	free(name);
	return rc;
}

static int
set_number(const struct cli_option *o, const char *arg, int64_t *value, struct err *e)
{
	char *end;

	errno = 0;
	*value = strtoll(arg, &end, 10);
	if (errno != 0 || end == arg || *end != '\0' || *value < o->min)
		return err_set(e, EXIT_USAGE,
			       "takes a whole number of at least %lld, not \"%s\"",
			       (long long)o->min, arg);
	return 0;
}

static int
set_choice(const struct cli_option *o, const char *arg, int *value, struct err *e)
{
	const struct cli_choice *c;
	const char *words[16], *near;
	size_t n = 0;

	for (c = o->choices; c->word != NULL; c++) {
		words[n++] = c->word;
		if (strcmp(c->word, arg) == 0) {
			*value = c->value;
			return 0;
		}
	}
	err_set(e, EXIT_USAGE, "takes %s, not \"%s\"", o->arg, arg);
	near = cli_nearest(arg, words, n);
	if (near != NULL)
		err_hint(e, "Perhaps you meant \"%s\".", near);
	return -1;
}

int
cli_set(const struct cli_option *o, const char *arg, void *opts, struct err *e)
{
	void *slot = (char *)opts + o->offset;
	struct cli_list *list = slot;

	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)slot = true;
		return 0;
	case CLI_STRING:
		*(const char **)slot = arg;
		return 0;
	case CLI_NUMBER:
		return set_number(o, arg, slot, e);
	case CLI_DEGREE:
		if (arg == NULL)
			arg = o->choices[0].word;
		return set_choice(o, arg, slot, e);
	case CLI_CHOICE:
		return set_choice(o, arg, slot, e);
	case CLI_LIST:
		list->items = xrealloc(list->items, (list->n + 1) * sizeof(*list->items));
		list->items[list->n++] = arg;
		return 0;
	default:
		return 0;
	}
}

const struct cli_option *
cli_find(const struct cli_spec *spec, const char *name)
{
	const struct cli_option *o;
	int t;

	for (t = 0; spec->tables[t] != NULL; t++)
		for (o = spec->tables[t]; o->help != NULL; o++)
			if (o->kind != CLI_HEADING && strcmp(o->name, name) == 0)
				return o;
	return NULL;
}

bool
cli_has(const struct cli_given *given, const char *name)
{
	size_t i;

	for (i = 0; i < given->n; i++)
		if (strcmp(given->rows[i]->name, name) == 0)
			return true;
	return false;
}

static void
remember(struct cli_given *given, const struct cli_option *o)
{
	if (given != NULL && !cli_has(given, o->name))
		given->rows[given->n++] = o;
}

static int
take_operands(const struct cli_spec *spec, int argc, char **argv, const char **operands,
	      struct err *e)
{
	int i;

	for (i = optind; i < argc; i++) {
		if (i - optind >= spec->max_operands) {
			err_set(e, EXIT_USAGE, "unexpected argument \"%s\"", argv[i]);
			return cli_brief(spec, e);
		}
		operands[i - optind] = argv[i];
	}
	return 0;
}

/* For the options that print something and do nothing else. */
static int
print_and_stop(const struct cli_spec *spec, const struct cli_option *o, const char *arg,
	       struct err *e)
{
	int shell = 0;

	if (o->kind == CLI_COMPLETION && set_choice(o, arg, &shell, e) != 0)
		return err_prefix(e, "--%s ", o->name);
	if (o->kind == CLI_HELP)
		print_help(spec);
	else if (o->kind == CLI_COMPLETION)
		completion_print(spec, (enum completion_shell)shell);
	else
		printf("%s (Portl) %s\n", spec->program, PORTL_VERSION);
	if (fflush(stdout) != 0)
		return err_errno(e, "could not write to standard output");
	return 1;
}

/*
 * The letter of --help is also what getopt_long() returns for a fault.  Among other letters
 * it leaves optind where it was ${before}; a long option that is none never does.
 */
static bool
is_help_letter(char *const *argv, int before)
{
	return optopt == 0 && (optind == before || strncmp(argv[optind - 1], "--", 2) != 0);
}

int
cli_parse(const struct cli_spec *spec, int argc, char **argv, void *opts,
	  struct cli_given *given, const char **operands, struct err *e)
{
	struct flat f = {.n = 0};
	int c;

	if (given != NULL)
		given->n = 0;
	flatten(spec, &f);
	opterr = 0;
	optind = 0; /* as glibc wants it for a new command line */
	for (;;) {
		const struct cli_option *o;
		int before = optind;

		optopt = 0;
		c = getopt_long(argc, argv, f.shorts, f.longs, NULL);
		if (c == -1)
			break;
		if (c == '?' && !is_help_letter(argv, before))
			return bad_option(spec, &f, argv[optind - 1], e);
		if (c == ':') {
			err_set(e, EXIT_USAGE, "option %s needs an argument", argv[optind - 1]);
			return try_help(spec, e);
		}
		o = find(&f, c);
		if (o == NULL)
			return try_help(spec, e);
		if (o->kind == CLI_HELP || o->kind == CLI_VERSION || o->kind == CLI_COMPLETION)
			return print_and_stop(spec, o, optarg, e);
		if (cli_set(o, optarg, opts, e) != 0)
			return err_prefix(e, "--%s ", o->name);
		remember(given, o);
	}
	return take_operands(spec, argc, argv, operands, e);
}

int
cli_brief(const struct cli_spec *spec, struct err *e)
{
	return err_hint(e, "%s\nEvery option: %s --help. The manual: man %s", spec->brief,
			spec->program, spec->program);
}

char *
cli_hide(char *arg)
{
	char *copy = xstrdup(arg);

	memset(arg, 'x', strlen(arg));
	return copy;
}
