/*
 * Completion scripts for shells, from the tables that make the command line.
 */
#ifndef COMMON_COMPLETION_H
#define COMMON_COMPLETION_H

#include "common/cli/cli_spec.h"

/*
 * COMPLETION_LIST is for the front end, which has to know the options of both programs: a
 * line for each, with tabs between: the long name; the letter or nothing; flag, one (an
 * argument), degree (it may be left out), many (it adds up) or count; what --help calls the
 * argument; its choices, with blanks between; the help.
 */
enum completion_shell { COMPLETION_BASH, COMPLETION_ZSH, COMPLETION_FISH, COMPLETION_LIST };

/* As a command line has them; the list, which is no shell, stands last. */
extern const struct cli_choice completion_shells[];

/*
 * completion_print(spec, shell):
 * Print the script for one program to standard output.
 */
void completion_print(const struct cli_spec *spec, enum completion_shell shell);

/*
 * completion_print_front(spec, commands):
 * The same for a program whose first word is one of ${commands}, with blanks between, and
 * whose others may be files.
 */
void completion_print_front(const struct cli_spec *spec, const char *commands,
			    enum completion_shell shell);

#endif /* COMMON_COMPLETION_H */
