/*
 * A job: its file, the check of all keys, and what job_apply() leaves behind.
 */
#include "common/cli/job.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/nearest.h"
#include "common/base/xalloc.h"
#include "common/cli/cli.h"
#include "common/cli/job_parts.h"
#include "common/cli/jobfile.h"

int
job_accuse(const struct job *job, const struct jobfile_entry *entry, const char *link,
	   struct err *e)
{
	e->code = EXIT_JOBFILE;
	return err_prefix(e, "%s:%zu: %s%s%s%s%s%s", job->file->path, entry->line,
			  entry->block != NULL ? entry->block : "",
			  entry->block != NULL ? "." : "",
			  entry->relation != NULL ? entry->relation : "",
			  entry->relation != NULL ? "." : "", entry->key, link);
}

int
job_refuse(const struct job *job, const struct jobfile_entry *entry, const char *what,
	   struct err *e)
{
	err_set(e, EXIT_JOBFILE, "%s", what);
	return job_accuse(job, entry, ": ", e);
}

const char *
job_block(const struct job *job)
{
	return job->side == JOB_EXTRACT ? "source" : "destination";
}

/* ---- what a key means ---- */

/* The kind whose option the key is a job's word for, or NULL. */
static const struct cli_kind *
kind_of(const struct cli_line *line, const char *key)
{
	const struct cli_kind *const *k = line->spec->kinds;

	for (; k != NULL && *k != NULL; k++)
		if ((*k)->key != NULL && strcmp((*k)->key, key) == 0)
			return *k;
	return NULL;
}

/* The option that is called as the key, with - for _; or NULL. */
static struct cli_slot *
option_of(const struct cli_line *line, const char *key)
{
	char *name = xstrdup(key), *p;
	struct cli_slot *slot;

	for (p = name; *p != '\0'; p++)
		*p = *p == '_' ? '-' : *p;
	slot = strchr(key, '-') == NULL ? cli_find(line, name) : NULL;
	if (slot == NULL && p > name &&
	    p[-1] == 's') { /* a list of what the option takes one of */
		p[-1] = '\0';
		slot = cli_find(line, name);
		if (slot != NULL && slot->option->type != CLI_PATTERN)
			slot = NULL;
	}
	free(name);
	return slot;
}

/* Is it an option that a kind brings along, other than by a word for jobs? */
static bool
is_kinds_own(const struct cli_slot *slot)
{
	return slot != NULL && slot->kind != NULL && slot->kind->size > 0 &&
	       (slot->kind->key == NULL || strcmp(slot->option->name, slot->kind->option) != 0);
}

static int
key_inside(const struct job *job, const struct cli_line *line, const char *name,
	   struct job_key *key)
{
	const struct jobkey *known = jobkeys_find(name);
	const struct cli_kind *kind = kind_of(line, name);

	key->special = known != NULL ? known->special : JOBKEY_OPTION;
	key->slot = option_of(line, name);
	if (key->special == JOBKEY_URI)
		key->slot = cli_find(line, "dbname");
	else if (key->special != JOBKEY_OPTION)
		key->slot = NULL;
	if (kind != NULL)
		key->slot = cli_find(line, kind->option);
	if (kind != NULL || is_kinds_own(key->slot))
		return 1;
	return known != NULL && (known->inside & job->side) != 0 ? 1 : -1;
}

/* In the block of one relation. */
static int
key_of_one(const struct job *job, const struct cli_line *line, const char *name,
	   struct job_key *key)
{
	const struct jobkey *known = jobkeys_find(name);

	if (known == NULL || known->each == 0)
		return -1;
	key->special = JOBKEY_OPTION;
	key->slot = option_of(line, name);
	return (known->each & job->side) != 0;
}

bool
job_is_relation(const struct jobfile_entry *entry)
{
	return entry->block != NULL && entry->relation == NULL &&
	       strcmp(entry->block, JOBFILE_TABLES) == 0;
}

int
job_key(const struct job *job, const struct cli_line *line, const struct jobfile_entry *entry,
	struct job_key *key)
{
	const struct jobkey *known;

