/*
 * The environment in the values of a job.
 */
#ifndef COMMON_JOBFILE_EXPAND_H
#define COMMON_JOBFILE_EXPAND_H

#include <stdbool.h>

struct err;

/*
 * jobfile_expand(value, expanded, e):
 * Put the environment into a value: ${VAR}, ${VAR:-default} (for a variable
 * that is unset or empty), $$ for a dollar; any other dollar stands for itself.
 * ${*expanded} becomes true if a variable was named.  Returns the text for the
 * caller to free, or NULL with ${e} (EXIT_JOBFILE) filled.
 */
char *jobfile_expand(const char *value, bool *expanded, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_JOBFILE_EXPAND_H */
