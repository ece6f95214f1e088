/*
 * A run in parts has one receipt, and portl-load knows of its parts only.
 */
#include "common/front/jobsummary.h"

#include <stddef.h>

#include "common/base/err.h"
#include "common/cli/jobfile.h"
#include "common/cli/jobfile_expand.h"
#include "common/front/filenames.h"
#include "common/front/front.h"

/* What stands in the block counts more. */
static const struct jobfile_entry *
find(const struct jobfile *job)
{
	const struct jobfile_entry *entry = jobfile_find(job, "destination", "summary");

	return entry != NULL ? entry : jobfile_find(job, NULL, "summary");
}

int
jobsummary_take(struct front *f, struct err *e)
{
	struct err ignored = ERR_INIT;
	const struct jobfile_entry *entry;
	struct jobfile *job;
	bool expanded;

	if (f->summary != NULL || f->job == NULL)
		return 0;
	job = jobfile_read(f->job, &ignored);
	entry = job != NULL ? find(job) : NULL;
	if (entry != NULL && entry->kind == JOBFILE_SCALAR)
		f->named = jobfile_expand(entry->values[0], &expanded, &ignored);
	jobfile_free(job);
	err_release(&ignored);
	f->summary = f->named;
	if (f->summary == NULL || filenames_check(f, e) == 0)
		return 0;
	e->code = EXIT_JOBFILE;
	return -1;
}
