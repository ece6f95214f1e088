/*
 * What common/cli/job.c and common/cli/job_apply.c share.  Nobody else includes this.
 */
#ifndef COMMON_JOB_PARTS_H
#define COMMON_JOB_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cli/jobkeys.h"

struct cli_line;
struct cli_slot;
struct err;
struct jobfile;
struct jobfile_entry;

/* What has set an option. */
struct job_setting {
	const struct cli_slot *slot;
	const struct jobfile_entry *entry;
};

/* What a key means to a program. */
struct job_key {
	struct cli_slot *slot; /* the option that it sets, or NULL */
	enum jobkey_special special;
};

struct job {
	unsigned side; /* JOB_EXTRACT, JOB_LOAD: whose reading of it this is */
	struct jobfile *file;
	char **texts; /* expanded values, for options to point to */
	size_t ntexts;
	bool connects;
	struct job_setting *settings; /* owned */
	size_t nsettings;
	char *exposed; /* the key of a password that others can read */
};

/*
 * job_accuse(job, entry, link, e):
 * Put "FILE:LINE: BLOCK.KEY" and ${link} before the message in ${e} and make it
 * the file's fault.  Returns -1.
 */
int job_accuse(const struct job *job, const struct jobfile_entry *entry, const char *link,
	       struct err *e);

/*
 * job_refuse(job, entry, what, e):
 * Fill ${e} with "FILE:LINE: BLOCK.KEY: WHAT".  Returns -1.
 */
int job_refuse(const struct job *job, const struct jobfile_entry *entry, const char *what,
	       struct err *e);

/*
 * job_block(job):
 * Return the name of this side's block.
 */
const char *job_block(const struct job *job);

/*
 * job_key(job, line, entry, key):
 * Find out what the entry's key means to this side.  Returns 1, or 0 if it is the other
 * side's, -1 if nobody knows it.
 */
int job_key(const struct job *job, const struct cli_line *line,
	    const struct jobfile_entry *entry, struct job_key *key);

/*
 * job_is_relation(entry):
 * Tell whether the entry is a relation's in the block of tables, whose keys follow.
 */
bool job_is_relation(const struct jobfile_entry *entry);

/*
 * job_is_mapping(entry):
 * Tell whether the entry is a pair of schema_mapping, whose key is a column.
 */
bool job_is_mapping(const struct jobfile_entry *entry);

#endif /* COMMON_JOB_PARTS_H */
