/*
 * What a job says for each side in its blocks cannot be said here for both at once, unless
 * the line itself has two sides.
 */
#include "common/front/routing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/connword.h"
#include "common/base/err.h"
#include "common/base/nearest.h"
#include "common/base/xalloc.h"
#include "common/cli/cli_spec.h"
#include "common/cli/cli_value.h"
#include "common/front/programs.h"

/* Each ends with NULL. */
static const char *const either[] = {"dbname",  "host", "port", "username", "table",
				     "columns", "bare", "csv",  NULL};
static const char *const neither[] = {
	"output",      "check",    "completion", "digest-only",    "print-state",
	"list-states", "plan",     "part",       "make-plan",      "hold",
	"catch-up",    "publish",  "list-parts", "print-position", "drop-parts",
	"list-runs",   "drop-run", "drop-stale", "only-keys",      "differing-keys",
	NULL};

/* How much is said. */
static const char *const talk[] = {"quiet", "verbose", NULL};

enum side { SIDE_BOTH, SIDE_EXTRACT, SIDE_LOAD };

/* A word that is being taken apart. */
struct reading {
	struct front *f;
	const struct arglist *words;
	size_t i;            /* the one after it */
	enum side side;      /* of the line that it stands on */
	struct arglist said; /* names of options that are said once */
};

static bool
is_among(const char *const *list, const char *name)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

bool
routing_is_ours(const char *name)
{
	return !is_among(either, name) && !is_among(neither, name);
}

static int
try_help(struct err *e)
{
	return err_hint(e, "Try \"portl --help\".");
}

static int
set_job(struct front *f, const char *path, struct err *e)
{
	if (f->job != NULL) {
		err_set(e, EXIT_USAGE, "unexpected argument \"%s\"", path);
		return err_hint(e, "One run has one job.");
	}
	f->job = path;
	return 0;
}

/* A word that is no option. */
static int
take_operand(struct front *f, const char *word, struct err *e)
{
	if (connword_is(word) && access(word, F_OK) != 0) {
		err_set(e, EXIT_USAGE,
			f->command->takes_job ? "a connection string is no job"
					      : "a connection string stands behind -d");
		return f->command->takes_job
			       ? err_hint(e, "Say it with --source or --destination.")
			       : -1;
	}
	if (f->command->takes_job)
		return set_job(f, word, e);
	if (f->noperands >= f->command->operands)
		return err_set(e, EXIT_USAGE, "unexpected argument \"%s\"", word);
	f->operands[f->noperands++] = word;
	return 0;
}

static void
pass_on(struct arglist *list, const char *name, const char *value)
{
	if (value != NULL)
		arglist_addf(list, "--%s=%s", name, value);
	else
		arglist_addf(list, "--%s", name);
}

static int
say_once(struct reading *r, const char *shown, const char *name, struct err *e)
{
	size_t i;

	for (i = 0; i < r->said.n; i++)
		if (strcmp(r->said.words[i], name) == 0)
			return err_set(e, EXIT_USAGE, "%s is given twice", shown);
	arglist_add(&r->said, name);
	return 0;
}

/* Has the command, of the options that it keeps to itself, this one? */
static bool
takes(const struct front_command *command, const char *name)
{
	char *word = xasprintf("--%s", name);
	bool is = command->takes != NULL && strstr(command->takes, word) != NULL;

	free(word);
	return is;
}

/* What is not simply passed on; returns 0 for the others. */
static int
keep(struct reading *r, const char *shown, const char *name, const char *value, struct err *e)
{
	bool summary = strcmp(name, "summary") == 0; /* one file, one writer */
	bool dry_run = strcmp(name, "dry-run") == 0; /* a rehearsal has rows */
	bool differences = strcmp(name, "differences") == 0;

	if (!summary && !dry_run && !differences)
		return 0;
	if (!takes(r->f->command, name))
		return err_set(e, EXIT_USAGE, "%s does nothing with portl %s", shown,
			       r->f->command->name);
	if (say_once(r, shown, name, e) != 0)
		return -1;
	if (summary)
		r->f->summary = value;
	else if (differences)
		r->f->differences = value;
	else
		r->f->dry_run = true;
	return 1;
}

/* In front of -- it is about both; said there, it needs no saying behind it. */
static int
pass_talk(struct reading *r, const char *name)
{
	char *word = xasprintf("--%s", name);
	struct front *f = r->f;

	if (r->side != SIDE_LOAD)
		pass_on(&f->for_extract, name, NULL);
	if (r->side != SIDE_LOAD || !arglist_has(&f->for_extract, word))
		pass_on(&f->for_load, name, NULL);
	free(word);
	return 0;
}

