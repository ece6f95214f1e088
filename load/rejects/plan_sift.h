/*
 * The queries of plan_rejects: which staged rows break which constraint of the
 * target.
 */
#ifndef LOAD_PLAN_SIFT_H
#define LOAD_PLAN_SIFT_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct stagesql;

/*
 * plan_sift_lengths(w):
 * Strings that are too long once they are cast, which casts themselves cut.
 */
void plan_sift_lengths(struct stagesql *w);

/*
 * plan_sift_constraints(w, first, all, e):
 * NOT NULL, CHECK, foreign keys, and with --conflict=fail unique indexes.  With
 * ${first} only the first row of each key counts; ${all} is the number of
 * things that the target may refuse rows by.
 */
int plan_sift_constraints(struct stagesql *w, bool first, size_t all, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_SIFT_H */
