/*
 * The ledger is made in a transaction of its own, of which two may be at work at once: who
 * comes second finds it made.
 */
#include "load/ledger/ledger.h"

#include <libpq-fe.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"
#include "common/pg/session.h"
#include "common/talk/log.h"

#define ATTEMPTS 3 /* to make it beside others */
#define TABLES 2   /* that belong together, at most */

static const struct {
	const char *privileges; /* on each */
	bool beside;            /* other tables are made in the schema */
	struct {
		const char *name, *columns;
	} tables[TABLES];
} kinds[] = {
	[LEDGER_STATES] = {"SELECT, INSERT, UPDATE",
			   false,
			   {{"states", "name text, source text, target oid, relation text,"
				       " columns text, position text, run text, rows bigint,"
				       " runs bigint, stored timestamptz,"
				       " PRIMARY KEY (name, source)"}}},
	[LEDGER_RUNS] = {"SELECT, INSERT, UPDATE, DELETE",
			 true,
			 {{"run",
			   "id text PRIMARY KEY, plan text, parts bigint,"
			   " made timestamptz, counted timestamptz, published timestamptz"},
			  {"part", "run text, number bigint, relation bigint, rows bigint,"
				   " digest text, position text, snapshot text, whole text,"
				   " xid text, at timestamptz,"
				   " PRIMARY KEY (run, number),"
				   " UNIQUE (run, relation, number)"}}},
};

/* What there is, and what the role may. */
struct found {
	bool schema;
	bool tables[TABLES]; /* of the kind */
	bool all;            /* of these */
	bool may_use;        /* what there is */
	bool may_make;       /* what is missing */
	char *role;          /* as SQL takes it; owned */
};

void
ledger_add(const char *schema, const char *table, struct buf *sql)
{
	ident_add_quoted(sql, schema);
	buf_addf(sql, ".%s", table);
}

static size_t
count(enum ledger_tables kind)
{
	size_t n = 0;

	while (n < TABLES && kinds[kind].tables[n].name != NULL)
		n++;
	return n;
}

/* One row for each table, in their order. */
static const char find_sql[] =
	"SELECT n.oid IS NOT NULL, c.oid IS NOT NULL,"
	" coalesce(has_schema_privilege(n.oid, 'USAGE'), true)"
	" AND (NOT $4 OR coalesce(has_schema_privilege(n.oid, 'CREATE'), true))"
	" AND coalesce((SELECT bool_and(has_table_privilege(c.oid, p))"
	" FROM unnest(string_to_array($3, ', ')) p), true),"
	" coalesce(has_schema_privilege(n.oid, 'CREATE'),"
	" has_database_privilege(current_database(), 'CREATE')), quote_ident(current_user)"
	" FROM unnest($2::text[]) WITH ORDINALITY AS l (name, number)"
	" LEFT JOIN pg_namespace n ON n.nspname = $1::text"
	" LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = l.name"
	" ORDER BY l.number";

static PGresult *
ask(struct db *db, const char *schema, enum ledger_tables kind, struct err *e)
{
	struct buf names = BUF_INIT;
	const char *params[] = {schema, NULL, kinds[kind].privileges,
				kinds[kind].beside ? "t" : "f"};
	PGresult *res;
	size_t i;

	for (i = 0; i < count(kind); i++)
		pgarray_add(&names, kinds[kind].tables[i].name);
	params[1] = pgarray_end(&names);
	res = db_query(db, e, find_sql, 4, params);
	buf_release(&names);
	return res;
}

static int
look(struct db *db, const char *schema, enum ledger_tables kind, struct found *f, struct err *e)
{
	PGresult *res = NULL;
	char *saved = NULL;
	int i;

	*f = (struct found){.all = true, .may_use = true};
	if (session_begin(db, SESSION_PLAN, -1, e) == 0 &&
	    session_narrow_path(db, &saved, e) == 0)
		res = ask(db, schema, kind, e);
	free(saved);
	session_rollback(db);
	if (res == NULL)
		return -1;
	for (i = 0; i < PQntuples(res); i++) {
		f->tables[i] = db_is_true(res, i, 1);
		f->all = f->all && f->tables[i];
		f->may_use = f->may_use && db_is_true(res, i, 2);
	}
	f->schema = db_is_true(res, 0, 0);
	f->may_make = db_is_true(res, 0, 3);
	f->role = xstrdup(PQgetvalue(res, 0, 4));
	PQclear(res);
	return 0;
}