/* ${shown} is the option as it was typed. */
static int
route(struct reading *r, const char *shown, const struct cli_option *o, const char *value,
      struct err *e)
{
	struct front *f = r->f;
	const char *name = o->name;
	int kept;

	if (strcmp(name, "job") == 0)
		return set_job(f, value, e);
	if (r->side == SIDE_BOTH && is_among(either, name)) {
		err_set(e, EXIT_USAGE, "%s could be meant for either side", shown);
		return err_hint(
			e,
			f->job == NULL
				? "Put -- between the options of both sides: portl run "
				  "-d shop -t orders -- -d dw"
				: "Say it in the blocks source and destination of the job, or "
				  "use --source and --destination.");
	}
	if (is_among(neither, name)) {
		err_set(e, EXIT_USAGE, "%s has no meaning here", shown);
		return err_hint(e, "Run portl-extract and portl-load by themselves.");
	}
	f->ordered = f->ordered || strcmp(name, "order") == 0;
	kept = keep(r, shown, name, value, e);
	if (kept != 0)
		return kept < 0 ? -1 : 0;
	if (is_among(talk, name))
		return pass_talk(r, name);
	if (r->side != SIDE_LOAD &&
	    optlist_find(f->extract_options.options, name, strlen(name)) != NULL)
		pass_on(&f->for_extract, name, value);
	if (r->side != SIDE_EXTRACT &&
	    optlist_find(f->load_options.options, name, strlen(name)) != NULL)
		pass_on(&f->for_load, name, value);
	return 0;
}

/* An option of ours, else one of the two programs'. */
static const struct cli_option *
look_up(const struct reading *r, const char *name, size_t len, char letter, bool *own)
{
	const struct cli_option *const tables[] = {
		r->f->command->own,
		r->side != SIDE_LOAD ? r->f->extract_options.options : NULL,
		r->side != SIDE_EXTRACT ? r->f->load_options.options : NULL,
	};
	const struct cli_option *o = NULL;
	size_t i;

	for (i = 0; o == NULL && i < sizeof(tables) / sizeof(tables[0]); i++) {
		o = name != NULL ? optlist_find(tables[i], name, len)
				 : optlist_find_letter(tables[i], letter);
		*own = i == 0;
	}
	return o;
}

static int
settle(struct reading *r, const char *shown, const struct cli_option *o, bool own,
       const char *value, struct err *e)
{
	struct cli_slot slot = {.option = o, .value = (char *)r->f + o->offset};

	if (!own)
		return route(r, shown, o, value, e);
	if (say_once(r, shown, o->name, e) != 0)
		return -1;
	return cli_value_set(&slot, value, 1, e) == 0 ? 0 : err_prefix(e, "%s ", shown);
}

static size_t
add_names(const struct cli_option *o, const char **words, size_t n)
{
	for (; o != NULL && o->name != NULL; o++)
		words[n++] = o->name;
	return n;
}

/* ${misspelt} is the long name, or NULL. */
static int
hint_nearest(const struct reading *r, const char *misspelt, struct err *e)
{
	const struct cli_option *o = r->f->command->own;
	size_t own = 0, n;
	const char **words, *near;

	for (; o != NULL && o->name != NULL; o++)
		own++;
	words = xcalloc(own + r->f->extract_options.n + r->f->load_options.n + 1,
			sizeof(*words));
	n = add_names(r->f->command->own, words, 0);
	n = add_names(r->f->extract_options.options, words, n);
	n = add_names(r->f->load_options.options, words, n);
	near = misspelt != NULL ? nearest_word(misspelt, words, n) : NULL;
	free(words);
	return near != NULL ? err_hint(e, "Perhaps you meant --%s.", near) : try_help(e);
}

/* It may be one of the side that is not meant here. */
static int
unknown(const struct reading *r, const char *shown, const char *name, size_t len, char letter,
	struct err *e)
{
	bool extract = r->side == SIDE_EXTRACT;
	const struct cli_option *others = extract ? r->f->load_options.options
						  : r->f->extract_options.options;
	const struct cli_option *o = name != NULL ? optlist_find(others, name, len)
						  : optlist_find_letter(others, letter);

	if (r->side == SIDE_BOTH || o == NULL) {
		err_set(e, EXIT_USAGE, "unknown option %s", connword_shown(shown));
		return hint_nearest(r, name != NULL ? shown + 2 : NULL, e);
	}
	err_set(e, EXIT_USAGE, "%s is an option of %s", shown,
		extract ? "portl-load" : "portl-extract");
	return err_hint(e, extract ? "Put it behind --." : "Put it before --.");
}

