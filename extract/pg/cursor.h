/*
 * A column by which rows are found that have come: its greatest value, and the condition on
 * those from a value on.
 */
#ifndef EXTRACT_CURSOR_H
#define EXTRACT_CURSOR_H

#include "extract/pg/path.h"

struct db;
struct err;
struct member;

/*
 * cursor_value(m, xmin, db, path, value, why, e):
 * ${*value} becomes what all rows of the snapshot are up to, NULL if there are none; of an
 * xid8 that is ${xmin}, each transaction before which has ended, unless another server may have
 * written it.  Where there is none that could be gone on from, ${*why} says so.  Both are the
 * caller's to free.
 */
int cursor_value(const struct member *m, const char *xmin, struct db *db, struct path *path,
		 char **value, char **why, struct err *e) __attribute__((warn_unused_result));

/*
 * cursor_condition(m, value, db, e):
 * Return the condition on rows of ${m} from ${value} less the overlap on, and those without
 * any; for the caller to free.  search_path has to be pg_catalog.
 */
char *cursor_condition(const struct member *m, const char *value, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * cursor_check(m, e):
 * Is the column there?
 */
int cursor_check(const struct member *m, struct err *e) __attribute__((warn_unused_result));

#endif /* EXTRACT_CURSOR_H */
