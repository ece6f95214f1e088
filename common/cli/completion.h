/*
 * Completion scripts for shells, from the tables that make the command line.
 */
#ifndef COMMON_COMPLETION_H
#define COMMON_COMPLETION_H

struct cli_spec;

enum completion_shell { COMPLETION_BASH, COMPLETION_ZSH, COMPLETION_FISH };

/*
 * completion_print(spec, shell):
 * Print the script for one program to standard output.
 */
void completion_print(const struct cli_spec *spec, enum completion_shell shell);

#endif /* COMMON_COMPLETION_H */
