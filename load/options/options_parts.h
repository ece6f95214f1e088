/*
 * What the files of load/options share.  Nobody else includes this.
 */
#ifndef LOAD_OPTIONS_PARTS_H
#define LOAD_OPTIONS_PARTS_H

#include <stddef.h>

#include "common/cli/cli_spec.h"
#include "load/options/options.h"

struct err;

#define AT(member) .offset = offsetof(struct load_options, member)
#define PG .kinds = "postgres"

extern const struct cli_option options_runs[];   /* what is said of a run in parts */
extern const struct cli_option options_verify[]; /* what is said of --verify */

/*
 * options_commit_settle(o, e), options_commit_check(o, e):
 * Set the size of batches, and refuse one where there are none; refuse what does not go with
 * --commit.
 */
int options_commit_settle(struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));
int options_commit_check(const struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));

/*
 * options_delete_settle(o, e):
 * Read --max-delete, and refuse what does not go with --delete.
 */
int options_delete_settle(struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));

/*
 * options_state_settle(o, e):
 * Read --ledger, and refuse what does not go with --state.
 */
int options_state_settle(struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));

/*
 * options_verify_settle(o, e):
 * With --verify refuse what is said of writing on the command line, and forget what a job says
 * of it; without, refuse what needs it.
 */
int options_verify_settle(struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));

/*
 * options_verify_nothing(o):
 * Forget what ${o}, of a relation of several, says of writing.
 */
void options_verify_nothing(struct load_options *o);

/*
 * options_replace_check(o, e):
 * Refuse what does not go with --replace.
 */
int options_replace_check(const struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));

/*
 * options_behind_check(o, e):
 * Refuse what does not go with what is dropped before the rows and made again behind them:
 * --foreign-keys=recheck, --indexes=rebuild.
 */
int options_behind_check(const struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));

/*
 * options_runs_read(o, e), options_runs_release(o):
 * Read the plan of --plan, if it is given, and set what it keeps of a command line where this
 * one says nothing; free it.
 */
int options_runs_read(struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));
void options_runs_release(struct load_options *o);

/*
 * options_runs_settle(o, e), options_runs_check(o, e):
 * Find out what is asked for of a run in parts; with all settled, refuse what does not go with
 * it.
 */
int options_runs_settle(struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));
int options_runs_check(const struct load_options *o, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_OPTIONS_PARTS_H */
