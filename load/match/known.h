/*
 * What a plan begins with: the facts of its target.  Several relations' are read together, in
 * few queries, before the first of them is planned.
 */
#ifndef LOAD_KNOWN_H
#define LOAD_KNOWN_H

#include <stddef.h>

#include "load/match/plan_target.h"

struct db;
struct err;
struct relation;
struct relname;

struct known {
	char *identity;       /* read before all else, so that no change escapes; owned */
	struct relation *rel; /* NULL: there is none; owned */
	struct plan_target_facts facts;
};

/*
 * known_read(db, names, n, list, e):
 * Fill ${list}, which has identities already, see identity_read_all(), and else zeroes, for
 * ${n} names, each with its schema and none twice, in a transaction; known_release() it, after
 * failure too.  search_path is pg_catalog afterwards.
 */
int known_read(struct db *db, const struct relname *const *names, size_t n, struct known *list,
	       struct err *e) __attribute__((warn_unused_result));

/*
 * known_find(db, name, k, e):
 * The same for one name, which may be one without schema, along the search path.  Where there
 * is no such relation, ${e} says so (no SQLSTATE).
 */
int known_find(struct db *db, const struct relname *name, struct known *k, struct err *e)
	__attribute__((warn_unused_result));

/*
 * known_release(list, n):
 * Free what they hold.
 */
void known_release(struct known *list, size_t n);

#endif /* LOAD_KNOWN_H */
