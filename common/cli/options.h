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
struct files_one;
struct ident_list;
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
	bool quiet;
	int verbose; /* how often -v was given */
	bool dry_run;
	const char *summary;       /* file for the receipt */
	const char *summary_later; /* the same of the run, where only a check is made */
	bool progress;             /* asked for; a terminal shows it anyway */
	const char *log_file;      /* path, or NULL */
	int log_format;            /* enum log_format */
	int64_t lock_timeout;      /* ms, -1: the server's own setting */
	int check;                 /* enum options_check */
	const char *job_path;      /* -f as typed */
	struct job *job;           /* read from it; owned */
	struct cli_line line;      /* the command line */
};

/* Of those who deal with a server, whichever program; and of all. */
extern const struct cli_option options_connection[];
extern const struct cli_option options_messages[];

/*
 * options_progress(o):
 * When to show progress on a terminal that is free for it.
 */
enum progress_when options_progress(const struct options *o);

/*
 * options_read_job(o, side, e):
 * After parsing: where -f was given, set what the job file says for this side
 * (JOB_EXTRACT, JOB_LOAD) and the command line does not.  Failure fills ${e}
 * with EXIT_JOBFILE.
 */
int options_read_job(struct options *o, unsigned side, struct err *e)
	__attribute__((warn_unused_result));

/*
 * options_names(option, given, list, e):
 * Append the columns that were given with an option to ${list}.
 */
int options_names(const char *option, const struct cli_list *given, struct ident_list *list,
		  struct err *e) __attribute__((warn_unused_result));

/*
 * options_blame(o, e):
 * The options do not go together: if there is a job file, it is taken for the
 * cause of the usage error in ${e}.  Returns -1.
 */
int options_blame(const struct options *o, struct err *e);

/*
 * options_check_files(o, files, n, e):
 * files_check() of the ${n} ${files} of a program, the job, summary and log, and what the job
 * says of the other program's.  To be called before options_settle().
 */
int options_check_files(const struct options *o, const struct files_one *files, size_t n,
			struct err *e) __attribute__((warn_unused_result));

/*
 * options_settle(o, variable, e):
 * After that: apply the environment's ${variable}, unless NULL, where neither -d nor
 * a job says where to connect, set the log level and open the log, warn of secrets
 * that others could see, check the connection string.
 */
int options_settle(struct options *o, const char *variable, struct err *e)
	__attribute__((warn_unused_result));

void options_release(struct options *o);

#endif /* COMMON_OPTIONS_H */
