/*
 * What the files of extract/options share.  Nobody else includes this.
 */
#ifndef EXTRACT_OPTIONS_PARTS_H
#define EXTRACT_OPTIONS_PARTS_H

#include "extract/options/options.h"

struct err;

extern const struct cli_option options_plan[];

/*
 * options_plan_read(o, e):
 * After parsing: read --plan, and have what it says of this program count where the command
 * line says nothing.
 */
int options_plan_read(struct extract_options *o, struct err *e)
	__attribute__((warn_unused_result));

/*
 * options_plan_settle(o, e):
 * Refuse what does not go together, and choose what is to be read of the plan.
 */
int options_plan_settle(struct extract_options *o, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_OPTIONS_PARTS_H */
