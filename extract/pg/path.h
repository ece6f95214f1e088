/*
 * search_path within one transaction: as the user has it, or pg_catalog alone, under which
 * the server qualifies every name that it prints.
 */
#ifndef EXTRACT_PATH_H
#define EXTRACT_PATH_H

#include <stdbool.h>

struct db;
struct err;

struct path {
	char *saved; /* as the user has it; NULL: not narrowed */
};

/*
 * path_narrow(path, db, e), path_restore(path, db, e), path_be(path, narrow, db, e):
 * Make it pg_catalog alone; the user's; the one or the other.  No round trip if it is.
 */
int path_narrow(struct path *path, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int path_restore(struct path *path, struct db *db, struct err *e)
	__attribute__((warn_unused_result));
int path_be(struct path *path, bool narrow, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

/*
 * path_rollback(path, db):
 * End the transaction, and with it what was set.
 */
void path_rollback(struct path *path, struct db *db);

/*
 * path_release(path):
 * Free the memory.
 */
void path_release(struct path *path);

#endif /* EXTRACT_PATH_H */
