/*
 * --list-runs, --drop-run, --drop-stale: what runs have left whose plan nobody has any more.
 */
#ifndef LOAD_ALLRUNS_H
#define LOAD_ALLRUNS_H

struct err;
struct load_options;

/*
 * allruns_print(options, e):
 * Connect and print the runs that the ledger knows, and how much of them is there.
 */
int allruns_print(const struct load_options *options, struct err *e)
	__attribute__((warn_unused_result));

/*
 * allruns_drop(options, e):
 * Connect and remove the tables and the ledger's rows of the run that the options name, or of
 * all that have been quiet for as long as they say.  One at which somebody is at work stays:
 * the one that is named is refused (EXIT_AGAIN).  Prints the ids of those that are gone.
 */
int allruns_drop(const struct load_options *options, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_ALLRUNS_H */