/* The next word is this one's argument. */
static int
next_word(struct reading *r, const char *shown, const char **value, struct err *e)
{
	if (r->i >= r->words->n) {
		err_set(e, EXIT_USAGE, "option %s needs an argument", shown);
		return try_help(e);
	}
	*value = r->words->words[r->i++];
	return 0;
}

static int
take_long(struct reading *r, const char *word, struct err *e)
{
	size_t len = strcspn(word + 2, "=");
	const char *value = word[2 + len] == '=' ? word + 2 + len + 1 : NULL;
	char *shown = xstrndup(word, 2 + len);
	bool own;
	const struct cli_option *o = look_up(r, word + 2, len, '\0', &own);
	int rc = 0;

	if (o == NULL) {
		rc = unknown(r, shown, word + 2, len, '\0', e);
	} else if (o->arg == NULL && value != NULL) {
		rc = err_set(e, EXIT_USAGE, "option %s takes no argument", shown);
	} else if (o->arg != NULL && value == NULL && o->type != CLI_DEGREE) {
		rc = next_word(r, shown, &value, e);
	}
	if (o != NULL && rc == 0)
		rc = settle(r, shown, o, own, value, e);
	free(shown);
	return rc;
}

/* Letters, of which the last may have an argument. */
static int
take_letters(struct reading *r, const char *word, struct err *e)
{
	const char *p;

	for (p = word + 1; *p != '\0'; p++) {
		char shown[3] = {'-', *p, '\0'};
		const char *value = NULL;
		bool own;
		const struct cli_option *o = look_up(r, NULL, 0, *p, &own);

		if (o == NULL)
			return unknown(r, shown, NULL, 0, *p, e);
		if (o->arg != NULL && p[1] != '\0')
			value = p + 1;
		else if (o->arg != NULL && next_word(r, shown, &value, e) != 0)
			return -1;
		if (settle(r, shown, o, own, value, e) != 0)
			return -1;
		if (o->arg != NULL)
			break;
	}
	return 0;
}

/* Both programs read it, so that it has to be a file. */
static int
check_job(const struct front *f, struct err *e)
{
	struct stat st;

	if (f->job == NULL || stat(f->job, &st) != 0 || S_ISREG(st.st_mode))
		return 0;
	err_set(e, EXIT_JOBFILE, "%s is not a file", f->job);
	return err_hint(e, "Both programs read the job, so that it has to be a file.");
}

static int
check_operands(const struct front *f, struct err *e)
{
	bool enough = f->noperands >= f->command->needs;

	if (f->command->takes_job)
		enough = f->job != NULL || f->sides || f->resume != NULL;
	if (enough)
		return check_job(f, e);
	err_set(e, EXIT_USAGE, "%s", f->command->missing);
	return err_hint(e, "%s", f->command->example);
}

static bool
is_rest(const struct front *f)
{
	return f->command->takes_command && f->noperands == f->command->operands;
}

static int
take_word(struct reading *r, const char *word, struct err *e)
{
	if (is_rest(r->f) && (word[0] != '-' || strcmp(word, "--") == 0))
		for (r->i -= word[0] != '-'; r->i < r->words->n; r->i++)
			arglist_add(&r->f->rest, r->words->words[r->i]);
	else if (strcmp(word, "--") == 0 && r->side == SIDE_EXTRACT)
		r->side = SIDE_LOAD;
	else if (strncmp(word, "--", 2) == 0)
		return take_long(r, word, e);
	else if (word[0] == '-' && word[1] != '\0')
		return take_letters(r, word, e);
	else
		return take_operand(r->f, word, e);
	return 0;
}

int
routing_parse(struct front *f, const struct arglist *words, struct err *e)
{
	struct reading r = {.f = f, .words = words};
	bool options = false;
	size_t i;
	int rc = 0;

	for (i = 0; i < words->n; i++) {
		options = options || (words->words[i][0] == '-' && words->words[i][1] != '\0');
		f->sides |= f->command->takes_job && strcmp(words->words[i], "--") == 0;
	}
	if (options && programs_ask_options(f, e) != 0)
		return -1;
	r.side = f->sides ? SIDE_EXTRACT : SIDE_BOTH;
	while (rc == 0 && r.i < words->n)
		rc = take_word(&r, words->words[r.i++], e);
	arglist_release(&r.said);
	return rc == 0 ? check_operands(f, e) : -1;
}
