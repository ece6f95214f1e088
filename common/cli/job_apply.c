/*
 * From a job's entries to a program's options.  A secret goes into struct
 * db_params and nowhere else; no message repeats a value of a key that may hold
 * one.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/cli/job.h"
#include "common/cli/job_parts.h"
#include "common/cli/jobfile.h"
#include "common/cli/options.h"
#include "common/pg/conninfo.h"

/* What job_apply() works with. */
struct applying {
	struct job *job;
	unsigned side;
	const struct cli_spec *spec;
	const struct cli_given *given;
	struct options *opts;
	struct err *e;
};

static const char *
block_name(const struct applying *a)
{
	return a->side == JOB_EXTRACT ? "source" : "destination";
}

/* Returns a text that lives as long as the job. */
static char *
keep(struct job *job, char *text)
{
	job->texts = xrealloc(job->texts, (job->ntexts + 1) * sizeof(*job->texts));
	job->texts[job->ntexts++] = text;
	return text;
}

static char *
expand(struct applying *a, const struct jobfile_entry *entry, size_t i, bool *expanded)
{
	char *text = jobfile_expand(entry->values[i], expanded, a->e);

	if (text == NULL) {
		job_accuse(a->job, entry, ": ", a->e);
		return NULL;
	}
	return keep(a->job, text);
}

static int
check_names(const char *text, enum jobkey_value value, struct err *e)
{
	struct ident_list list = {.names = NULL};
	char *schema = NULL, *name = NULL;
	int rc;

	if (value == JOBKEY_TABLE)
		rc = ident_parse_qualified(text, &schema, &name, e);
	else
		rc = ident_parse_list(text, &list, e);
	ident_list_release(&list);
	free(schema);
	free(name);
	return rc;
}

/* An item of a list is one name as it stands; one text has commas between names. */
static const char *
expand_names(struct applying *a, const struct jobfile_entry *entry)
{
	bool is_list = entry->kind == JOBFILE_LIST, expanded;
	struct buf names = BUF_INIT;
	const char *text = "";
	size_t i;

	for (i = 0; text != NULL && i < entry->n; i++) {
		char *quoted;

		text = expand(a, entry, i, &expanded);
		if (text == NULL)
			break;
		quoted = is_list ? ident_typed(text) : ident_keep_case(text);
		buf_addf(&names, "%s%s", i > 0 ? "," : "", quoted);
		if (check_names(is_list ? quoted : text, JOBKEY_NAMES, a->e) != 0) {
			job_accuse(a->job, entry, ": ", a->e);
			text = NULL;
		}
		free(quoted);
	}
	keep(a->job, buf_detach(&names));
	return text != NULL ? a->job->texts[a->job->ntexts - 1] : NULL;
}

/* YAML 1.1 has all of these; -1: none of them. */
static int
truth_of(const char *text)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return i & 1;
	return -1;
}

/* Options of a choice between yes and no take true and false as well. */
static const char *
as_choice(const struct cli_option *option, const char *text)
{
	const char *word = truth_of(text) == 1 ? "yes" : "no";
	const struct cli_choice *c;

	for (c = option->choices; c->word != NULL; c++)
		if (truth_of(text) >= 0 && strcmp(c->word, word) == 0)
			return word;
	return text;
}

static void
note_setting(struct job *job, const struct cli_option *option,
	     const struct jobfile_entry *entry)
{
	job->settings = xrealloc(job->settings, (job->nsettings + 1) * sizeof(*job->settings));
	job->settings[job->nsettings++] = (struct job_setting){option, entry};
}

static int
set_option(struct applying *a, const struct jobfile_entry *entry, const char *name,
	   const char *text)
{
	const struct cli_option *option = cli_find(a->spec, name);
	int truth = truth_of(text);

	if (option == NULL) /* the test of the list of keys forbids it */
		return job_refuse(a->job, entry, "this program has no such option", a->e);
	if (option->kind == CLI_FLAG && truth < 0)
		return job_refuse(a->job, entry, "takes true or false", a->e);
	if ((option->kind == CLI_FLAG || option->kind == CLI_DEGREE) && truth == 0)
		return 0;
	if (option->kind == CLI_DEGREE && truth > 0)
		text = NULL;
	if (option->kind == CLI_CHOICE || (option->kind == CLI_DEGREE && text != NULL))
		text = as_choice(option, text);
	if (cli_set(option, text, a->opts, a->e) != 0)
		return job_accuse(a->job, entry, " ", a->e);
	note_setting(a->job, option, entry);
	return 0;
}

