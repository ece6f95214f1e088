/*
 * Reading command lines by table.
 */
#include "common/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/connword.h"
#include "common/base/err.h"
#include "common/base/nearest.h"
#include "common/base/xalloc.h"
#include "common/cli/cli_value.h"
#include "common/cli/completion.h"
#include "common/cli/jobkeys.h"
#include "common/os/writeall.h"

#define LETTERLESS 256 /* getopt's value for the first option without a letter */
#define HELP_COLUMN 28 /* where --help's descriptions begin */

/* ---- the slots ---- */

static size_t
count_options(const struct cli_spec *spec)
{
	const struct cli_option *o;
	size_t t, n = 0;

	for (t = 0; cli_spec_table(spec, t, NULL) != NULL; t++)
		for (o = cli_spec_table(spec, t, NULL); o->help != NULL; o++)
			n += o->type != CLI_HEADING;
	return n;
}

static void
make_own(struct cli_line *line)
{
	const struct cli_kind *const *kinds = line->spec->kinds;
	size_t i, n = 0;

	while (kinds != NULL && kinds[n] != NULL)
		n++;
	line->own = xcalloc(n + 1, sizeof(*line->own));
	for (i = 0; i < n; i++)
		if (kinds[i]->size > 0)
			line->own[i] = xcalloc(1, kinds[i]->size);
}

static void *
own_of(const struct cli_line *line, const struct cli_kind *kind)
{
	size_t i = 0;

	while (line->spec->kinds[i] != kind)
		i++;
	return line->own[i];
}

static void
make_slots(struct cli_line *line, const struct cli_spec *spec, void *opts)
{
	const struct cli_kind *kind = NULL;
	const struct cli_option *o;
	size_t t;

	*line = (struct cli_line){.spec = spec};
	make_own(line);
	line->slots = xcalloc(count_options(spec), sizeof(*line->slots));
	for (t = 0; (o = cli_spec_table(spec, t, &kind)) != NULL; t++)
		for (; o->help != NULL; o++) {
			char *base = kind != NULL && kind->size > 0 ? own_of(line, kind) : opts;

			if (o->type != CLI_HEADING)
				line->slots[line->n++] = (struct cli_slot){
					.option = o, .kind = kind, .value = base + o->offset};
		}
}

/* The slots as getopt_long() wants them. */
struct flat {
	struct option *longs;
	char *shorts;
};

static void
flatten(const struct cli_line *line, struct flat *f)
{
	char *s = f->shorts = xcalloc(2 * line->n + 2, 1);
	size_t i;

	f->longs = xcalloc(line->n + 1, sizeof(*f->longs));
	*s++ = ':'; /* tell a missing argument from an unknown option */
	for (i = 0; i < line->n; i++) {
		const struct cli_option *o = line->slots[i].option;

		f->longs[i] = (struct option){.name = o->name,
					      .has_arg = o->type == CLI_DEGREE
								 ? optional_argument
							 : o->arg != NULL ? required_argument
									  : no_argument,
					      .val = LETTERLESS + (int)i};
		if (o->letter != 0) {
			*s++ = o->letter;
			if (o->arg != NULL)
				*s++ = ':';
		}
	}
}

static struct cli_slot *
find(const struct cli_line *line, int c)
{
	size_t i;

	if (c >= LETTERLESS)
		return &line->slots[c - LETTERLESS];
	for (i = 0; i < line->n; i++)
		if (line->slots[i].option->letter == c)
			return &line->slots[i];
	return NULL;
}

/* ---- --help ---- */

static void
print_option(const struct cli_option *o)
{
	char left[80];

	snprintf(left, sizeof(left), "%s%c%s--%s%s%s%s", o->letter ? "-" : " ",
		 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
		 o->type == CLI_DEGREE ? "[="
		 : o->arg != NULL      ? "="
				       : "",
		 o->arg != NULL ? o->arg : "", o->type == CLI_DEGREE ? "]" : "");
	if (strlen(left) > HELP_COLUMN)
		printf("  %s\n  %-*s %s\n", left, HELP_COLUMN, "", o->help);
	else
		printf("  %-*s %s\n", HELP_COLUMN, left, o->help);
}

static void
print_help(const struct cli_spec *spec)
{
	const struct cli_option *o;
	size_t t;

	printf("%s %s\n\nUsage:\n  %s %s\n", spec->program, spec->what, spec->program,
	       spec->usage);
	for (t = 0; cli_spec_table(spec, t, NULL) != NULL; t++)
		for (o = cli_spec_table(spec, t, NULL); o->help != NULL; o++) {
			if (o->type == CLI_HEADING)
				printf("\n%s:\n", o->help);
			else
				print_option(o);
		}
	printf("\n%s\n", spec->footer);
}

