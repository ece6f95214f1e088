/*
 * --replace: the rows go into a table of the same shape, made aside in the target's schema by
 * the transaction that loads, while everybody may read the target.  When all rows are in, the
 * two are exchanged under a lock that is held for moments.  What hangs on the target is made
 * anew from its definition; what cannot be is a reason against it.
 */
#ifndef LOAD_REPLACE_H
#define LOAD_REPLACE_H

#include <stdbool.h>

#include "load/match/plan.h"

/* What to do about a table that cannot be replaced. */
#define REPLACE_INSTEAD "Change its rows with --conflict=overwrite --delete instead."

struct db;
struct err;
struct reasons;

/* Made once by replace_plan(), and const from then on; all owned. */
struct replace {
	char *make;     /* statements before the rows: the table aside */
	char *build;    /* behind the rows: its indexes, constraints, statistics */
	char *exchange; /* under the lock: it takes the target's place */
	char *parent;   /* the partitioned table that is locked besides, as in SQL, or "" */
	char *referred; /* tables that foreign keys refer to, a list as in SQL, or "" */
	char *oids;     /* of all that are locked, an array */
	char *likeness; /* of the target, as replace_likeness() gives it */
	char **indexes; /* the target's; ASIDE_1 … are those aside */
	size_t nindexes;
};

/*
 * replace_plan(p, db, why, e):
 * In the transaction of the plan, whose search_path is pg_catalog: fill p->replace and
 * p->aside, if the rules ask for it and the target is there, or add all reasons against it.
 */
int replace_plan(struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * replace_look(p, db, why, e):
 * Add all reasons why the target may not be replaced.  search_path is pg_catalog.
 */
int replace_look(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
	__attribute__((warn_unused_result));

/*
 * replace_likeness(db, name, expressions, e):
 * Return all that is known of the relation ${name}, a qualified one, and of what hangs on it,
 * but for what makes it this one and no other (OIDs, files, column numbers), as a text for
 * the caller to free, with the expressions of indexes or without.  NULL with ${e} filled on
 * failure.  search_path is pg_catalog.
 */
char *replace_likeness(struct db *db, const struct relname *name, bool expressions,
		       struct err *e) __attribute__((warn_unused_result));

/*
 * replace_unlike(before, now, e):
 * Make what tells two likenesses apart the detail of ${e}.
 */
void replace_unlike(const char *before, const char *now, struct err *e);

/*
 * replace_name(p, e):
 * Have ${e} speak of the target and its indexes where the server spoke of those aside, which
 * nobody knows and which are gone.  Nothing is done for other plans.
 */
void replace_name(const struct plan *p, struct err *e);

/*
 * replace_free(r):
 * Free it.  NULL does nothing.
 */
void replace_free(struct replace *r);

/*
 * replace_unseen(e, instead):
 * What is built may call functions, which see pg_catalog alone there; of an error that comes
 * of that say what helps, or ${instead}.  Returns -1.
 */
int replace_unseen(struct err *e, const char *instead);

#endif /* LOAD_REPLACE_H */
