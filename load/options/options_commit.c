/*
 * --commit, --batch-size, and what cannot be promised where parts are committed before the rest
 * is known.
 */
#include "load/options/options_parts.h"

#include "common/base/err.h"

#define BATCH_SIZE 10000 /* rows */

int
options_commit_settle(struct load_options *o, struct err *e)
{
	const struct cli_line *line = &o->common.line;
	bool meant = o->batch_size >= 0;
	/* that of a job, whose --commit=batch the command line takes back */
	bool idle = !cli_has(line, "batch-size") && cli_has(line, "commit");

	if (!meant)
		o->batch_size = BATCH_SIZE;
	if (!meant || idle || o->verify || o->commit == COMMIT_BATCH)
		return 0;
	err_usage(e, "batch-size", "--batch-size needs --commit=batch");
	return err_hint(e, "Without it all rows are committed together.");
}

int
options_commit_check(const struct load_options *o, struct err *e)
{
	if (o->duplicates == DUPLICATES_FIRST || o->duplicates == DUPLICATES_ERROR) {
		if (o->commit == COMMIT_BATCH)
			return err_usage(e, "duplicates",
					 "--duplicates=first and error need --commit=end: a "
					 "batch does not know the batches before it");
		if (o->streams > 1)
			return err_usage(e, "duplicates",
					 "--duplicates=first and error see one stream only, "
					 "not --streams=%lld",
					 (long long)o->streams);
	}
	if (o->commit != COMMIT_BATCH)
		return 0;
	if (o->truncate) {
		err_usage(e, "truncate",
			  "--truncate needs --commit=end: with --commit=batch a failure would "
			  "leave neither the old rows nor the new ones");
		return err_hint(e, "Empty the table yourself before the run.");
	}
	if (o->min_rows > 0)
		return err_usage(e, "min-rows",
				 "--min-rows needs --commit=end: with --commit=batch rows are "
				 "committed before they are counted");
	return 0;
}
