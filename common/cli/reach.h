/*
 * Whether a source or target can be reached: what --check=connection finds out.
 */
#ifndef COMMON_REACH_H
#define COMMON_REACH_H

#include <stdio.h>

struct cli_kind;
struct db_params;
struct err;

/*
 * reach_check(out, label, kind, params, e):
 * Print a line of the table (common/cli/check.h) with the label that says where to: if the
 * kind is a server, connect and disconnect.
 */
int reach_check(FILE *out, const char *label, const struct cli_kind *kind,
		const struct db_params *params, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_REACH_H */
