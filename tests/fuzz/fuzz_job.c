/*
 * Any bytes as a job file: a list of entries or an error, with nothing twice;
 * any value is expanded or refused.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/cli/jobfile.h"
#include "common/cli/jobfile_expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_value(const char *value)
{
	struct err e = ERR_INIT;
	bool expanded;
	char *text = jobfile_expand(value, &expanded, &e);

	if ((text == NULL) != (e.code == EXIT_JOBFILE))
		abort();
	if (text != NULL && !expanded && strlen(text) > strlen(value))
		abort();
	free(text);
	err_release(&e);
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The entry itself, or the first of two with one name. */
static const struct jobfile_entry *
named_alike(const struct jobfile *f, const struct jobfile_entry *entry)
{
	const struct jobfile_entry *at = f->entries;

	while (!same(at->block, entry->block) || !same(at->relation, entry->relation) ||
	       strcmp(at->key, entry->key) != 0)
		at++;
	return at;
}

static void
check_entry(const struct jobfile *f, const struct jobfile_entry *entry)
{
	size_t i;

	if (named_alike(f, entry) != entry || entry->line == 0)
		abort();
	if (entry->relation == NULL && jobfile_find(f, entry->block, entry->key) != entry)
		abort();
	if ((entry->kind == JOBFILE_SCALAR || entry->kind == JOBFILE_NULL) != (entry->n == 1) &&
	    entry->kind != JOBFILE_LIST)
		abort();
	for (i = 0; i < entry->n; i++)
		check_value(entry->values[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct jobfile *f = jobfile_parse("job", (const char *)data, size, &e);
	size_t i;

	if ((f == NULL) != (e.code == EXIT_JOBFILE))
		abort();
	for (i = 0; f != NULL && i < f->n; i++)
		check_entry(f, &f->entries[i]);
	jobfile_free(f);
	err_release(&e);
	return 0;
}