/* What is missing, each statement behind ${before}. */
static void
add_ddl(const struct found *f, const char *schema, enum ledger_tables kind, const char *before,
	struct buf *sql)
{
	size_t i;

	if (!f->schema) {
		buf_addf(sql, "%sCREATE SCHEMA ", before);
		ident_add_quoted(sql, schema);
		buf_addc(sql, ';');
	}
	for (i = 0; i < count(kind); i++)
		if (!f->tables[i]) {
			buf_addf(sql, "%sCREATE TABLE ", before);
			ledger_add(schema, kinds[kind].tables[i].name, sql);
			buf_addf(sql, " (%s) USING heap;", kinds[kind].tables[i].columns);
		}
}

static int
refuse(const struct found *f, const char *schema, enum ledger_tables kind, struct err *e)
{
	struct buf sql = BUF_INIT;
	size_t i;

	err_set(e, EXIT_TARGET,
		f->all ? "role %s may not use the ledger in schema \"%s\""
		       : "role %s may not make the ledger in schema \"%s\"",
		f->role, schema);
	buf_adds(&sql, "An administrator may run:");
	add_ddl(f, schema, kind, "\n", &sql);
	buf_addf(&sql, "\nGRANT USAGE%s ON SCHEMA ", kinds[kind].beside ? ", CREATE" : "");
	ident_add_quoted(&sql, schema);
	buf_addf(&sql, " TO %s;\nGRANT %s ON ", f->role, kinds[kind].privileges);
	for (i = 0; i < count(kind); i++) {
		buf_adds(&sql, i > 0 ? ", " : "");
		ledger_add(schema, kinds[kind].tables[i].name, &sql);
	}
	buf_addf(&sql, " TO %s;", f->role);
	err_detail(e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return -1;
}

static int
run_ddl(const struct found *f, struct db *db, const char *schema, enum ledger_tables kind,
	struct err *e)
{
	struct buf sql = BUF_INIT;
	char *saved = NULL;
	int rc = session_begin(db, SESSION_WRITE, -1, e);

	if (rc == 0)
		rc = session_narrow_path(db, &saved, e);
	add_ddl(f, schema, kind, " ", &sql);
	if (rc == 0)
		rc = db_exec(db, e, "%s", buf_cstr(&sql));
	rc = session_end(db, rc, e);
	if (rc == 0)
		log_info("the ledger was made in schema \"%s\"", schema);
	free(saved);
	buf_release(&sql);
	return rc;
}

/* Another has made it meanwhile, or parts of it. */
static bool
is_made(const struct err *e)
{
	static const char *const states[] = {"42P06", "42P07", "23505", "42710", "XX000"};
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(e->sqlstate, states[i]) == 0)
			return true;
	return false;
}

void
ledger_explain(struct err *why, struct err *e)
{
	if (strcmp(e->sqlstate, "42501") == 0 && why->code == EXIT_TARGET)
		err_take(e, why);
	err_release(why);
}

int
ledger_expect(struct db *db, const char *schema, struct err *e)
{
	struct found f;

	if (look(db, schema, LEDGER_STATES, &f, e) != 0)
		return -1;
	free(f.role);
	if (f.schema)
		return 0;
	err_set(e, EXIT_TARGET, "there is no ledger in \"%s\", for there is no such schema",
		schema);
	return err_hint(e, "The first run that keeps something there makes it.");
}

int
ledger_find(struct db *db, const char *schema, enum ledger_tables tables, bool make,
	    bool *there, struct err *e)
{
	int attempt, rc = 1;

	for (attempt = 0; rc > 0 && attempt < ATTEMPTS; attempt++) {
		struct found f;

		err_release(e);
		if (look(db, schema, tables, &f, e) != 0)
			return -1;
		*there = f.all;
		if (!f.may_use || (!f.all && !f.may_make))
			rc = refuse(&f, schema, tables, e);
		else if (f.all || !make)
			rc = 0;
		else if (run_ddl(&f, db, schema, tables, e) != 0)
			rc = is_made(e) ? 1 : -1;
		free(f.role);
	}
	return rc == 0 ? 0 : -1;
}