/* The long option behind a key; "" for keys without one. */
static char *
option_name(const struct jobkey *key)
{
	char *name, *p;

	if (key->value == JOBKEY_SPECIAL) /* --password asks for one: another matter */
		return xstrdup(strcmp(key->name, "path") == 0 ? "csv" : "");
	name = xstrdup(key->value == JOBKEY_URI ? "dbname" : key->name);
	for (p = name; *p != '\0'; p++)
		*p = *p == '_' ? '-' : *p;
	return name;
}

static bool
is_overridden(const struct applying *a, const struct jobkey *key, const char *option)
{
	const char *const *over = jobkeys_overrides(key->group);

	for (; *over != NULL; over++)
		if (cli_has(a->given, *over))
			return true;
	return cli_has(a->given, option);
}

static void
note_exposed(struct applying *a, const struct jobfile_entry *entry)
{
	if (a->job->file->exposed && a->job->exposed == NULL)
		a->job->exposed = xasprintf("%s.%s", entry->block, entry->key);
}

static int
set_special(struct applying *a, const struct jobfile_entry *entry, const char *text,
	    bool literal)
{
	struct db_params *db = &a->opts->db;

	if (strcmp(entry->key, "password") == 0) {
		db->password = text;
		if (literal)
			note_exposed(a, entry);
	} else if (strcmp(entry->key, "database") == 0) {
		db->database = text;
	} else if (strcmp(entry->key, "service") == 0) {
		db->service = text;
	} else if (strcmp(entry->key, "path") == 0) {
		return set_option(a, entry, "csv", text);
	}
	return 0;
}

static int
set_uri(struct applying *a, const struct jobfile_entry *entry, const char *text, bool literal)
{
	int has_password = conninfo_check(text, a->e);

	if (has_password < 0)
		return job_accuse(a->job, entry, ": ", a->e);
	if (has_password > 0 && literal)
		note_exposed(a, entry);
	a->opts->db.conninfo = text;
	return 0;
}

/* The text that the key's option is set to, or NULL. */
static const char *
value_of(struct applying *a, const struct jobfile_entry *entry, const struct jobkey *key,
	 bool *expanded)
{
	const char *text;

	if (key->value == JOBKEY_NAMES)
		return expand_names(a, entry);
	text = expand(a, entry, 0, expanded);
	if (text == NULL || key->value != JOBKEY_TABLE)
		return text;
	if (check_names(text, key->value, a->e) == 0)
		return keep(a->job, ident_keep_case(text));
	job_accuse(a->job, entry, ": ", a->e);
	return NULL;
}

static int
apply_key(struct applying *a, const struct jobfile_entry *entry, const struct jobkey *key)
{
	char *option = option_name(key);
	bool expanded = false;
	const char *text;
	int rc = -1;

	/* said at the top level, it is for the other side */
	if (is_overridden(a, key, option) ||
	    (key->group == JOBKEY_DATABASE && entry->block == NULL &&
	     jobfile_find(a->job->file, block_name(a), "path") != NULL)) {
		free(option);
		return 0;
	}
	text = value_of(a, entry, key, &expanded);
	if (text != NULL) {
		a->job->connects = a->job->connects || key->group == JOBKEY_CONNECTION;
		if (key->value == JOBKEY_URI)
			rc = set_uri(a, entry, text, !expanded);
		else if (key->value == JOBKEY_SPECIAL)
			rc = set_special(a, entry, text, !expanded);
		else
			rc = set_option(a, entry, option, text);
	}
	free(option);
	return rc;
}

