/*
 * Printing a plan on standard error: with -v, in a dry run, or because it was refused.
 */
#ifndef LOAD_PLAN_SHOW_H
#define LOAD_PLAN_SHOW_H

struct plan;

/*
 * plan_show(p):
 * With -v or --dry-run, print the plan on standard error.
 */
void plan_show(const struct plan *p);

/*
 * plan_show_name(text):
 * Return a name as it is printed in a plan, for the caller to free: names come from a
 * stream, and nothing in them may move the cursor or end the line.
 */
char *plan_show_name(const char *text) __attribute__((returns_nonnull));

/*
 * plan_show_line(p):
 * Return how rows get in, in a few words, for the caller to free.
 */
char *plan_show_line(const struct plan *p) __attribute__((returns_nonnull));

#endif /* LOAD_PLAN_SHOW_H */
