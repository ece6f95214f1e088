/*
 * The short table that --check=plan prints: what was found, line by line.
 */
#ifndef COMMON_CHECK_H
#define COMMON_CHECK_H

#include <stdio.h>

struct cli_kind;
struct db_params;
struct err;

/*
 * check_line(out, label, fmt, ...):
 * Print a line of the table.
 */
void check_line(FILE *out, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * check_connection(out, label, kind, params, e):
 * Print a line with the label that says where to: if the kind is a server, connect and
 * disconnect.
 */
int check_connection(FILE *out, const char *label, const struct cli_kind *kind,
		     const struct db_params *params, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_CHECK_H */
