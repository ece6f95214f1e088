/*
 * --verify and the options that only mean something where rows are written.
 */
#include <stdbool.h>
#include <string.h>

#include "common/base/err.h"
#include "common/pg/keylist.h"
#include "load/options/options_parts.h"

const struct cli_option options_verify[] = {
	{.type = CLI_HEADING, .help = "Equal or not"},
	{"verify", 0, CLI_FLAG, NULL, "compare rows with the table, and write nothing",
	 AT(verify), PG},
	{"differences", 0, CLI_STRING, "FILE",
	 "write a line of NDJSON for each row that differs", AT(differences), PG},
	{"differing-keys", 0, CLI_STRING, "FILE", "write their keys, for --only-keys",
	 AT(differing_keys), PG},
	{"only-keys", 0, CLI_STRING, "FILE", "only rows with the keys that FILE names",
	 AT(only_keys), PG},
	{.help = NULL},
};

/* What only means something where rows are written, and what it is then. */
void
options_verify_nothing(struct load_options *o)
{
	o->create = o->add_columns = o->truncate = o->replace = o->infer = false;
	o->conflict = CONFLICT_FAIL;
	o->newer_text = NULL;
	o->duplicates = -1;
	o->commit = COMMIT_END;
	o->foreign_keys = o->indexes = 0;
	o->rejects = NULL;
	o->state = NULL;
	o->reset_state = false;
	o->absent = ABSENT_STAY;
	o->most_text = NULL;
	o->max_rejects = o->min_rows = -1;
}

static int
check_unverified(const struct load_options *o, struct err *e)
{
	const struct {
		const char *option, *given;
	} comparing[] = {{"differences", o->differences},
			 {"differing-keys", o->differing_keys},
			 {"only-keys", o->only_keys}};
	size_t i;

	for (i = 0; i < sizeof(comparing) / sizeof(comparing[0]); i++)
		if (comparing[i].given != NULL)
			return err_usage(e, comparing[i].option, "--%s needs --verify",
					 comparing[i].option);
	return 0;
}

/* Of a job that loads, --verify only takes what says which rows go where. */
int
options_verify_settle(struct load_options *o, struct err *e)
{
	static const char *const writing[] = {
		"create",      "add-columns", "truncate",     "min-rows",
		"conflict",    "newer",       "duplicates",   "commit",
		"batch-size",  "rounding",    "foreign-keys", "no-sync-sequences",
		"rejects",     "max-rejects", "infer",        "state",
		"reset-state", "dry-run",     "delete",       "max-delete",
		"replace",     "indexes"};
	size_t i;

	if (!o->verify)
		return check_unverified(o, e);
	for (i = 0; i < sizeof(writing) / sizeof(writing[0]); i++)
		if (cli_has(&o->common.line, writing[i]))
			return err_usage(e, writing[i],
					 "--%s is about rows that are written, "
					 "and --verify writes none",
					 writing[i]);
	o->common.dry_run = false;
	if (o->streams != 1)
		return err_usage(e, "streams", "--verify compares one stream or a set");
	if (o->differences != NULL && o->common.summary != NULL &&
	    strcmp(o->differences, "-") == 0 && strcmp(o->common.summary, "-") == 0)
		return err_usage(e, "differences",
				 "--differences=-: standard output is the receipt's");
	options_verify_nothing(o);
	if (o->only_keys != NULL && o->common.check != CHECK_JOB)
		return keylist_read(&o->only, o->only_keys, e);
	return 0;
}
