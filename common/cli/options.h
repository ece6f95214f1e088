/*
 * The options that both programs share: connection, relation, messages.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cli/cli.h"
#include "common/pg/db.h"
#include "common/talk/progress.h"

struct err;
struct job;

/* How far to go with --check. */
enum options_check {
	CHECK_NOT,
	CHECK_JOB,        /* read command line and job file, then stop */
	CHECK_CONNECTION, /* connect as well */
	CHECK_PLAN        /* plan as well, but move no row */
};

/* The first member of each program's own options. */
struct options {
	struct db_params db;
	const char *table; /* -t as typed */
	bool no_password, ask_password;
	bool quiet, verbose;
	bool dry_run;
	const char *summary;  /* file for the receipt */
	bool progress;        /* asked for; a terminal shows it anyway */
	const char *log_file; /* path, or NULL */
	int log_format;       /* enum log_format */
	int64_t lock_timeout; /* ms, -1: the server's own setting */
	int check;            /* enum options_check */
	const char *job_path; /* -f as typed */
	struct job *job;      /* read from it; owned */
	char *hidden;         /* what db.conninfo points to if it had to be hidden; owned */
};

/* Rows for cli_spec.tables; the alias is "source" or "destination". */
extern const struct cli_option options_connection[];
extern const struct cli_option options_messages[];

/*
 * options_progress(o):
 * When to show progress on a terminal that is free for it.
 */
enum progress_when options_progress(const struct options *o);

/*
 * options_read_job(o, side, spec, given, e):
 * After parsing: where -f was given, set what the job file says for this side
 * (JOB_EXTRACT, JOB_LOAD) and the options ${given} do not.  Failure fills ${e}
 * with EXIT_JOBFILE.
 */
int options_read_job(struct options *o, unsigned side, const struct cli_spec *spec,
		     const struct cli_given *given, struct err *e)
	__attribute__((warn_unused_result));

/*
 * options_blame(o, e):
 * The options do not go together: if there is a job file, it is taken for the
 * cause of the usage error in ${e}.  Returns -1.
 */
int options_blame(const struct options *o, struct err *e);

/* A file that a program reads or writes. */
struct options_file {
	const char *what; /* "--rejects" */
	const char *path; /* or NULL: there is none */
};

/*
 * options_check_files(o, files, n, e):
 * Refuse (EXIT_USAGE) a summary or a log that is one of the ${n} other ${files}, the
 * job or each other, by whatever name: they would be emptied or written into.
 * Only regular files count.  To be called before options_settle().
 */
int options_check_files(const struct options *o, const struct options_file *files, size_t n,
			struct err *e) __attribute__((warn_unused_result));

/*
 * options_settle(o, argc, argv, variable, e):
 * After that: apply the environment's ${variable} where neither -d nor a job
 * says where to connect, set the log level and open the log, take passwords out of
 * the command line as ps shows it (and warn), check the connection string.
 */
int options_settle(struct options *o, int argc, char **argv, const char *variable,
		   struct err *e) __attribute__((warn_unused_result));

void options_release(struct options *o);

#endif /* COMMON_OPTIONS_H */
