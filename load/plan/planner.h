/*
 * How a stream gets into a relation, decided at the header before any row.
 */
#ifndef LOAD_PLANNER_H
#define LOAD_PLANNER_H

#include <stdbool.h>

struct db;
struct err;
struct header;
struct known;
struct load_rules;
struct plan;

/*
 * planner_make(db, rules, header, text, e):
 * Make the plan in a read-only transaction of its own, or, for a further stream,
 * in the loading transaction that is open.  ${header} is the stream's, NULL where it
 * has none; columns and types that it leaves open are the table's, in plan->adopted.  Returns
 * the plan for the caller to planner_free(); NULL with ${e} (EXIT_TARGET, all reasons in its
 * detail) filled if the target cannot take the stream.
 */
struct plan *planner_make(struct db *db, const struct load_rules *rules,
			  const struct header *header, bool text, struct err *e)
	__attribute__((warn_unused_result));

/*
 * planner_warm(db, e):
 * Have the server's process read the catalogs that planning reads, as it does for the first
 * plan of a session, while there is nothing else to do.
 */
int planner_warm(struct db *db, struct err *e) __attribute__((warn_unused_result));

/*
 * planner_begin(db, rules, e):
 * Begin a read-only transaction in which several plans are made by what known_read() gives.
 * It waits for no lock longer than a moment, for it comes to hold many: where one is not had,
 * roll back and have planner_make() plan them one by one.
 */
int planner_begin(struct db *db, const struct load_rules *rules, struct err *e)
	__attribute__((warn_unused_result));

/*
 * planner_make_known(db, rules, header, text, known, e):
 * The same as planner_make() in that transaction, of a target that is ${known}; what is known
 * becomes the plan's.
 */
struct plan *planner_make_known(struct db *db, const struct load_rules *rules,
				const struct header *header, bool text, struct known *known,
				struct err *e) __attribute__((warn_unused_result));

/*
 * planner_new(rules, header, text):
 * Return a plan in which nothing is decided yet, for the caller to planner_free().
 */
struct plan *planner_new(const struct load_rules *rules, const struct header *header, bool text)
	__attribute__((returns_nonnull));

/*
 * planner_free(p):
 * Free a plan.  NULL does nothing.
 */
void planner_free(struct plan *p);

#endif /* LOAD_PLANNER_H */