	if (entry->relation != NULL)
		return key_of_one(job, line, entry->key, key);
	if (job_is_relation(entry))
		return 0;
	if (entry->block == NULL && strcmp(entry->key, JOBFILE_TABLES) == 0) {
		key->special = JOBKEY_BLOCK;
		return 1;
	}
	if (entry->block != NULL)
		return strcmp(entry->block, job_block(job)) == 0
			       ? key_inside(job, line, entry->key, key)
			       : 0;
	known = jobkeys_find(entry->key);
	if (known == NULL || known->top == 0)
		return -1;
	key->special = known->special;
	key->slot = known->special == JOBKEY_OPTION ? option_of(line, entry->key) : NULL;
	return (known->top & job->side) != 0 || known->special == JOBKEY_BLOCK;
}

/* ---- what is wrong with one ---- */

static const char *
nearest_key(const struct job *job, const struct cli_line *line, const char *name, bool inside)
{
	const char **words = xcalloc(JOBKEYS_MAX + line->n, sizeof(*words)), *near;
	size_t n = jobkeys_words(inside ? job->side : 0, words), i;
	const struct cli_kind *const *k = line->spec->kinds;

	for (i = 0; inside && i < line->n; i++)
		if (is_kinds_own(&line->slots[i]) &&
		    strchr(line->slots[i].option->name, '-') == NULL)
			words[n++] = line->slots[i].option->name;
	for (; inside && k != NULL && *k != NULL; k++)
		if ((*k)->key != NULL)
			words[n++] = (*k)->key;
	near = nearest_word(name, words, n);
	free(words);
	return near;
}

/* The key that says what the option called ${name} says, if it has another name. */
static const char *
key_instead(const struct cli_line *line, const char *name)
{
	const struct cli_kind *const *k = line->spec->kinds;

	for (; k != NULL && *k != NULL; k++)
		if ((*k)->key != NULL && strcmp((*k)->option, name) == 0)
			return (*k)->key;
	if (strcmp(name, "map") == 0)
		return "schema_mapping";
	if (strcmp(name, "target") == 0)
		return "destination";
	return strcmp(name, "dbname") == 0 ? "database" : NULL;
}

static int
unknown_in_relation(const struct job *job, const struct jobfile_entry *entry, struct err *e)
{
	const char *words[JOBKEYS_MAX];
	const char *near = nearest_word(entry->key, words, jobkeys_words_each(words));

	if (jobkeys_find(entry->key) != NULL)
		return job_refuse(job, entry, "this key is not for one of several relations",
				  e);
	job_refuse(job, entry, "unknown key", e);
	return near != NULL ? err_hint(e, "Perhaps you meant \"%s\".", near) : -1;
}

static int
unknown_key(const struct job *job, const struct cli_line *line,
	    const struct jobfile_entry *entry, struct err *e)
{
	const struct jobkey *key = jobkeys_find(entry->key);
	const char *near = nearest_key(job, line, entry->key, entry->block != NULL);
	const char *other = key_instead(line, entry->key);

	if (entry->relation != NULL)
		return unknown_in_relation(job, entry, e);
	if (key != NULL && (key->inside | key->top) == 0 && key->special == JOBKEY_OPTION)
		key = NULL; /* of a relation's block only */
	if (key != NULL && entry->block == NULL)
		return job_refuse(job, entry, "this key belongs into source or destination", e);
	if (key != NULL && key->special != JOBKEY_BLOCK) {
		job_refuse(job, entry, "this key is not for this block", e);
		return err_hint(e, "Put it into %s.",
				job->side == JOB_LOAD ? "source"
						      : "destination, or at the top level");
	}
	job_refuse(job, entry, "unknown key", e);
	if (other != NULL)
		return err_hint(e, "That is said by \"%s\" in a job.", other);
	return near != NULL ? err_hint(e, "Perhaps you meant \"%s\".", near) : -1;
}

static bool
takes_names(const struct job_key *key)
{
	return key->slot != NULL &&
	       (key->slot->option->type == CLI_NAMES || key->slot->option->type == CLI_NAME ||
		key->slot->option->type == CLI_PATTERN);
}

