/*
 * The target by itself: whether rows can be written into it at all, and
 * whether COPY can do it (PostgreSQL manual, COPY, "Notes") or only INSERT.
 */
#include "load/match/plan_target.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"
#include "common/pg/relation.h"
#include "load/match/plan.h"
#include "load/match/reasons.h"
#include "load/rules/rules.h"

/* 8 is INSERT, by triggers too; OIDs below 16384 are initdb's. */
static const char facts_sql[] =
	"SELECT c.oid, pg_relation_is_updatable(c.oid, true) & 8 <> 0, c.oid < 16384,"
	" pg_is_other_temp_schema(c.relnamespace),"
	" has_schema_privilege(c.relnamespace, 'USAGE'),"
	" has_table_privilege(c.oid, 'TRUNCATE'), current_setting('row_security')::bool"
	" FROM pg_class c WHERE c.oid = ANY ($1::oid[]) ORDER BY c.oid";

/*
 * The first table or view under a view that has rules for INSERT: rows written through
 * the view meet them.  A view with INSTEAD OF INSERT triggers hides what is under it.  Of
 * tgtype, 1 is ROW, 4 INSERT, 64 INSTEAD; of ev_type, 1 is SELECT, 3 INSERT.
 */
static const char under_sql[] =
	"WITH RECURSIVE under (relid) AS (SELECT $1::oid UNION SELECT d.refobjid FROM under"
	" JOIN pg_rewrite w ON w.ev_class = relid AND w.ev_type = '1'"
	" JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid"
	" AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> relid"
	" WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relid"
	" AND t.tgtype & 69 = 69 AND t.tgenabled <> 'D'))"
	" SELECT c.relname FROM under JOIN pg_class c ON c.oid = relid"
	" WHERE relid <> $1 AND EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = relid"
	" AND w.ev_type = '3' AND w.ev_enabled <> 'D') ORDER BY c.relname LIMIT 1";

static const char create_sql[] =
	"SELECT pg_is_in_recovery(), has_schema_privilege(oid, 'CREATE')"
	" FROM pg_namespace WHERE nspname = $1";

static const char computed_sql[] =
	"SELECT attname FROM pg_attribute WHERE attrelid = $1 AND attnum > 0"
	" AND pg_relation_is_updatable(attrelid, true) & 8 <> 0"
	" AND NOT pg_column_is_updatable(attrelid, attnum, false)";

int
plan_target_facts(struct db *db, struct relation *const *rels, size_t n,
		  struct plan_target_facts *facts, struct err *e)
{
	struct buf oids = BUF_INIT;
	const char *params[1];
	PGresult *res;
	size_t i;
	int row;

	for (i = 0; i < n; i++)
		pgarray_add_oid(&oids, rels[i]->oid);
	params[0] = pgarray_end(&oids);
	res = db_query(db, e, facts_sql, 1, params);
	buf_release(&oids);
	if (res == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		row = (int)i;
		if (row >= PQntuples(res) ||
		    strtoul(PQgetvalue(res, row, 0), NULL, 10) != rels[i]->oid)
			break;
		facts[i] = (struct plan_target_facts){
			.insertable = db_is_true(res, row, 1),
			.catalog = db_is_true(res, row, 2),
			.foreign = db_is_true(res, row, 3),
			.usage = db_is_true(res, row, 4),
			.truncate = db_is_true(res, row, 5),
			.hides = db_is_true(res, row, 6),
		};
	}
	PQclear(res);
	return i == n ? 0
		      : err_set(e, EXIT_DATA, "relation \"%s\" was dropped just now",
				rels[i]->id.name);
}

/* What no statement can write, whatever the columns. */
static void
check_kind(const struct relation *rel, const struct plan_target_facts *facts,
	   struct reasons *why)
{
	bool insertable = facts->insertable;

	if (facts->catalog)
		reasons_add(why, "it is a system catalog");
	else if (!insertable && rel->kind == 'v')
		reasons_add(why,
			    "it is a view that PostgreSQL cannot write through; give it an "
			    "INSTEAD OF INSERT trigger");
	else if (!insertable && rel->kind == 'f')
		reasons_add(why, "it is a foreign table that cannot be written");
	else if (!insertable && rel->kind == 'S')
		reasons_add(why, "it is a sequence, and the stream has a row of it as of a "
				 "table; portl-extract --schema and -t with a pattern send "
				 "sequences");
	else if (!insertable)
		reasons_add(why, "it is a %s", relation_kind_name(rel->kind));
	if (facts->foreign)
		reasons_add(why, "it is a temporary table of another session");
	if (rel->standby)
		reasons_add(why, "the server is a read-only standby");
	if (rel->insert_rules)
		reasons_add(why, "it has rules for INSERT, so that what is written is not what "
				 "is sent");
	if (rel->row_security && !facts->hides)
		reasons_add(why,
			    "row security is active for this role, and row_security is off");
	if (!facts->usage) {
		reasons_add(why, "no USAGE privilege on schema \"%s\"", rel->id.schema);
		reasons_grant(&why->schema, "USAGE");
	}
}

