/*
 * The short table that --check=plan prints: what was found, line by line.
 */
#ifndef COMMON_CHECK_H
#define COMMON_CHECK_H

#include <stdio.h>

struct db_params;
struct err;

/*
 * check_line(out, label, fmt, ...):
 * Print a line of the table.
 */
void check_line(FILE *out, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * check_connection(out, label, params, e):
 * Connect, print a line with the label that says where to, disconnect.  NULL for
 * ${params} is a file, to which there is no connection.
 */
int check_connection(FILE *out, const char *label, const struct db_params *params,
		     struct err *e) __attribute__((warn_unused_result));

/*
 * check_finish(out, e):
 * See to it that the table has been written.
 */
int check_finish(FILE *out, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_CHECK_H */
