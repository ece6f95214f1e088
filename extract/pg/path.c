/*
 * What is set is known here, so that nothing is asked for twice.
 */
#include "extract/pg/path.h"

#include <stdlib.h>

#include "common/pg/session.h"

int
path_narrow(struct path *path, struct db *db, struct err *e)
{
	return path->saved != NULL ? 0 : session_narrow_path(db, &path->saved, e);
}

int
path_restore(struct path *path, struct db *db, struct err *e)
{
	int rc;

	if (path->saved == NULL)
		return 0;
	rc = session_set_path(db, path->saved, e);
	path_release(path);
	return rc;
}

int
path_be(struct path *path, bool narrow, struct db *db, struct err *e)
{
	return narrow ? path_narrow(path, db, e) : path_restore(path, db, e);
}

void
path_rollback(struct path *path, struct db *db)
{
	session_rollback(db);
	path_release(path);
}

void
path_release(struct path *path)
{
	free(path->saved);
	path->saved = NULL;
}
