/*
 * The SQL that reads: which SELECT, and which COPY around it.
 */
#ifndef EXTRACT_SELECT_H
#define EXTRACT_SELECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;
struct extract_rows;
struct relation;
struct relname;
struct header;

#define SELECT_ONLY 1u
#define SELECT_ORDERED 2u

/*
 * select_is_narrowed(rows):
 * Is there anything beyond "all rows as they are"?
 */
bool select_is_narrowed(const struct extract_rows *rows);

/* What is read; all borrowed. */
struct select {
	const struct extract_rows *rows;
	const struct relation *rel; /* or NULL: the query */
	const struct relname *leaf; /* the partition that is read in its place, or NULL */
	const char *condition;      /* ours, on rows; NULL: all */
	const json_t *keys;         /* which rows, as in common/pg/keylist.h; NULL: all */
	const char *query;          /* the user's */
	unsigned flags;             /* SELECT_ONLY: without the rows of children;
				     * SELECT_ORDERED: in the order of the primary key */
};

/*
 * select_build(s, db, e):
 * Return the one SELECT statement that yields these rows, for the caller to free.  NULL with
 * ${e} (EXIT_USAGE) filled for a column that the relation does not have.
 */
char *select_build(const struct select *s, struct db *db, struct err *e);

/*
 * select_plan(db, select, rows, e):
 * Have the server plan the statement and not run it, which looks at privileges and
 * locks all that would be read.  ${*rows} is how many the planner expects, -1: not known.
 */
int select_plan(struct db *db, const char *select, int64_t *rows, struct err *e)
	__attribute__((warn_unused_result));

/*
 * select_try(db, copy, select, e):
 * Refuse what COPY would refuse of ${copy}, made by select_copy() for ${select},
 * and run nothing of it.
 */
int select_try(struct db *db, const char *copy, const char *select, struct err *e)
	__attribute__((warn_unused_result));

/*
 * select_copy(s, header, select):
 * Return the COPY … TO STDOUT for it, in the form that header->values says, for
 * the caller to free: COPY of the table itself where that means the same and is
 * faster.
 */
char *select_copy(const struct select *s, const struct header *header, const char *select);

#endif /* EXTRACT_SELECT_H */
