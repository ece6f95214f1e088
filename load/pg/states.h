/*
 * The states that the ledger holds, printed.
 */
#ifndef LOAD_STATES_H
#define LOAD_STATES_H

struct err;
struct load_options;

/*
 * states_print(options, e):
 * Connect and print the position of the state that the options name, or a line for each
 * state that there is, on standard output.
 */
int states_print(const struct load_options *options, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_STATES_H */