/* ---- what is wrong with a word ---- */

static int
try_help(const struct cli_spec *spec, struct err *e)
{
	return err_hint(e, "Try \"%s --help\" for more information.", spec->program);
}

/* The long options that ${name} is the beginning of, as "--a, --b"; returns their number. */
static int
candidates(const struct cli_line *line, const char *name, struct buf *list)
{
	size_t i;
	int n = 0;

	for (i = 0; i < line->n; i++)
		if (strncmp(line->slots[i].option->name, name, strlen(name)) == 0)
			buf_addf(list, "%s--%s", n++ > 0 ? ", " : "",
				 line->slots[i].option->name);
	return n;
}

/* What other programs call ${name}, as this one says it; or NULL. */
static const char *
said_instead(const struct cli_spec *spec, const char *name)
{
	size_t i;

	for (i = 0; spec->instead != NULL && spec->instead[i][0] != NULL; i++)
		if (strcmp(spec->instead[i][0], name) == 0)
			return spec->instead[i][1];
	return NULL;
}

/* The other program of the two, if it has an option of that name; or NULL. */
static const char *
others_option(const struct cli_spec *spec, const char *name)
{
	bool load = strcmp(spec->program, "portl-load") == 0;
	unsigned others = load ? JOB_EXTRACT : JOB_LOAD;
	char *key = xstrdup(name), *p;
	const struct jobkey *found;

	for (p = key; *p != '\0'; p++)
		*p = *p == '-' ? '_' : *p;
	found = jobkeys_find(key);
	free(key);
	if (found == NULL || found->special != JOBKEY_OPTION || (found->inside & others) == 0)
		return NULL;
	return load ? "portl-extract" : "portl-load";
}

static int
unknown_long(const struct cli_line *line, const char *name, struct err *e)
{
	const char **words = xcalloc(line->n, sizeof(*words)), *near;
	size_t i;

	for (i = 0; i < line->n; i++)
		words[i] = line->slots[i].option->name;
	near = nearest_word(name, words, line->n);
	free(words);
	err_set(e, EXIT_USAGE, "unknown option --%s", connword_shown(name));
	if (said_instead(line->spec, name) != NULL)
		return err_hint(e, "%s", said_instead(line->spec, name));
	if (others_option(line->spec, name) != NULL)
		return err_hint(e, "It is an option of %s.", others_option(line->spec, name));
	if (near == NULL)
		return try_help(line->spec, e);
	return err_hint(e, "Perhaps you meant --%s. Try \"%s --help\".", near,
			line->spec->program);
}

/* getopt_long() has returned '?': optopt is the letter, or the value of a row, or 0. */
static int
bad_option(const struct cli_line *line, const char *arg, struct err *e)
{
	struct buf list = BUF_INIT;
	char *name;
	int rc;

	if (optopt >= LETTERLESS) {
		err_set(e, EXIT_USAGE, "option --%s takes no argument",
			find(line, optopt)->option->name);
		return try_help(line->spec, e);
	}
	if (optopt != 0) {
		err_set(e, EXIT_USAGE, "unknown option -%c", optopt);
		return try_help(line->spec, e);
	}
	name = xstrndup(arg + 2, strcspn(arg + 2, "="));
	if (candidates(line, name, &list) > 1)
		rc = err_set(e, EXIT_USAGE, "option --%s may mean %s", name, buf_cstr(&list));
	else
		rc = unknown_long(line, name, e);
	buf_release(&list);
	free(name);
	return rc;
}

/* ---- what is on the line ---- */

struct cli_slot *
cli_find(const struct cli_line *line, const char *name)
{
	size_t i;

	for (i = 0; i < line->n; i++)
		if (strcmp(line->slots[i].option->name, name) == 0)
			return &line->slots[i];
	return NULL;
}

bool
cli_has(const struct cli_line *line, const char *name)
{
	const struct cli_slot *slot = cli_find(line, name);

	return slot != NULL && slot->given;
}

bool
cli_replaces(const struct cli_line *line, unsigned part)
{
	size_t i;

	for (i = 0; i < line->n; i++)
		if (line->slots[i].given && (line->slots[i].option->replaces & part) != 0)
			return true;
	return false;
}

