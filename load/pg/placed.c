/*
 * What names and privileges a table of --create has is the server's to say: default
 * privileges, event triggers, names that are taken.  So one is made, empty, and looked at; the
 * difference to the table aside becomes statements; it is undone.  All of that is done before
 * the transaction that publishes, which runs the statements and compares.
 */
#include "load/pg/placed.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "load/match/plan.h"
#include "load/pg/attached.h"
#include "load/pg/partload.h"
#include "load/replace/replace.h"

int
placed_find(const struct plan *plan, struct db *db, struct err *e)
{
	bool there = false;
	char *name;

	if (partload_table(&plan->aside, plan, db, &there, e) != 0)
		return -1;
	if (there)
		return 0;
	name = relname_text(&plan->aside);
	err_set(e, EXIT_TARGET, "the run's table %s is gone", name);
	free(name);
	return err_hint(e, "Remove what the run has left with --drop-parts, and begin anew.");
}

static int
add_key(const struct plan *plan, struct db *db, struct err *e)
{
	struct buf name = BUF_INIT;
	char *has;
	int rc;

	if (plan->sql[SQL_KEY] == NULL)
		return 0;
	relname_add_quoted(&plan->aside, &name);
	has = db_query_text(db, e,
			    "SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid"
			    " OPERATOR(pg_catalog.=) $1::pg_catalog.regclass"
			    " AND contype OPERATOR(pg_catalog.=) 'p'",
			    1, (const char *const[]){buf_cstr(&name)});
	rc = has == NULL ? -1 : has[0] != '\0' ? 0 : db_exec(db, e, "%s", plan->sql[SQL_KEY]);
	free(has);
	buf_release(&name);
	return rc;
}

/* Of a constraint, its kind and columns tell which one it is; $1 aside, $2 what is like it. */
static const char differences_sql[] =
	"WITH acl AS (SELECT c.oid, a.grantee, a.privilege_type AS what, a.is_grantable"
	" FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a"
	" WHERE c.oid IN ($1::regclass, $2::regclass)),"
	" named AS (SELECT acl.*, CASE grantee WHEN 0 THEN 'PUBLIC'"
	" ELSE quote_ident(pg_get_userbyid(grantee)) END AS role FROM acl)"
	" SELECT string_agg(line, '; ' ORDER BY number) FROM ("
	" SELECT 1, format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', $2, a.conname, b.conname)"
	" FROM pg_constraint a JOIN pg_constraint b ON b.contype = a.contype"
	" AND b.conkey = a.conkey WHERE a.conrelid = $1::regclass AND b.conrelid = $2::regclass"
	" AND a.conname <> b.conname"
	" UNION ALL SELECT 2, format('REVOKE %s ON %s FROM %s', what, $2, role) FROM named a"
	" WHERE oid = $1::regclass AND NOT EXISTS (SELECT FROM acl b WHERE b.oid = $2::regclass"
	" AND (b.grantee, b.what, b.is_grantable) = (a.grantee, a.what, a.is_grantable))"
	" UNION ALL SELECT 3, format('GRANT %s ON %s TO %s%s', what, $2, role,"
	" CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM named a"
	" WHERE oid = $2::regclass AND NOT EXISTS (SELECT FROM acl b WHERE b.oid = $1::regclass"
	" AND (b.grantee, b.what, b.is_grantable) = (a.grantee, a.what, a.is_grantable))"
	") AS lines (number, line)";

static void
explain_exists(const struct plan *plan, struct err *e)
{
	char *name;

	/* the latter where it was made, and not committed, a moment ago */
	if (strcmp(e->sqlstate, "42P07") != 0 && strcmp(e->sqlstate, "23505") != 0)
		return;
	name = relname_text(&plan->target);
	err_release(e);
	err_set(e, EXIT_TARGET, "\"%s\" exists now, and did not when the plan was made", name);
	free(name);
	err_hint(e, "Drop or rename it and publish again, or remove what the run has left with "
		    "--drop-parts.");
}

/* What the target would be, and what the table aside needs to be like it. */
static int
look(const struct plan *plan, struct placed *placed, struct db *db, struct err *e)
{
	struct buf aside = BUF_INIT, target = BUF_INIT;
	const char *params[2];

	if (db_exec(db, e, "SAVEPOINT portl_like; %s", plan->sql[SQL_LIKE]) != 0) {
		explain_exists(plan, e);
		return -1;
	}
	relname_add_quoted(&plan->aside, &aside);
	relname_add_quoted(&plan->target, &target);
	params[0] = buf_cstr(&aside);
	params[1] = buf_cstr(&target);
	placed->likeness = replace_likeness(db, &plan->target, true, e);
	if (placed->likeness != NULL)
		placed->sql = db_query_text(db, e, differences_sql, 2, params);
	buf_release(&aside);
	buf_release(&target);
	if (placed->sql == NULL)
		return -1;
	return db_exec(db, e, "ROLLBACK TO SAVEPOINT portl_like; RELEASE SAVEPOINT portl_like");
}

int
placed_build(const struct plan *plan, struct placed *placed, struct db *db, struct err *e)
{
	if (plan->replace != NULL)
		return attached_build(plan, db, e);
	return add_key(plan, db, e) == 0 ? look(plan, placed, db, e) : -1;
}

static int
refuse_unlike(const struct plan *plan, struct err *e)
{
	char *name = relname_text(&plan->target);

	err_set(e, EXIT_TARGET,
		"\"%s\" would not be the table that --create makes: something else has "
		"altered it",
		name);
	free(name);
	return err_hint(e, "Event triggers may do so. With the table created beforehand, the "
			   "rows go into it.");
}

static int
take_place(const struct plan *plan, const struct placed *placed, struct db *db, struct err *e)
{
	char *is;
	int rc;

	if (db_exec(db, e, "%s", plan->sql[SQL_PLACE]) != 0) {
		explain_exists(plan, e);
		return -1;
	}
	if (placed->sql[0] != '\0' && db_exec(db, e, "%s", placed->sql) != 0)
		return -1;
	is = replace_likeness(db, &plan->target, true, e);
	rc = is == NULL ? -1 : strcmp(is, placed->likeness) == 0 ? 0 : refuse_unlike(plan, e);
	free(is);
	return rc;
}

int
placed_take_place(const struct plan *plan, const struct placed *placed, struct db *db,
		  struct err *e)
{
	char *path = NULL;
	int rc = session_narrow_path(db, &path, e);

	if (rc == 0 && plan->replace != NULL)
		rc = attached_take_place(plan, db, e);
	else if (rc == 0)
		rc = take_place(plan, placed, db, e);
	if (rc == 0)
		rc = session_set_path(db, path, e);
	free(path);
	return rc;
}

void
placed_release(struct placed *placed)
{
	free(placed->likeness);
	free(placed->sql);
	*placed = (struct placed){.sql = NULL};
}