static int
check_shape(const struct job *job, const struct jobfile_entry *entry, const struct job_key *key,
	    struct err *e)
{
	bool block = key->special == JOBKEY_BLOCK;

	if (block && entry->kind != JOBFILE_BLOCK)
		return job_refuse(job, entry, "keys and values are expected below it", e);
	if (!block && entry->kind == JOBFILE_BLOCK)
		return job_refuse(job, entry, "a value is expected here, not keys and values",
				  e);
	if (!block && entry->kind == JOBFILE_NULL)
		return job_refuse(job, entry, "its value is missing", e);
	if (!takes_names(key) && entry->kind == JOBFILE_LIST)
		return job_refuse(job, entry, "one value is expected here, not a list", e);
	if (takes_names(key) && entry->n == 0)
		return job_refuse(job, entry, "the list is empty", e);
	return 0;
}

bool
job_is_mapping(const struct jobfile_entry *entry)
{
	return entry->block != NULL && strcmp(entry->block, "schema_mapping") == 0;
}

static int
check_relation(const struct job *job, const struct jobfile_entry *entry, struct err *e)
{
	char *text = ident_keep_case(entry->key), *schema = NULL, *name = NULL;
	int rc = ident_parse_qualified(text, &schema, &name, e);

	free(schema);
	free(name);
	free(text);
	if (rc != 0)
		return job_accuse(job, entry, ": ", e);
	if (entry->kind != JOBFILE_BLOCK)
		return job_refuse(job, entry, "keys and values are expected below it", e);
	return 0;
}

static int
check_entry(const struct job *job, const struct cli_line *line,
	    const struct jobfile_entry *entry, struct err *e)
{
	struct job_key key = {.slot = NULL};

	if (job_is_mapping(entry)) {
		if (entry->kind == JOBFILE_LIST)
			return job_refuse(job, entry, "one name is expected here, not a list",
					  e);
		return *entry->key == '\0' ? job_refuse(job, entry, "a name is missing", e) : 0;
	}
	if (job_is_relation(entry))
		return check_relation(job, entry, e);
	switch (job_key(job, line, entry, &key)) {
	case 0:
		return 0;
	case 1:
		return check_shape(job, entry, &key, e);
	default:
		return unknown_key(job, line, entry, e);
	}
}

struct job *
job_read(const char *path, unsigned side, const struct cli_line *line, struct err *e)
{
	struct job *job = xcalloc(1, sizeof(*job));
	int rc;
	size_t i;

	job->side = side;
	job->file = jobfile_read(path, e);
	rc = job->file != NULL ? 0 : -1;
	for (i = 0; rc == 0 && i < job->file->n; i++)
		rc = check_entry(job, line, &job->file->entries[i], e);
	if (rc == 0)
		return job;
	job_free(job);
	return NULL;
}

bool
job_connects(const struct job *job)
{
	return job->connects;
}

const char *
job_exposed(const struct job *job)
{
	return job->exposed;
}

int
job_blame(const struct job *job, const struct cli_line *line, struct err *e)
{
	const struct jobfile_entry *last = NULL;
	const char *name = e->option;
	size_t i;

	if (e->code != EXIT_USAGE || (name != NULL && cli_has(line, name)))
		return -1;
	for (i = 0; name != NULL && i < job->nsettings; i++)
		if (strcmp(job->settings[i].slot->option->name, name) == 0 &&
		    (last == NULL || job->settings[i].entry->line >= last->line))
			last = job->settings[i].entry;
	if (last != NULL)
		return job_accuse(job, last, ": ", e);
	e->code = EXIT_JOBFILE;
	return err_prefix(e, "%s: ", job->file->path);
}

void
job_free(struct job *job)
{
	size_t i;

	if (job == NULL)
		return;
	for (i = 0; i < job->ntexts; i++) {
		explicit_bzero(job->texts[i], strlen(job->texts[i]));
		free(job->texts[i]);
	}
	free(job->texts);
	free(job->settings);
	free(job->exposed);
	jobfile_free(job->file);
	free(job);
}