const char *
cli_last(const struct cli_line *line, unsigned part)
{
	const struct cli_slot *last = NULL;
	size_t i;

	for (i = 0; i < line->n; i++) {
		const struct cli_slot *slot = &line->slots[i];

		if ((slot->option->part & part) != 0 && slot->order > 0 &&
		    (last == NULL || slot->order >= last->order))
			last = slot;
	}
	return last != NULL ? last->option->name : NULL;
}

/* ---- kinds ---- */

bool
cli_is_for(const struct cli_slot *slot, const struct cli_kind *kind)
{
	const char *p = slot->option->kinds;
	size_t len = strlen(kind->name);

	if (slot->kind == kind || (slot->kind == NULL && p == NULL))
		return true;
	while (p != NULL && (p = strstr(p, kind->name)) != NULL) {
		bool begins = p == slot->option->kinds || p[-1] == ' ';

		p += len;
		if (begins && (*p == ' ' || *p == '\0'))
			return true;
	}
	return false;
}

const struct cli_kind *
cli_flagged_kind(const struct cli_line *line)
{
	const struct cli_kind *const *k = line->spec->kinds;

	for (; k != NULL && *k != NULL; k++)
		if ((*k)->option != NULL && cli_has(line, (*k)->option))
			return *k;
	return NULL;
}

static int
misplaced(const struct cli_line *line, const struct cli_slot *slot, const struct cli_kind *kind,
	  struct err *e)
{
	const struct cli_kind *const *k = line->spec->kinds;
	const char *name = slot->option->name;

	if (kind->option != NULL) {
		err_usage(e, name, "--%s does not go with --%s", name, kind->option);
		return err_hint(e, "%s", kind->alone);
	}
	for (; *k != NULL; k++)
		if (cli_is_for(slot, *k))
			return err_usage(e, name, "--%s needs --%s", name, (*k)->option);
	return err_usage(e, name, "--%s goes with nothing here", name);
}

int
cli_choose(const struct cli_line *line, const struct cli_kind **kind, void **own, struct err *e)
{
	const struct cli_kind *const *k = line->spec->kinds;
	size_t i;

	*kind = NULL;
	for (; *k != NULL; k++) {
		const struct cli_slot *slot = (*k)->option != NULL
						      ? cli_find(line, (*k)->option)
						      : NULL;

		if (slot == NULL || slot->order == 0)
			continue;
		if (*kind != NULL)
			return err_usage(e, (*k)->option, "--%s and --%s exclude each other",
					 (*kind)->option, (*k)->option);
		*kind = *k;
	}
	for (k = line->spec->kinds; *kind == NULL && *k != NULL; k++)
		*kind = (*k)->option == NULL ? *k : NULL;
	if (*kind == NULL)
		return err_set(e, EXIT_USAGE, "no kind is meant without an option");
	*own = own_of(line, *kind);
	for (i = 0; i < line->n; i++)
		if (line->slots[i].order > 0 && !cli_is_for(&line->slots[i], *kind))
			return misplaced(line, &line->slots[i], *kind, e);
	return 0;
}

/* ---- the command line ---- */

/* The one that has this slot's value already, by this name or by another. */
static const struct cli_slot *
given_before(const struct cli_line *line, const struct cli_slot *slot)
{
	size_t i;

	for (i = 0; i < line->n && !cli_spec_adds_up(slot->option); i++)
		if (line->slots[i].given && line->slots[i].value == slot->value)
			return &line->slots[i];
	return NULL;
}

static int
given_twice(const struct cli_slot *before, const struct cli_slot *slot, struct err *e)
{
	const char *name = slot->option->name;

	if (before != slot)
		err_usage(e, name, "--%s and --%s mean the same: say it once",
			  before->option->name, name);
	else
		err_usage(e, name, "--%s is given twice", name);
	if (slot->option->type == CLI_TABLE)
		err_hint(e, "One run moves one table: run it once for each.");
	return -1;
}

static bool
is_secret(const struct cli_line *line, const char *conninfo)
{
	return line->spec->is_secret == NULL || line->spec->is_secret(conninfo);
}

/* Blank what ps shows of the argument; returns a copy of what it was. */
static const char *
hide(struct cli_line *line, char *arg)
{
	char *copy = xstrdup(arg);

	memset(arg, 'x', strlen(arg));
	line->texts = xrealloc(line->texts, (line->ntexts + 1) * sizeof(*line->texts));
	line->texts[line->ntexts++] = copy;
	line->exposed = true;
	return copy;
}

