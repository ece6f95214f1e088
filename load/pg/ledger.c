/*
 * The ledger is made in a transaction of its own, of which two may be at work at once: who
 * comes second finds it made.
 */
#include "load/pg/ledger.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/shown.h"
#include "common/base/xalloc.h"
#include "common/os/writeall.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/schema/position.h"
#include "common/talk/log.h"
#include "load/options.h"

#define ATTEMPTS 3 /* to make it beside others */

/* What there is, and what the role may. */
struct found {
	bool schema, table;
	bool may_use;  /* what there is */
	bool may_make; /* what is missing */
	char *role;    /* as SQL takes it; owned */
};

void
ledger_add_states(const char *schema, struct buf *sql)
{
	ident_add_quoted(sql, schema);
	buf_adds(sql, ".states");
}

static const char find_sql[] =
	"SELECT n.oid IS NOT NULL, c.oid IS NOT NULL,"
	" coalesce(has_schema_privilege(n.oid, 'USAGE'), true)"
	" AND coalesce(has_table_privilege(c.oid, 'SELECT')"
	" AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE'), true),"
	" coalesce(has_schema_privilege(n.oid, 'CREATE'),"
	" has_database_privilege(current_database(), 'CREATE')), quote_ident(current_user)"
	" FROM (SELECT $1::text AS name) AS l LEFT JOIN pg_namespace n ON n.nspname = l.name"
	" LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'states'";

static int
look(struct db *db, const char *schema, struct found *f, struct err *e)
{
	const char *params[] = {schema};
	PGresult *res = NULL;
	char *saved = NULL;

	*f = (struct found){.role = NULL};
	if (session_begin(db, SESSION_PLAN, -1, e) == 0 &&
	    session_narrow_path(db, &saved, e) == 0)
		res = db_query(db, e, find_sql, 1, params);
	free(saved);
	session_rollback(db);
	if (res == NULL)
		return -1;
	f->schema = db_is_true(res, 0, 0);
	f->table = db_is_true(res, 0, 1);
	f->may_use = db_is_true(res, 0, 2);
	f->may_make = db_is_true(res, 0, 3);
	f->role = xstrdup(PQgetvalue(res, 0, 4));
	PQclear(res);
	return 0;
}

/* What is missing, each statement behind ${before}. */
static void
add_ddl(const struct found *f, const char *schema, const char *before, struct buf *sql)
{
	if (!f->schema) {
		buf_addf(sql, "%sCREATE SCHEMA ", before);
		ident_add_quoted(sql, schema);
		buf_addc(sql, ';');
	}
	if (f->table)
		return;
	buf_addf(sql, "%sCREATE TABLE ", before);
	ledger_add_states(schema, sql);
	buf_adds(sql, " (name text, source text, target oid, relation text, columns text,"
		      " position text, run text, rows bigint, runs bigint, stored timestamptz,"
		      " PRIMARY KEY (name, source));");
}

