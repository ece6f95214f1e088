/*
 * --drop-parts: nothing is left of a run but what it has published.
 */
#ifndef LOAD_DROPPARTS_H
#define LOAD_DROPPARTS_H

struct err;
struct load_options;

/*
 * dropparts_run(options, e):
 * Connect and remove the tables and the ledger's rows of the run whose plan the options name.
 * While parts are brought it is refused (EXIT_AGAIN).
 */
int dropparts_run(const struct load_options *options, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_DROPPARTS_H */
