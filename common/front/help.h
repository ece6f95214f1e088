/*
 * What the front end says of itself.
 */
#ifndef COMMON_FRONT_HELP_H
#define COMMON_FRONT_HELP_H

#include "common/front/front.h"

/*
 * help_general(commands, n), help_command(command):
 * Print what there is; what one of the commands is for.
 */
void help_general(const struct front_command *commands, size_t n);
void help_command(const struct front_command *command);

/*
 * help_completion(f, commands, n, word, e):
 * Print a completion script for the shell ${word}: the commands, and the options that have a
 * meaning here.
 */
int help_completion(struct front *f, const struct front_command *commands, size_t n,
		    const char *word, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_FRONT_HELP_H */
