/*
 * Which relations the patterns on the command line mean: -t, --schema, --exclude-table,
 * --exclude-schema, as psql and pg_dump understand them.
 */
#ifndef EXTRACT_CHOOSE_H
#define EXTRACT_CHOOSE_H

#include <stddef.h>

#include "common/base/relname.h"

struct db;
struct err;
struct extract_what;

struct choose_relation {
	struct relname id; /* with its schema */
	unsigned oid;
	char kind; /* pg_class.relkind */
};

/* By OID, none twice; owned. */
struct choose_list {
	struct choose_relation *rels;
	size_t n, room;
};

/*
 * choose_relations(db, what, list, e):
 * Look up, under the user's search_path, all that ${what} chooses.  ${list} is empty.
 * Failure fills ${e}: EXIT_DATA for a pattern that matches nothing, and if nothing is left;
 * EXIT_USAGE if rows would come twice.  Release with choose_release() in every case.
 */
int choose_relations(struct db *db, const struct extract_what *what, struct choose_list *list,
		     struct err *e) __attribute__((warn_unused_result));

/*
 * choose_check(db, list, e):
 * Fail with the names of all relations that the role may not read, and what would help.
 */
int choose_check(struct db *db, const struct choose_list *list, struct err *e)
	__attribute__((warn_unused_result));

/*
 * choose_release(list):
 * Free it; it may be used again.
 */
void choose_release(struct choose_list *list);

#endif /* EXTRACT_CHOOSE_H */