static int
apply_mapping(struct applying *a, const struct jobfile_entry *entry)
{
	const char *text = "";
	char *source, *target, *pair;
	bool expanded;

	if (cli_has(a->given, "map"))
		return 0;
	if (entry->kind == JOBFILE_SCALAR && (text = expand(a, entry, 0, &expanded)) == NULL)
		return -1;
	source = ident_typed(entry->key);
	target = *text != '\0' ? ident_typed(text) : xstrdup("");
	pair = keep(a->job, xasprintf("%s=%s", source, target));
	free(source);
	free(target);
	return set_option(a, entry, "map", pair);
}

static int
apply_entry(struct applying *a, const struct jobfile_entry *entry)
{
	const struct jobkey *key;

	if (job_is_mapping(entry))
		return (a->side & JOB_LOAD) != 0 ? apply_mapping(a, entry) : 0;
	key = jobkeys_find(entry->key);
	if (key->value == JOBKEY_BLOCK ||
	    ((entry->block == NULL ? key->top : jobkeys_block(entry->block)) & a->side) == 0)
		return 0;
	return apply_key(a, entry, key);
}

/* A file is not connected to. */
static int
check_file(struct applying *a)
{
	const struct jobfile *f = a->job->file;
	size_t i;

	for (i = 0; i < f->n; i++) {
		const struct jobfile_entry *entry = &f->entries[i];

		if (entry->block != NULL && strcmp(entry->block, block_name(a)) == 0 &&
		    jobkeys_find(entry->key)->group == JOBKEY_CONNECTION)
			return job_refuse(a->job, entry, "a CSV file has no connection", a->e);
	}
	return 0;
}

/* `type` has to be one of the kinds, and to fit what else is there. */
static int
check_type(struct applying *a)
{
	static const char *const types[] = {"postgres", "csv"};
	const struct jobfile_entry *type = jobfile_find(a->job->file, block_name(a), "type");
	const struct jobfile_entry *path = jobfile_find(a->job->file, block_name(a), "path");
	const char *text, *near;
	bool expanded;

	if (path != NULL && check_file(a) != 0)
		return -1;
	if (type == NULL)
		return 0;
	text = expand(a, type, 0, &expanded);
	if (text == NULL)
		return -1;
	if (strcmp(text, "postgres") == 0)
		return path == NULL
			       ? 0
			       : job_refuse(a->job, path, "only type csv has a path", a->e);
	if (strcmp(text, "csv") == 0)
		return path != NULL ? 0 : job_refuse(a->job, type, "csv needs a path", a->e);
	job_refuse(a->job, type, "takes postgres or csv", a->e);
	near = cli_nearest(text, types, 2);
	return near == NULL ? -1 : err_hint(a->e, "Perhaps you meant \"%s\".", near);
}

static bool
has_what(const struct applying *a)
{
	static const char *const keys[] = {"table", "query", "query_file", "path"};
	const char *const *over = jobkeys_overrides(JOBKEY_WHAT);
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (jobfile_find(a->job->file, "source", keys[i]) != NULL ||
		    jobfile_find(a->job->file, NULL, keys[i]) != NULL)
			return true;
	for (; *over != NULL; over++)
		if (cli_has(a->given, *over))
			return true;
	return false;
}

/* Where to load to is in the stream; what to read is nowhere else. */
static int
check_what(struct applying *a)
{
	const struct jobfile_entry *source = jobfile_find(a->job->file, NULL, "source");

	if (a->side != JOB_EXTRACT || has_what(a))
		return 0;
	if (source != NULL)
		job_refuse(a->job, source, "it does not say what to read", a->e);
	else
		err_set(a->e, EXIT_JOBFILE, "%s: there is no source, so nothing to read",
			a->job->file->path);
	return err_hint(a->e, "Give the source a table, a query or the path of a CSV file.");
}

int
job_apply(struct job *job, unsigned side, const struct cli_spec *spec,
	  const struct cli_given *given, struct options *opts, struct err *e)
{
	struct applying a = {job, side, spec, given, opts, e};
	const struct jobfile *f = job->file;
	int level;
	size_t i;

	if (check_type(&a) != 0)
		return -1;
	for (level = 0; level < 2; level++) /* what is said for one side counts more */
		for (i = 0; i < f->n; i++)
			if ((f->entries[i].block != NULL) == level &&
			    apply_entry(&a, &f->entries[i]) != 0)
				return -1;
	return check_what(&a);
}
