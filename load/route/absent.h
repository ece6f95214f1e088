/*
 * --delete: rows of the target whose key is not in the stream, from their being found to
 * their being deleted.
 */
#ifndef LOAD_ABSENT_H
#define LOAD_ABSENT_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;
struct plan;
struct route;

/* What is known of a relation's, over all streams that say which are absent. */
struct absent {
	bool counted;     /* present is known, if anybody asks for it */
	uint64_t present; /* rows that might be deleted, before any was written */
	uint64_t added;   /* rows that were, where these are counted later */
	bool found;       /* a table has the keys of those that are absent */
	uint64_t rows;    /* their number */
	char *sql;        /* what deletes them behind all rows, or NULL; owned */
	bool done;
	uint64_t deleted;
};

/*
 * absent_find(r, e):
 * The stream's rows are staged, and other writers are kept out: find out what is absent, and
 * delete it if the plan says that it goes first.  More than --max-delete is refused, as soon
 * as all that say something have been heard.  Nothing is done where r->absent is NULL.
 */
int absent_find(struct route *r, struct err *e) __attribute__((warn_unused_result));

/*
 * absent_take(r, rows, e):
 * The same for keys that have been found absent by others, and are in their table.
 */
int absent_take(struct route *r, uint64_t rows, struct err *e)
	__attribute__((warn_unused_result));

/*
 * absent_added(r):
 * The batch is written: note how many rows that has added.
 */
void absent_added(struct route *r);

/*
 * absent_trust(r, e):
 * The rows are written: if some are absent, refuse them where a trigger or a cast may have
 * changed keys, so that what was found may be wrong.
 */
int absent_trust(struct route *r, struct err *e) __attribute__((warn_unused_result));

/*
 * absent_waits(a), absent_finish(a, db, plan, e):
 * Tell whether there is something that has still to be deleted; delete it.
 */
bool absent_waits(const struct absent *a);
int absent_finish(struct absent *a, struct db *db, const struct plan *plan, struct err *e)
	__attribute__((warn_unused_result));

/*
 * absent_release(a):
 * Free what it holds.
 */
void absent_release(struct absent *a);

#endif /* LOAD_ABSENT_H */
