/*
 * The plans of a set, all made from its manifest before its first row.
 */
#ifndef LOAD_SETPLAN_H
#define LOAD_SETPLAN_H

struct db;
struct err;
struct load_options;
struct sink_set;
struct targets;

/*
 * setplan_make(ts, db, options, input, set, e):
 * Plan all that is chosen of the set, in place of what ${ts} has.  What is against it, of all
 * relations, fills ${e} (EXIT_TARGET).  ${input} names the streams in messages.
 */
int setplan_make(struct targets *ts, struct db *db, const struct load_options *options,
		 const char *input, const struct sink_set *set, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_SETPLAN_H */
