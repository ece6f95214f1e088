/*
 * --make-plan: a draft of portl-extract's becomes a plan.
 */
#ifndef LOAD_MAKEPLAN_H
#define LOAD_MAKEPLAN_H

struct err;
struct load_options;

/*
 * makeplan_run(options, e):
 * Read the draft, connect, say of each relation where it goes and how it is published, and
 * write the plan.  If some cannot be loaded, ${e} (EXIT_TARGET) has all reasons of all.
 */
int makeplan_run(const struct load_options *options, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_MAKEPLAN_H */
