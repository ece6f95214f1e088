/*
 * The statements of --replace speak of a table aside in the target's schema; where others may
 * see it, it stands in the ledger's.
 */
#include "load/pg/attached.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/pg/replaced.h"
#include "load/replace/replace.h"
#include "load/rules/rules.h"

/* A reason, "" where there is none, or no row where it is no partition. */
static const char partition_sql[] =
	"SELECT CASE WHEN EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid"
	" AND contype = 'f') THEN 'it has a foreign key'"
	" WHEN NOT $2::bool AND pg_relation_size(c.oid) > 0 THEN 'it has rows' ELSE '' END"
	" FROM pg_class c WHERE c.oid = $1::oid AND c.relispartition AND c.relkind = 'r'";

/* Without the option that nobody has given. */
static char *
first_of(struct reasons *against)
{
	static const char option[] = "--replace: ";
	const char *text = buf_cstr(&against->text);
	size_t skip = strncmp(text, option, strlen(option)) == 0 ? strlen(option) : 0;

	return xstrndup(text + skip, strcspn(text + skip, "\n"));
}

int
attached_choose(const struct plan *plan, struct db *db, bool *is, char **why, struct err *e)
{
	char *oid = xasprintf("%u", plan->rel->oid);
	const char *params[] = {oid, plan->rules->truncate ? "t" : "f"};
	struct reasons against = {.n = 0};
	PGresult *res = db_query(db, e, partition_sql, 2, params);
	int rc = res != NULL ? 0 : -1;

	*why = NULL;
	*is = res != NULL && PQntuples(res) > 0;
	if (*is && PQgetvalue(res, 0, 0)[0] != '\0')
		*why = xstrdup(PQgetvalue(res, 0, 0));
	if (*is && *why == NULL) {
		rc = replace_look(plan, db, &against, e);
		if (against.n > 0)
			*why = first_of(&against);
	}
	*is = *is && *why == NULL;
	reasons_release(&against);
	PQclear(res);
	free(oid);
	return rc;
}

/* Between the ledger's schema and the target's. */
static int
move(const struct plan *plan, const char *from, const char *to, struct db *db, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc = 0;

	buf_adds(&sql, "ALTER TABLE ");
	ident_add_quoted(&sql, from);
	buf_addc(&sql, '.');
	ident_add_quoted(&sql, plan->aside.name);
	buf_adds(&sql, " SET SCHEMA ");
	ident_add_quoted(&sql, to);
	if (strcmp(from, to) != 0)
		rc = db_exec(db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
}

int
attached_make(const struct plan *plan, struct db *db, struct err *e)
{
	char *path = NULL;
	int rc = session_narrow_path(db, &path, e);

	if (rc == 0)
		rc = db_exec(db, e, "%s", plan->replace->make);
	if (rc == 0)
		rc = move(plan, plan->target.schema, plan->aside.schema, db, e);
	if (rc == 0)
		rc = session_set_path(db, path, e);
	free(path);
	return rc;
}

/*
 * Those of --replace have a number behind the table's name.  What else there is was made to
 * catch up by; ${*built}: the others are there, and what comes with them.
 */
static int
clear_indexes(const struct plan *plan, struct db *db, bool *built, struct err *e)
{
	struct buf name = BUF_INIT;
	const char *params[1];
	PGresult *res;
	int rc = 0;

	relname_add_quoted(&plan->aside, &name);
	params[0] = buf_cstr(&name);
	res = db_query(db, e,
		       "SELECT coalesce(bool_or(ours), false), string_agg(format('DROP INDEX"
		       " %I.%I', nspname, relname), '; ') FILTER (WHERE NOT ours) FROM (SELECT"
		       " n.nspname, x.relname, x.relname ~ '_[0-9]+$' AS ours FROM pg_index i"
		       " JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n"
		       " ON n.oid = x.relnamespace WHERE i.indrelid = $1::regclass) AS list",
		       1, params);
	*built = res != NULL && db_is_true(res, 0, 0);
	if (res == NULL)
		rc = -1;
	else if (!PQgetisnull(res, 0, 1))
		rc = db_exec(db, e, "%s", PQgetvalue(res, 0, 1));
	PQclear(res);
	buf_release(&name);
	return rc;
}

int
attached_build(const struct plan *plan, struct db *db, struct err *e)
{
	bool built;

	if (clear_indexes(plan, db, &built, e) != 0)
		return -1;
	if (built)
		return 0;
	if (move(plan, plan->aside.schema, plan->target.schema, db, e) != 0 ||
	    db_exec(db, e, "%s", plan->replace->build) != 0)
		return -1;
	return move(plan, plan->target.schema, plan->aside.schema, db, e);
}

int
attached_take_place(const struct plan *plan, struct db *db, struct err *e)
{
	struct buf name = BUF_INIT;
	int rc;

	relname_add_quoted(&plan->aside, &name);
	rc = db_exec(db, e, "COMMENT ON TABLE %s IS NULL", buf_cstr(&name));
	buf_release(&name);
	if (rc == 0)
		rc = move(plan, plan->aside.schema, plan->target.schema, db, e);
	return rc == 0 ? replaced_take_place(plan, db, e) : -1;
}
