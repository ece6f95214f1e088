/*
 * The list of keys.
 */
#include "common/cli/jobkeys.h"

#include <string.h>

#include "common/cli/cli.h"

#define EXTRACT JOB_EXTRACT
#define LOAD JOB_LOAD
#define BOTH JOB_BOTH

static const struct jobkey keys[] = {
	/* no options */
	{"source", 0, EXTRACT, JOBKEY_BLOCK, JOBKEY_ALONE},
	{"destination", 0, LOAD, JOBKEY_BLOCK, JOBKEY_ALONE},
	{"schema_mapping", 0, LOAD, JOBKEY_BLOCK, JOBKEY_ALONE},
	{"type", BOTH, 0, JOBKEY_SPECIAL, JOBKEY_ALONE},
	{"path", BOTH, 0, JOBKEY_SPECIAL, JOBKEY_FILE},
	{"uri", BOTH, 0, JOBKEY_URI, JOBKEY_CONNECTION},
	{"service", BOTH, 0, JOBKEY_SPECIAL, JOBKEY_CONNECTION},
	{"database", BOTH, 0, JOBKEY_SPECIAL, JOBKEY_CONNECTION},
	{"password", BOTH, 0, JOBKEY_SPECIAL, JOBKEY_CONNECTION},
	/* options whose meaning depends on the block */
	{"host", BOTH, 0, JOBKEY_OPTION, JOBKEY_CONNECTION},
	{"port", BOTH, 0, JOBKEY_OPTION, JOBKEY_CONNECTION},
	{"username", BOTH, 0, JOBKEY_OPTION, JOBKEY_CONNECTION},
	{"no_password", BOTH, BOTH, JOBKEY_OPTION, JOBKEY_DATABASE},
	{"lock_wait_timeout", BOTH, BOTH, JOBKEY_OPTION, JOBKEY_DATABASE},
	{"table", BOTH, 0, JOBKEY_TABLE, JOBKEY_WHAT},
	{"columns", BOTH, 0, JOBKEY_NAMES, JOBKEY_COLUMNS},
	{"bare", BOTH, 0, JOBKEY_OPTION, JOBKEY_ALONE},
	/* what to read */
	{"query", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_WHAT},
	{"query_file", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_WHAT},
	{"exclude_columns", EXTRACT, EXTRACT, JOBKEY_NAMES, JOBKEY_COLUMNS},
	{"where", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_ALONE},
	{"limit", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_ALONE},
	{"enable_row_security", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_ALONE},
	/* CSV files */
	{"infer", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_FILE},
	{"header", BOTH, EXTRACT, JOBKEY_OPTION, JOBKEY_FILE},
	{"delimiter", BOTH, EXTRACT, JOBKEY_OPTION, JOBKEY_FILE},
	{"quote", BOTH, EXTRACT, JOBKEY_OPTION, JOBKEY_FILE},
	{"null", BOTH, EXTRACT, JOBKEY_OPTION, JOBKEY_FILE},
	{"encoding", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_FILE},
	{"quote_all", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_FILE},
	{"bom", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_FILE},
	/* what to write */
	{"format", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_ALONE},
	{"values", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_ALONE},
	{"quote_numbers", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_ALONE},
	{"output", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_ALONE},
	{"compress", EXTRACT, EXTRACT, JOBKEY_OPTION, JOBKEY_ALONE},
	/* where to load */
	{"extra_columns", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"create", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"truncate", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"min_rows", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"streams", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"max_line", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"edited", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	/* rows that are there already */
	{"conflict", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"key", LOAD, LOAD, JOBKEY_NAMES, JOBKEY_ALONE},
	{"newer", LOAD, LOAD, JOBKEY_NAMES, JOBKEY_ALONE},
	{"duplicates", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"commit", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"batch_size", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"no_sync_sequences", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	/* rows that the server refuses */
	{"rejects", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	{"max_rejects", LOAD, LOAD, JOBKEY_OPTION, JOBKEY_ALONE},
	/* general */
	{"dry_run", BOTH, LOAD, JOBKEY_OPTION, JOBKEY_ALONE}, /* a rehearsal has rows */
	{"summary", BOTH, LOAD, JOBKEY_OPTION, JOBKEY_ALONE}, /* one file, one writer */
	{"progress", BOTH, BOTH, JOBKEY_OPTION, JOBKEY_ALONE},
	{"log_file", BOTH, BOTH, JOBKEY_OPTION, JOBKEY_ALONE},
	{"log_format", BOTH, BOTH, JOBKEY_OPTION, JOBKEY_ALONE},
	{"quiet", BOTH, BOTH, JOBKEY_OPTION, JOBKEY_TALK},
	{"verbose", BOTH, BOTH, JOBKEY_OPTION, JOBKEY_TALK},
};

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

const struct jobkey *
jobkeys_find(const char *name)
{
	size_t i;

	for (i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

const char *
jobkeys_nearest(const char *name, unsigned block)
{
	const char *words[NKEYS];
	size_t i, n = 0;

	for (i = 0; i < NKEYS; i++)
		if (block != 0 ? (keys[i].inside & block) != 0 : keys[i].top != 0)
			words[n++] = keys[i].name;
	return cli_nearest(name, words, n);
}

const char *
jobkeys_instead(const char *name)
{
	static const char *const pairs[][2] = {
		{"map", "schema_mapping"}, {"csv", "path"}, {"dbname", "uri"}};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (strcmp(pairs[i][0], name) == 0)
			return pairs[i][1];
	return NULL;
}

unsigned
jobkeys_block(const char *name)
{
	if (strcmp(name, "source") == 0)
		return JOB_EXTRACT;
	return strcmp(name, "destination") == 0 ? JOB_LOAD : 0;
}

const char *const *
jobkeys_overrides(enum jobkey_group group)
{
	static const char *const overrides[][6] = {
		[JOBKEY_ALONE] = {NULL},
		/* half of a job's connection would be worse than none */
		[JOBKEY_CONNECTION] = {"dbname", "source", "destination", "csv", NULL},
		[JOBKEY_DATABASE] = {"csv", NULL},
		[JOBKEY_WHAT] = {"table", "query", "query-file", "csv", NULL},
		[JOBKEY_FILE] = {"dbname", "source", "destination", "query", "query-file",
				 NULL},
		[JOBKEY_COLUMNS] = {"columns", "exclude-columns", NULL},
		[JOBKEY_TALK] = {"quiet", "verbose", NULL},
	};

	return overrides[group];
}