static int
refuse(const struct found *f, const char *schema, struct err *e)
{
	struct buf sql = BUF_INIT;

	err_set(e, EXIT_TARGET,
		f->table ? "role %s may not use the ledger in schema \"%s\""
			 : "role %s may not make the ledger in schema \"%s\"",
		f->role, schema);
	buf_adds(&sql, "An administrator may run:");
	add_ddl(f, schema, "\n", &sql);
	buf_adds(&sql, "\nGRANT USAGE ON SCHEMA ");
	ident_add_quoted(&sql, schema);
	buf_addf(&sql, " TO %s;\nGRANT SELECT, INSERT, UPDATE ON ", f->role);
	ledger_add_states(schema, &sql);
	buf_addf(&sql, " TO %s;", f->role);
	err_detail(e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return -1;
}

static int
run_ddl(const struct found *f, struct db *db, const char *schema, struct err *e)
{
	struct buf sql = BUF_INIT;
	char *saved = NULL;
	int rc = session_begin(db, SESSION_WRITE, -1, e);

	if (rc == 0)
		rc = session_narrow_path(db, &saved, e);
	add_ddl(f, schema, " ", &sql);
	buf_adds(&sql, " COMMIT");
	if (rc == 0)
		rc = db_exec(db, e, "%s", buf_cstr(&sql));
	if (rc != 0)
		session_rollback(db);
	else
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

int
ledger_find(struct db *db, const char *schema, bool make, bool *there, struct err *e)
{
	int attempt, rc = 1;

	for (attempt = 0; rc > 0 && attempt < ATTEMPTS; attempt++) {
		struct found f;

		err_release(e);
		if (look(db, schema, &f, e) != 0)
			return -1;
		*there = f.table;
		if (!f.may_use || (!f.table && !f.may_make))
			rc = refuse(&f, schema, e);
		else if (f.table || !make)
			rc = 0;
		else if (run_ddl(&f, db, schema, e) != 0)
			rc = is_made(e) ? 1 : -1;
		free(f.role);
	}
	return rc == 0 ? 0 : -1;
}

/* ---- for people and scripts ---- */

static PGresult *
ask(struct db *db, const struct load_options *o, struct err *e)
{
	const char *params[] = {o->state};
	struct buf sql = BUF_INIT;
	PGresult *res;

	if (o->list_states)
		buf_adds(&sql,
			 "SELECT name, source, relation, coalesce(rows::pg_catalog.text, ''),"
			 " coalesce(pg_catalog.date_trunc('second', pg_catalog.now()"
			 " OPERATOR(pg_catalog.-) stored)::pg_catalog.text, ''),"
			 " coalesce(runs::pg_catalog.text, '0'), position IS NULL FROM ");
	else
		buf_adds(&sql,
			 "SELECT pg_catalog.string_agg(position, ',' ORDER BY source) FROM ");
	ledger_add_states(o->ledger, &sql);
	if (!o->list_states)
		buf_adds(&sql, " WHERE name OPERATOR(pg_catalog.=) $1");
	else
		buf_adds(&sql, " ORDER BY name, source");
	res = db_query(db, e, buf_cstr(&sql), o->list_states ? 0 : 1, params);
	buf_release(&sql);
	return res;
}

static void
print_cell(const char *text, size_t width)
{
	struct buf b = BUF_INIT;

	shown_add(&b, text);
	printf("%-*s", (int)width, buf_cstr(&b));
	buf_release(&b);
}

/* A table for people: what a field holds may be any text. */
static void
print_states(const PGresult *res)
{
	static const char *const titles[] = {"state", "relation", "into",
					     "rows",  "age",      "runs"};
	enum { COLUMNS = sizeof(titles) / sizeof(titles[0]) };
	size_t width[COLUMNS];
	int row, i;

	for (i = 0; i < COLUMNS; i++) {
		width[i] = strlen(titles[i]);
		for (row = 0; row < PQntuples(res); row++)
			if (strlen(PQgetvalue(res, row, i)) > width[i])
				width[i] = strlen(PQgetvalue(res, row, i));
	}
	for (row = -1; row < PQntuples(res); row++)
		for (i = 0; i < COLUMNS; i++) {
			print_cell(row < 0 ? titles[i] : PQgetvalue(res, row, i),
				   i + 1 < COLUMNS ? width[i] + 2 : 0);
			if (i + 1 == COLUMNS)
				putchar('\n');
		}
}

static int
print_all(struct db *db, const struct load_options *o, struct err *e)
{
	PGresult *res = NULL;
	struct err why = ERR_INIT;
	bool there = false;

	if (ledger_find(db, o->ledger, false, &there, &why) != 0 && why.code != EXIT_TARGET) {
		err_take(e, &why);
		return -1;
	}
	err_release(&why); /* whoever only looks needs no more than SELECT */
	if (there) {
		res = ask(db, o, e);
		if (res == NULL)
			return -1;
	}
	if (o->list_states && res != NULL)
		print_states(res);
	else if (!o->list_states)
		puts(res == NULL || o->reset_state || PQgetisnull(res, 0, 0)
			     ? POSITION_NONE
			     : PQgetvalue(res, 0, 0));
	PQclear(res);
	return writeall_finish(stdout, e);
}

int
ledger_print(const struct load_options *options, struct err *e)
{
	struct db db = DB_INIT;
	int rc;

	if (options->state == NULL && !options->list_states)
		return 0; /* a job without one */
	rc = db_connect(&db, &options->common.db, e);
	if (rc == 0)
		rc = print_all(&db, options, e);
	db_close(&db);
	return rc;
}
