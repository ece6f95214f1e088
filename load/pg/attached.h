/*
 * A partition that parts have filled aside, and that is attached instead of the one which is
 * there: the table of --replace, which waits in the ledger's schema until all parts have come.
 */
#ifndef LOAD_ATTACHED_H
#define LOAD_ATTACHED_H

#include <stdbool.h>

struct db;
struct err;
struct plan;
struct reasons;

/*
 * attached_choose(plan, db, is, why, e):
 * In a transaction whose search_path is pg_catalog: is the target a partition that may be
 * exchanged?  Else ${*why} is the first reason, for the caller to free, or NULL: it is none.
 */
int attached_choose(const struct plan *plan, struct db *db, bool *is, char **why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * attached_make(plan, db, e):
 * In a transaction: make the table aside, with the constraint that tells the server that all
 * of its rows are the partition's.
 */
int attached_make(const struct plan *plan, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * attached_build(plan, db, e):
 * In a transaction whose search_path is pg_catalog: have its indexes and constraints, where it
 * has none yet.
 */
int attached_build(const struct plan *plan, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * attached_take_place(plan, db, e):
 * In the transaction that publishes: exchange the two.  A target that has rows is refused
 * (EXIT_TARGET), unless it is to be emptied.
 */
int attached_take_place(const struct plan *plan, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_ATTACHED_H */
