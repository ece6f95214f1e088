/*
 * What is made again is compared with what was dropped by all that the catalog says of the
 * table (replace_likeness.c), so that nothing can be forgotten.  Foreign keys are not there
 * at either time.
 */
#include "load/pg/indexes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/base/relname.h"
#include "common/base/shelf.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "load/match/plan.h"
#include "load/replace/rebuild.h"
#include "load/replace/replace.h"
#include "load/route/ready.h"

/* Names are intern()'s. */
static void
put(struct indexes *x, const struct plan *plan, const char *likeness)
{
	struct buf b = BUF_INIT;

	if (x->shelf == NULL)
		x->shelf = shelf_new();
	buf_add(&b, &plan->target, sizeof(plan->target));
	pack_text(&b, plan->sql[SQL_INDEXES]);
	pack_text(&b, likeness);
	shelf_put(x->shelf, b.data, b.len);
	buf_release(&b);
	x->n++;
}

int
indexes_drop(struct indexes *x, const struct plan *plan, struct db *db, struct err *e)
{
	char *likeness;
	bool same;
	int rc;

	if (plan->sql[SQL_UNINDEX] == NULL)
		return 0;
	if (rebuild_look(plan, db, &same, e) != 0)
		return -1;
	if (!same)
		return ready_altered(&plan->target, e);
	likeness = replace_likeness(db, &plan->target, false, e);
	if (likeness == NULL)
		return -1;
	put(x, plan, likeness);
	free(likeness);
	rc = db_exec(db, e, "%s", plan->sql[SQL_UNINDEX]);
	return rc == 0 ? 0 : err_context(e, "dropping indexes");
}

/* A value (22), a duplicate (23), or a key that is too long for an index (54). */
static int
explain(const struct relname *name, struct err *e)
{
	if (strncmp(e->sqlstate, "22", 2) != 0 && strncmp(e->sqlstate, "23", 2) != 0 &&
	    strncmp(e->sqlstate, "54", 2) != 0)
		return replace_unseen(e, "run without --indexes=rebuild");
	if (e->context == NULL)
		err_context(e, "before COMMIT: building the indexes of \"%s\"", name->name);
	return err_hint(e,
			"With --indexes=rebuild all rows are looked at at once, and none can "
			"be named; run without it to have the row.");
}

static int
unlike(const struct relname *name, const char *before, const char *now, struct err *e)
{
	err_set(e, EXIT_TARGET, "the indexes of \"%s\" cannot be built again as they were",
		name->name);
	replace_unlike(before, now, e);
	return err_hint(e, "Run without --indexes=rebuild.");
}

static int
build(const struct relname *name, const char *sql, const char *before, struct db *db,
      struct err *e)
{
	char *now;
	int rc = 0;

	if (db_exec(db, e, "%s", sql) != 0)
		return explain(name, e);
	now = replace_likeness(db, name, false, e);
	if (now == NULL)
		return -1;
	if (strcmp(now, before) != 0)
		rc = unlike(name, before, now, e);
	free(now);
	return rc;
}

static int
build_all(const struct indexes *x, struct db *db, struct err *e)
{
	struct unpack from;
	struct relname name;
	char *sql, *likeness;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < x->n; i++) {
		from.at = shelf_get(x->shelf, i, &from.left);
		pack_take_bytes(&from, &name, sizeof(name));
		sql = pack_take_text(&from);
		likeness = pack_take_text(&from);
		rc = build(&name, sql, likeness, db, e);
		free(sql);
		free(likeness);
	}
	return rc;
}

int
indexes_build(const struct indexes *x, struct db *db, struct err *e)
{
	char *path = NULL, *space;
	int rc = -1;

	space = db_query_text(db, e,
			      "SELECT pg_catalog.quote_literal("
			      "pg_catalog.current_setting('default_tablespace'))",
			      0, NULL);
	if (space != NULL && session_narrow_path(db, &path, e) == 0 &&
	    build_all(x, db, e) == 0 && session_set_path(db, path, e) == 0)
		rc = db_exec(db, e, "SET LOCAL default_tablespace = %s", space);
	free(space);
	free(path);
	return rc;
}

void
indexes_release(struct indexes *x)
{
	shelf_free(x->shelf);
	*x = (struct indexes){.n = 0};
}
