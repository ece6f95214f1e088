/*
 * The short table that --check=plan prints: what was found, line by line.
 */
#ifndef COMMON_CHECK_H
#define COMMON_CHECK_H

#include <stdio.h>

/*
 * check_line(out, label, fmt, ...):
 * Print a line of the table.
 */
void check_line(FILE *out, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* COMMON_CHECK_H */
