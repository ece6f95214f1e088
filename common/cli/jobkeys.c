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
	{"source", 0, EXTRACT, JOBKEY_BLOCK, 0},
	{"destination", 0, LOAD, JOBKEY_BLOCK, 0},
	{"schema_mapping", 0, LOAD, JOBKEY_BLOCK, 0},
	{"type", BOTH, 0, JOBKEY_TYPE, 0},
	{"uri", BOTH, 0, JOBKEY_URI, 0},
	{"service", BOTH, 0, JOBKEY_SERVICE, 0},
	{"database", BOTH, 0, JOBKEY_DATABASE, 0},
	{"password", BOTH, 0, JOBKEY_PASSWORD, 0},
	{"map", 0, 0, JOBKEY_OPTION, LOAD}, /* else it is schema_mapping */
	/* options whose meaning depends on the block */
	{"host", BOTH, 0, JOBKEY_OPTION, 0},
	{"port", BOTH, 0, JOBKEY_OPTION, 0},
	{"username", BOTH, 0, JOBKEY_OPTION, 0},
	{"no_password", BOTH, BOTH, JOBKEY_OPTION, 0},
	{"lock_wait_timeout", BOTH, BOTH, JOBKEY_OPTION, 0},
	{"table", BOTH, 0, JOBKEY_OPTION, 0},
	{"tables", EXTRACT, 0, JOBKEY_OPTION, 0},
	{"schema", EXTRACT, 0, JOBKEY_OPTION, 0},
	{"schemas", EXTRACT, 0, JOBKEY_OPTION, 0},
	{"exclude_table", EXTRACT, 0, JOBKEY_OPTION, 0},
	{"exclude_tables", EXTRACT, 0, JOBKEY_OPTION, 0},
	{"exclude_schema", EXTRACT, 0, JOBKEY_OPTION, 0},
	{"exclude_schemas", EXTRACT, 0, JOBKEY_OPTION, 0},
	{"columns", BOTH, 0, JOBKEY_OPTION, EXTRACT},
	{"bare", BOTH, 0, JOBKEY_OPTION, 0},
	/* what to read */
	{"query", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"query_file", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"exclude_columns", EXTRACT, EXTRACT, JOBKEY_OPTION, EXTRACT},
	{"where", EXTRACT, EXTRACT, JOBKEY_OPTION, EXTRACT},
	{"limit", EXTRACT, EXTRACT, JOBKEY_OPTION, EXTRACT},
	{"order", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"since", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"cursor", EXTRACT, EXTRACT, JOBKEY_OPTION, EXTRACT},
	{"overlap", EXTRACT, EXTRACT, JOBKEY_OPTION, EXTRACT},
	{"with_keys", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"enable_row_security", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	/* CSV files */
	{"infer", BOTH, EXTRACT, JOBKEY_OPTION, 0},
	{"decimal", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"date_order", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"escape", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"force_null", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"header", BOTH, EXTRACT, JOBKEY_OPTION, 0},
	{"delimiter", BOTH, EXTRACT, JOBKEY_OPTION, 0},
	{"quote", BOTH, EXTRACT, JOBKEY_OPTION, 0},
	{"null", BOTH, EXTRACT, JOBKEY_OPTION, 0},
	{"encoding", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"quote_all", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"bom", LOAD, LOAD, JOBKEY_OPTION, 0},
	/* what to write */
	{"format", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"values", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"quote_numbers", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"output", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	{"compress", EXTRACT, EXTRACT, JOBKEY_OPTION, 0},
	/* where to load */
	{"extra_columns", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"names", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"rounding", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"into_schema", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"create", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"add_columns", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"truncate", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"replace", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"min_rows", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"streams", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"max_line", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"edited", LOAD, LOAD, JOBKEY_OPTION, 0},
	/* rows that are there already */
	{"conflict", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"key", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"newer", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"duplicates", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"delete", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"scope", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"max_delete", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"commit", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"batch_size", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"foreign_keys", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"indexes", LOAD, LOAD, JOBKEY_OPTION, LOAD},
	{"no_sync_sequences", LOAD, LOAD, JOBKEY_OPTION, 0},
	/* again and again */
	{"state", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"ledger", LOAD, LOAD, JOBKEY_OPTION, 0},
	/* rows that the server refuses */
	{"rejects", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"max_rejects", LOAD, LOAD, JOBKEY_OPTION, 0},
	/* equal or not */
	{"verify", LOAD, LOAD, JOBKEY_OPTION, 0},
	{"differences", LOAD, LOAD, JOBKEY_OPTION, 0},
	/* general */
	{"dry_run", BOTH, LOAD, JOBKEY_OPTION, 0}, /* a rehearsal has rows */
	{"summary", BOTH, LOAD, JOBKEY_OPTION, 0}, /* one file, one writer */
	{"progress", BOTH, BOTH, JOBKEY_OPTION, 0},
	{"log_file", BOTH, BOTH, JOBKEY_OPTION, 0},
	{"log_format", BOTH, BOTH, JOBKEY_OPTION, 0},
	{"quiet", BOTH, BOTH, JOBKEY_OPTION, 0},
	{"verbose", BOTH, BOTH, JOBKEY_OPTION, 0},
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

size_t
jobkeys_words_each(const char **words)
{
	size_t i, n = 0;

	for (i = 0; i < NKEYS; i++)
		if (keys[i].each != 0)
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
