/*
 * The files of a command line.  Here alone is said which of them may not be one.
 */
#ifndef COMMON_CLI_FILES_H
#define COMMON_CLI_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct files_one {
	const char *what; /* "--rejects", "the job" */
	const char *path; /* or NULL: there is none; "-" is not looked at */
	bool written;
	bool others; /* another program's, which looks at all of its own itself */
};

/*
 * files_check(list, n, e):
 * Refuse (EXIT_USAGE) a file that is written and is another of them, by whatever name: it would
 * be emptied, replaced or written into.  Pipes, devices and terminals may be given twice, and
 * two programs may append to one log.  To be called before any of them is opened for writing.
 */
int files_check(const struct files_one *list, size_t n, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_CLI_FILES_H */
