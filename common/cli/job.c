/*
 * A job: its file, the check of all keys, and what job_apply() leaves behind.
 */
#include "common/cli/job.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/cli.h"
#include "common/cli/job_parts.h"
#include "common/cli/jobfile.h"

int
job_accuse(const struct job *job, const struct jobfile_entry *entry, const char *link,
	   struct err *e)
{
	e->code = EXIT_JOBFILE;
	return err_prefix(e, "%s:%zu: %s%s%s%s", job->file->path, entry->line,
			  entry->block != NULL ? entry->block : "",
			  entry->block != NULL ? "." : "", entry->key, link);
}

int
job_refuse(const struct job *job, const struct jobfile_entry *entry, const char *what,
	   struct err *e)
{
	err_set(e, EXIT_JOBFILE, "%s", what);
	return job_accuse(job, entry, ": ", e);
}

static int
unknown_key(const struct job *job, const struct jobfile_entry *entry, struct err *e)
{
	unsigned block = entry->block != NULL ? jobkeys_block(entry->block) : 0;
	const struct jobkey *key = jobkeys_find(entry->key);
	const char *near = jobkeys_nearest(entry->key, block);
	const char *other = jobkeys_instead(entry->key);

	if (key != NULL && entry->block == NULL) {
		job_refuse(job, entry, "this key belongs into source or destination", e);
	} else if (key != NULL && key->value != JOBKEY_BLOCK) {
		job_refuse(job, entry, "this key is not for this block", e);
		err_hint(e, "Put it into %s.",
			 block == JOB_LOAD ? "source" : "destination, or at the top level");
	} else {
		job_refuse(job, entry, "unknown key", e);
		if (other != NULL)
			err_hint(e, "That is said by \"%s\" in a job.", other);
		else if (near != NULL)
			err_hint(e, "Perhaps you meant \"%s\".", near);
	}
	return -1;
}

static int
check_kind(const struct job *job, const struct jobfile_entry *entry, enum jobkey_value value,
	   struct err *e)
{
	if (value == JOBKEY_BLOCK && entry->kind != JOBFILE_BLOCK)
		return job_refuse(job, entry, "keys and values are expected below it", e);
	if (value != JOBKEY_BLOCK && entry->kind == JOBFILE_BLOCK)
		return job_refuse(job, entry, "a value is expected here, not keys and values",
				  e);
	if (value != JOBKEY_BLOCK && entry->kind == JOBFILE_NULL)
		return job_refuse(job, entry, "its value is missing", e);
	if (value != JOBKEY_NAMES && entry->kind == JOBFILE_LIST)
		return job_refuse(job, entry, "one value is expected here, not a list", e);
	if (value == JOBKEY_NAMES && entry->n == 0)
		return job_refuse(job, entry, "the list is empty", e);
	return 0;
}

bool
job_is_mapping(const struct jobfile_entry *entry)
{
	return entry->block != NULL && strcmp(entry->block, "schema_mapping") == 0;
}

static int
check_entry(const struct job *job, const struct jobfile_entry *entry, struct err *e)
{
	const struct jobkey *key = jobkeys_find(entry->key);

	if (job_is_mapping(entry)) {
		if (entry->kind == JOBFILE_LIST)
			return job_refuse(job, entry, "one name is expected here, not a list",
					  e);
		return *entry->key == '\0' ? job_refuse(job, entry, "a name is missing", e) : 0;
	}
	if (key == NULL ||
	    (entry->block == NULL ? key->top == 0
				  : (key->inside & jobkeys_block(entry->block)) == 0))
		return unknown_key(job, entry, e);
	return check_kind(job, entry, key->value, e);
}

/* A block that is not known is reported as such, not by what is in it. */
static int
check_keys(const struct job *job, struct err *e)
{
	const struct jobfile *f = job->file;
	size_t i;

	for (i = 0; i < f->n; i++)
		if (check_entry(job, &f->entries[i], e) != 0)
			return -1;
	return 0;
}

struct job *
job_read(const char *path, struct err *e)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->file = jobfile_read(path, e);
	if (job->file != NULL && check_keys(job, e) == 0)
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

/* Is ${word} in the text, and not as a part of another option? */
static bool
has_word(const char *text, const char *word)
{
	const char *p;

	for (p = strstr(text, word); p != NULL; p = strstr(p + 1, word)) {
		char before = p > text ? p[-1] : ' ', after = p[strlen(word)];

		if (!isalnum((unsigned char)before) && before != '-' &&
		    !isalnum((unsigned char)after) && after != '-')
			return true;
	}
	return false;
}

/* Does the message speak of the option, by its name or by its letter? */
static bool
speaks_of(const char *msg, const struct cli_option *option)
{
	char *name = xasprintf("--%s", option->name);
	const char letter[] = {'-', option->letter, '\0'};
	bool found = has_word(msg, name) || (option->letter != 0 && has_word(msg, letter));

	free(name);
	return found;
}

/* Of several keys that do not go together, the last one is too many. */
int
job_blame(const struct job *job, struct err *e)
{
	const struct jobfile_entry *last = NULL;
	size_t i;

	if (e->code != EXIT_USAGE)
		return -1;
	for (i = 0; i < job->nsettings; i++) {
		const struct job_setting *s = &job->settings[i];

		if (speaks_of(e->msg, s->option) &&
		    (last == NULL || s->entry->line >= last->line))
			last = s->entry;
	}
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
