/*
 * A job file's share in a program's options.  Flags win over the file, the file
 * wins over the environment.
 */
#ifndef COMMON_JOB_H
#define COMMON_JOB_H

#include <stdbool.h>

#include "common/cli/cli.h"
#include "common/cli/jobkeys.h"

struct err;
struct job;
struct options;

/*
 * job_read(path, e):
 * Read a job file and check all keys in it, whichever program they are for.
 * Returns the job for the caller to job_free(), or NULL with ${e}
 * (EXIT_JOBFILE) filled.
 */
struct job *job_read(const char *path, struct err *e) __attribute__((warn_unused_result));

/*
 * job_apply(job, side, spec, given, opts, e):
 * Set what the job says for the program ${side} (JOB_EXTRACT, JOB_LOAD) and the
 * command line, whose options are ${given}, does not.  ${opts} begins with
 * its struct options; what is put there is owned by the job.
 */
int job_apply(struct job *job, unsigned side, const struct cli_spec *spec,
	      const struct cli_given *given, struct options *opts, struct err *e)
	__attribute__((warn_unused_result));

/*
 * job_connects(job):
 * Tell whether job_apply() found something about where to connect.
 */
bool job_connects(const struct job *job);

/*
 * job_exposed(job):
 * Return the key of the password that others can read in the file, as
 * "source.password", or NULL.
 */
const char *job_exposed(const struct job *job);

/*
 * job_blame(job, e):
 * The error in ${e}, a usage error that came to light after job_apply(), is
 * the job's: make it one, with the line of the last key that set an option which
 * the message names.  Returns -1.
 */
int job_blame(const struct job *job, struct err *e);

/*
 * job_free(job):
 * Wipe and free.  NULL does nothing.
 */
void job_free(struct job *job);

#endif /* COMMON_JOB_H */
