/*
 * The list of keys.
 */
#include "common/cli/jobkeys.h"

#include <string.h>

#define EXTRACT JOB_EXTRACT
#define LOAD JOB_LOAD
#define BOTH JOB_BOTH

static const struct jobkey keys[] = {
	/* no options */
	{"source", 0, EXTRACT, JOBKEY_BLOCK},
	{"destination", 0, LOAD, JOBKEY_BLOCK},
	{"schema_mapping", 0, LOAD, JOBKEY_BLOCK},
	{"type", BOTH, 0, JOBKEY_TYPE},
	{"uri", BOTH, 0, JOBKEY_URI},
	{"service", BOTH, 0, JOBKEY_SERVICE},
	{"database", BOTH, 0, JOBKEY_DATABASE},
	{"password", BOTH, 0, JOBKEY_PASSWORD},
	/* options whose meaning depends on the block */
	{"host", BOTH, 0, JOBKEY_OPTION},
	{"port", BOTH, 0, JOBKEY_OPTION},
	{"username", BOTH, 0, JOBKEY_OPTION},
	{"no_password", BOTH, BOTH, JOBKEY_OPTION},
	{"lock_wait_timeout", BOTH, BOTH, JOBKEY_OPTION},
	{"table", BOTH, 0, JOBKEY_OPTION},
	{"tables", EXTRACT, 0, JOBKEY_OPTION},
	{"schema", EXTRACT, 0, JOBKEY_OPTION},
	{"schemas", EXTRACT, 0, JOBKEY_OPTION},
	{"exclude_table", EXTRACT, 0, JOBKEY_OPTION},
	{"exclude_tables", EXTRACT, 0, JOBKEY_OPTION},
	{"exclude_schema", EXTRACT, 0, JOBKEY_OPTION},
	{"exclude_schemas", EXTRACT, 0, JOBKEY_OPTION},
	{"columns", BOTH, 0, JOBKEY_OPTION},
	{"bare", BOTH, 0, JOBKEY_OPTION},
	/* what to read */
	{"query", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"query_file", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"exclude_columns", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"where", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"limit", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"enable_row_security", EXTRACT, EXTRACT, JOBKEY_OPTION},
	/* CSV files */
	{"infer", BOTH, EXTRACT, JOBKEY_OPTION},
	{"decimal", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"date_order", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"escape", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"force_null", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"header", BOTH, EXTRACT, JOBKEY_OPTION},
	{"delimiter", BOTH, EXTRACT, JOBKEY_OPTION},
	{"quote", BOTH, EXTRACT, JOBKEY_OPTION},
	{"null", BOTH, EXTRACT, JOBKEY_OPTION},
	{"encoding", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"quote_all", LOAD, LOAD, JOBKEY_OPTION},
	{"bom", LOAD, LOAD, JOBKEY_OPTION},
	/* what to write */
	{"format", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"values", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"quote_numbers", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"output", EXTRACT, EXTRACT, JOBKEY_OPTION},
	{"compress", EXTRACT, EXTRACT, JOBKEY_OPTION},
	/* where to load */
	{"extra_columns", LOAD, LOAD, JOBKEY_OPTION},
	{"names", LOAD, LOAD, JOBKEY_OPTION},
	{"rounding", LOAD, LOAD, JOBKEY_OPTION},
	{"create", LOAD, LOAD, JOBKEY_OPTION},
	{"add_columns", LOAD, LOAD, JOBKEY_OPTION},
	{"truncate", LOAD, LOAD, JOBKEY_OPTION},
	{"min_rows", LOAD, LOAD, JOBKEY_OPTION},
	{"streams", LOAD, LOAD, JOBKEY_OPTION},
	{"max_line", LOAD, LOAD, JOBKEY_OPTION},
	{"edited", LOAD, LOAD, JOBKEY_OPTION},
	/* rows that are there already */
	{"conflict", LOAD, LOAD, JOBKEY_OPTION},
	{"key", LOAD, LOAD, JOBKEY_OPTION},
	{"newer", LOAD, LOAD, JOBKEY_OPTION},
	{"duplicates", LOAD, LOAD, JOBKEY_OPTION},
	{"commit", LOAD, LOAD, JOBKEY_OPTION},
	{"batch_size", LOAD, LOAD, JOBKEY_OPTION},
	{"no_sync_sequences", LOAD, LOAD, JOBKEY_OPTION},
	/* rows that the server refuses */
	{"rejects", LOAD, LOAD, JOBKEY_OPTION},
	{"max_rejects", LOAD, LOAD, JOBKEY_OPTION},
	/* general */
	{"dry_run", BOTH, LOAD, JOBKEY_OPTION}, /* a rehearsal has rows */
	{"summary", BOTH, LOAD, JOBKEY_OPTION}, /* one file, one writer */
	{"progress", BOTH, BOTH, JOBKEY_OPTION},
	{"log_file", BOTH, BOTH, JOBKEY_OPTION},
	{"log_format", BOTH, BOTH, JOBKEY_OPTION},
	{"quiet", BOTH, BOTH, JOBKEY_OPTION},
	{"verbose", BOTH, BOTH, JOBKEY_OPTION},
};

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

_Static_assert(NKEYS <= JOBKEYS_MAX, "room for all keys");

const struct jobkey *
jobkeys_find(const char *name)
{
	size_t i;

	for (i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

size_t
jobkeys_words(unsigned block, const char **words)
{
	size_t i, n = 0;

	for (i = 0; i < NKEYS; i++)
		if (block != 0 ? (keys[i].inside & block) != 0 : keys[i].top != 0)
			words[n++] = keys[i].name;
	return n;
}

unsigned
jobkeys_block(const char *name)
{
	if (strcmp(name, "source") == 0)
		return JOB_EXTRACT;
	return strcmp(name, "destination") == 0 ? JOB_LOAD : 0;
}
