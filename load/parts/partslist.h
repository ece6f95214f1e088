/*
 * What the ledger says of a run's parts, printed.
 */
#ifndef LOAD_PARTSLIST_H
#define LOAD_PARTSLIST_H

struct err;
struct load_options;

/*
 * partslist_print(options, e):
 * Connect and print on standard output the state of each part of the plan that the options
 * name, for people or as JSON; or, with --print-position, the positions of all parts in one
 * line.
 */
int partslist_print(const struct load_options *options, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PARTSLIST_H */
