/*
 * How a stream gets into a relation, decided at the header before any row.
 */
#ifndef LOAD_PLANNER_H
#define LOAD_PLANNER_H

#include <stdbool.h>

struct db;
struct err;
struct header;
struct load_rules;
struct plan;

/*
 * planner_make(db, rules, header, text, identity, e):
 * Make the plan in a read-only transaction of its own, or, for a further stream,
 * in the loading transaction that is open.  ${header} is the stream's, NULL where it
 * has none; columns and types that it leaves open are the table's, in plan->adopted.
 * ${identity}: the target's, if it has been read before, or NULL.  Returns
 * the plan for the caller to planner_free(); NULL with ${e} (EXIT_TARGET, all reasons in its
 * detail) filled if the target cannot take the stream.
 */
struct plan *planner_make(struct db *db, const struct load_rules *rules,
			  const struct header *header, bool text, const char *identity,
			  struct err *e) __attribute__((warn_unused_result));

/*
 * planner_free(p):
 * Free a plan.  NULL does nothing.
 */
void planner_free(struct plan *p);

#endif /* LOAD_PLANNER_H */