static int
take_option(struct cli_line *line, struct cli_slot *slot, char *arg, struct err *e)
{
	const struct cli_slot *before = given_before(line, slot);
	const char *text = arg;

	if (slot->option->type == CLI_CONNSTR && is_secret(line, arg))
		text = hide(line, arg);
	if (before != NULL)
		return given_twice(before, slot, e);
	slot->given = true;
	if (cli_value_set(slot, text, (size_t)optind, e) != 0)
		return err_prefix(e, "--%s ", slot->option->name);
	return 0;
}

static int
take_operands(struct cli_line *line, int argc, char **argv, const char **operands,
	      struct err *e)
{
	int i;

	for (i = optind; i < argc; i++) {
		if (connword_is(argv[i]) && access(argv[i], F_OK) != 0) {
			hide(line, argv[i]);
			err_set(e, EXIT_USAGE, "%s",
				line->spec->is_secret != NULL
					? "a connection string stands behind -d"
					: "a connection string is no file");
			return cli_brief(line->spec, e);
		}
		if (i - optind >= line->spec->max_operands) {
			err_set(e, EXIT_USAGE, "unexpected argument \"%s\"", argv[i]);
			return cli_brief(line->spec, e);
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

	if (o->type == CLI_COMPLETION && cli_value_choice(o, arg, &shell, e) != 0)
		return err_prefix(e, "--%s ", o->name);
	if (o->type == CLI_HELP)
		print_help(spec);
	else if (o->type == CLI_COMPLETION)
		completion_print(spec, (enum completion_shell)shell);
	else
		printf("%s (Portl) %s\n", spec->program, PORTL_VERSION);
	return writeall_finish(stdout, e) == 0 ? 1 : -1;
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

/* Take one option.  Returns 0, 1 for the end of options, 2 if that was all there is to do. */
static int
next_option(struct cli_line *line, const struct flat *f, int argc, char **argv, struct err *e)
{
	int before = optind, c;
	struct cli_slot *slot;

	optopt = 0;
	c = getopt_long(argc, argv, f->shorts, f->longs, NULL);
	if (c == -1)
		return 1;
	if (c == '?' && !is_help_letter(argv, before))
		return bad_option(line, argv[optind - 1], e);
	if (c == ':') {
		err_set(e, EXIT_USAGE, "option %s needs an argument", argv[optind - 1]);
		if (strcmp(argv[optind - 1], "-h") == 0)
			return err_hint(e, "-h names the server's host, as in psql; help is "
					   "printed by --help.");
		return try_help(line->spec, e);
	}
	slot = find(line, c);
	if (slot == NULL)
		return try_help(line->spec, e);
	if (slot->option->type >= CLI_HELP)
		return print_and_stop(line->spec, slot->option, optarg, e) < 0 ? -1 : 2;
	return take_option(line, slot, optarg, e);
}

int
cli_parse(struct cli_line *line, const struct cli_spec *spec, int argc, char **argv, void *opts,
	  const char **operands, struct err *e)
{
	struct flat f;
	int rc;

	make_slots(line, spec, opts);
	flatten(line, &f);
	opterr = 0;
	optind = 0; /* as glibc wants it for a new command line */
	do
		rc = next_option(line, &f, argc, argv, e);
	while (rc == 0);
	free(f.longs);
	free(f.shorts);
	if (rc != 1)
		return rc < 0 ? -1 : 1;
	return take_operands(line, argc, argv, operands, e);
}

int
cli_brief(const struct cli_spec *spec, struct err *e)
{
	return err_hint(e, "%s\nEvery option: %s --help. The manual: man %s", spec->brief,
			spec->program, spec->program);
}

void
cli_release(struct cli_line *line)
{
	size_t i;

	for (i = 0; i < line->n; i++)
		if (cli_spec_adds_up(line->slots[i].option) &&
		    line->slots[i].option->type != CLI_COUNT)
			free(((struct cli_list *)line->slots[i].value)->items);
	for (i = 0;
	     line->own != NULL && line->spec->kinds != NULL && line->spec->kinds[i] != NULL;
	     i++)
		free(line->own[i]);
	for (i = 0; i < line->ntexts; i++) {
		explicit_bzero(line->texts[i], strlen(line->texts[i]));
		free(line->texts[i]);
	}
	free(line->own);
	free(line->texts);
	free(line->slots);
	*line = (struct cli_line){.n = 0};
}
