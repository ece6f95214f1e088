/*
 * What is stored of states, for people and scripts.  Whoever only looks needs no more than
 * SELECT, and no ledger.
 */
#include "load/pg/states.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/shown.h"
#include "common/os/writeall.h"
#include "common/pg/db.h"
#include "common/schema/position.h"
#include "load/ledger/ledger.h"
#include "load/options/options.h"

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
	ledger_add(o->ledger, "states", &sql);
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

/* A table for people: what a field holds may be any text.  NULL: no rows. */
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

	if (ledger_find(db, o->ledger, LEDGER_STATES, false, &there, &why) != 0 &&
	    why.code != EXIT_TARGET) {
		err_take(e, &why);
		return -1;
	}
	if (there)
		res = ask(db, o, e);
	ledger_explain(&why, e);
	if (there && res == NULL)
		return -1;
	if (!there && o->list_states && o->ledger_meant && ledger_expect(db, o->ledger, e) != 0)
		return -1;
	if (o->list_states)
		print_states(res);
	else if (!o->list_states)
		puts(res == NULL || o->reset_state || PQgetisnull(res, 0, 0)
			     ? POSITION_NONE
			     : PQgetvalue(res, 0, 0));
	PQclear(res);
	return writeall_finish(stdout, e);
}

int
states_print(const struct load_options *options, struct err *e)
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
