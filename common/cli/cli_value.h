/*
 * An option's value from text, as a command line or a job file has it.
 */
#ifndef COMMON_CLI_VALUE_H
#define COMMON_CLI_VALUE_H

#include <stddef.h>

struct cli_option;
struct cli_slot;
struct err;

/*
 * cli_value_set(slot, arg, order, e):
 * Set the option's value from text, which is borrowed; of a flag the text is ignored.
 * Failure fills ${e} (EXIT_USAGE) with what the option takes, for the caller to put the
 * option's name before it.
 */
int cli_value_set(struct cli_slot *slot, const char *arg, size_t order, struct err *e)
	__attribute__((warn_unused_result));

/*
 * cli_value_choice(o, arg, value, e):
 * Store what the word means among the option's choices; failure as above.
 */
int cli_value_choice(const struct cli_option *o, const char *arg, int *value, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_CLI_VALUE_H */
