/*
 * --drop-parts: nothing is left of a run but what it has published.
 */
#ifndef LOAD_DROPPARTS_H
#define LOAD_DROPPARTS_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;
struct load_options;
struct run;

/* Behind the run's lock, before some of its tables go: does the run stay instead? */
typedef int dropparts_may(void *arg, struct db *db, bool *stays, struct err *e);

/*
 * dropparts_drop(run, lock_timeout, may, arg, db, e):
 * Remove the tables of a run and what the ledger has of it, in as many transactions as it
 * takes, each of which leaves a run that can be gone on with.
 */
int dropparts_drop(const struct run *run, int64_t lock_timeout, dropparts_may *may, void *arg,
		   struct db *db, struct err *e) __attribute__((warn_unused_result));

/*
 * dropparts_run(options, e):
 * Connect and remove the tables and the ledger's rows of the run whose plan the options name.
 * While parts are brought it is refused (EXIT_AGAIN).
 */
int dropparts_run(const struct load_options *options, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_DROPPARTS_H */
