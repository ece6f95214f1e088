/*
 * The options that both programs share: connection, relation, messages.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cli.h"
#include "common/db.h"
#include "common/progress.h"

struct err;

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
 * options_settle(o, argc, argv, variable, e):
 * After parsing: apply the environment's ${variable} where no -d was given,
 * set the log level and open the log, take passwords out of the command line as ps shows it
 * (and warn), check the connection string.
 */
int options_settle(struct options *o, int argc, char **argv, const char *variable,
		   struct err *e) __attribute__((warn_unused_result));

void options_release(struct options *o);

#endif /* COMMON_OPTIONS_H */
