/*
 * A job file's share in a program's options.  Flags win over the file, the file
 * wins over the environment.
 */
#ifndef COMMON_JOB_H
#define COMMON_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cli/jobkeys.h"

struct cli_line;
struct db_params;
struct err;
struct files_one;
struct job;

/*
 * job_read(path, side, line, e):
 * Read a job file and check its keys: those of the top level, and of the block of the
 * program ${side} (JOB_EXTRACT, JOB_LOAD), whose options are those of the line.  What
 * the other block may hold, the other program knows.  Returns the job for the caller to
 * job_free(), or NULL with ${e} (EXIT_JOBFILE) filled.
 */
struct job *job_read(const char *path, unsigned side, const struct cli_line *line,
		     struct err *e) __attribute__((warn_unused_result));

/*
 * job_apply(job, line, db, e):
 * Set what the job says for its side and the command line does not: options by the
 * line, the rest of a connection in ${db}.  What is put there is owned by the job.
 */
int job_apply(struct job *job, struct cli_line *line, struct db_params *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * job_apply_name(job, i):
 * Return the name of relation ${i}, from 0, of the block of tables, as it is written there,
 * owned by the job; NULL behind the last.
 */
const char *job_apply_name(const struct job *job, size_t i);

/*
 * job_apply_relation(job, i, line, options, e):
 * Set what that block says for this side in ${options}, a struct of the kind that the line's
 * options are in.  What is put there is owned by the job.
 */
int job_apply_relation(struct job *job, size_t i, struct cli_line *line, void *options,
		       struct err *e) __attribute__((warn_unused_result));

/*
 * job_apply_refuse(job, i, what, e):
 * Say what is wrong with relation ${i} of the block.  Returns -1.
 */
int job_apply_refuse(const struct job *job, size_t i, const char *what, struct err *e);

/*
 * job_apply_others(job, files, max):
 * Put what the job says of the files of the other program into ${files}[], which has room for
 * ${max}.  Returns how many.  What is put there is owned by the job.
 */
size_t job_apply_others(struct job *job, struct files_one *files, size_t max);

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
 * job_blame(job, line, e):
 * The usage error in ${e} came to light after job_apply(): unless its option was on the
 * command line, it is the job's: make it one, with the line of the key that has set the
 * option last.  Returns -1.
 */
int job_blame(const struct job *job, const struct cli_line *line, struct err *e);

/*
 * job_free(job):
 * Wipe and free.  NULL does nothing.
 */
void job_free(struct job *job);

#endif /* COMMON_JOB_H */