static void
check_truncate(const struct relation *rel, bool together, const struct plan_target_facts *facts,
	       struct reasons *why)
{
	if (strchr("rpf", rel->kind) == NULL)
		reasons_add(why, "--truncate: a %s cannot be truncated",
			    relation_kind_name(rel->kind));
	else if (!facts->truncate) {
		reasons_add(why, "--truncate: no TRUNCATE privilege");
		reasons_grant(&why->grants, "TRUNCATE");
	}
	if (rel->referenced && !together)
		reasons_add(why, "--truncate: foreign keys of other tables refer to it; change "
				 "its rows with --conflict=overwrite instead, or drop the keys "
				 "before and add them again");
}

/* --create: the schema is there, or there is a reason already. */
static int
check_create(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	const char *params[] = {p->target.schema};
	PGresult *res = db_query(db, e, create_sql, 1, params);

	if (res == NULL)
		return -1;
	if (PQntuples(res) > 0 && db_is_true(res, 0, 0))
		reasons_add(why, "the server is a read-only standby");
	if (PQntuples(res) > 0 && !db_is_true(res, 0, 1)) {
		reasons_add(why, "--create: no CREATE privilege on schema \"%s\"",
			    p->target.schema);
		reasons_grant(&why->schema, "CREATE");
	}
	PQclear(res);
	return 0;
}

static int
check_under(const struct relation *rel, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *res = db_query_oid(db, e, under_sql, rel->oid);

	if (res == NULL)
		return -1;
	if (PQntuples(res) > 0)
		reasons_add(why,
			    "it is a view of \"%s\", which has rules for INSERT, so that what "
			    "is written is not what is sent",
			    PQgetvalue(res, 0, 0));
	PQclear(res);
	return 0;
}

int
plan_target(struct plan *p, struct db *db, const struct plan_target_facts *facts,
	    struct reasons *why, struct err *e)
{
	if (p->rel == NULL)
		return check_create(p, db, why, e);
	check_kind(p->rel, facts, why);
	if (p->rules->truncate)
		check_truncate(p->rel, p->rules->together, facts, why);
	if (p->rel->row_security)
		p->stage_reason = "row security is active for this role";
	else if (p->rel->kind == 'v')
		p->stage_reason =
			p->rel->instead_trigger
				? "COPY counts rows that an INSTEAD OF trigger suppresses"
				: "COPY cannot write through a view";
	return p->rel->kind == 'v' ? check_under(p->rel, db, why, e) : 0;
}

static void
check_privileges(struct plan *p, struct reasons *why)
{
	bool any = false;
	size_t i;

	for (i = 0; i < p->rel->ncolumns; i++)
		any = any || p->rel->columns[i].may_insert;
	if (!any && p->rel->ncolumns > 0) {
		reasons_add(why, "no INSERT privilege");
		reasons_grant(&why->grants, "INSERT");
	}
	for (i = 0; any && i < p->ncolumns; i++) {
		int position = p->columns[i].position;

		if (position < 0 || p->rel->columns[position].may_insert)
			continue;
		plan_refuse(p, i, why, NULL, "may not be written: no INSERT privilege");
		reasons_grant(&why->grants, "INSERT");
	}
}

/* A view that can be written may have columns that cannot. */
static int
check_view_columns(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *res = db_query_oid(db, e, computed_sql, p->rel->oid);
	int i;

	if (res == NULL)
		return -1;
	for (i = 0; i < PQntuples(res); i++) {
		int column = plan_column_into(p, PQgetvalue(res, i, 0));

		if (column >= 0)
			plan_refuse(p, (size_t)column, why, NULL, "is computed by the view");
	}
	PQclear(res);
	return 0;
}

int
plan_target_columns(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	if (p->rel == NULL)
		return 0;
	check_privileges(p, why);
	if (p->rel->kind != 'v' || p->rel->instead_trigger)
		return 0;
	return check_view_columns(p, db, why, e);
}
