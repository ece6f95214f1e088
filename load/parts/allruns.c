/*
 * Each run is removed by itself, and looked at once more behind its lock: a part may have come
 * since all were listed.
 */
#include "load/parts/allruns.h"

#include <jansson.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/shown.h"
#include "common/os/writeall.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/talk/log.h"
#include "load/ledger/ledger.h"
#include "load/ledger/runs.h"
#include "load/options/options.h"
#include "load/parts/dropparts.h"

/* Those that are asked for; *res NULL: there is no ledger. */
static int
look(const struct load_options *o, struct db *db, PGresult **res, struct err *e)
{
	struct err why = ERR_INIT;
	bool there = false;
	int rc = 0;

	*res = NULL;
	/* whoever only looks needs no more than SELECT */
	if (ledger_find(db, o->ledger, LEDGER_RUNS, false, &there, &why) != 0 &&
	    why.code != EXIT_TARGET) {
		err_take(e, &why);
		return -1;
	}
	if (!there) {
		err_release(&why);
		return o->ledger_meant ? ledger_expect(db, o->ledger, e) : 0;
	}
	rc = session_begin(db, SESSION_PLAN, o->common.lock_timeout, e);
	if (rc == 0)
		*res = runs_all(o->ledger, o->drop_run, o->stale, db, e);
	session_rollback(db);
	ledger_explain(&why, e);
	return *res != NULL ? 0 : -1;
}

static const char *
field(const PGresult *res, int row, enum runs_all_column column)
{
	return PQgetvalue(res, row, (int)column);
}

static const char *
state_of(const PGresult *res, int row)
{
	return db_is_true(res, row, RUNS_ALL_AT_WORK)     ? "at work"
	       : db_is_true(res, row, RUNS_ALL_PUBLISHED) ? "published"
							  : "quiet";
}

/* ---- the list ---- */

static void
print_text(const PGresult *res)
{
	int n = res != NULL ? PQntuples(res) : 0, row;

	printf("%-16s  %-22s  %-20s %13s %7s %9s  %s\n", "run", "made", "quiet for", "parts",
	       "tables", "size", "state");
	for (row = 0; row < n; row++) {
		struct buf id = BUF_INIT, parts = BUF_INIT;

		shown_add(&id, field(res, row, RUNS_ALL_ID));
		buf_addf(&parts, "%s of %s", field(res, row, RUNS_ALL_THERE),
			 field(res, row, RUNS_ALL_PARTS));
		printf("%-16s  %-22s  %-20s %13s %7s %9s  %s\n", buf_cstr(&id),
		       field(res, row, RUNS_ALL_MADE), field(res, row, RUNS_ALL_QUIET),
		       buf_cstr(&parts), field(res, row, RUNS_ALL_TABLES),
		       field(res, row, RUNS_ALL_SIZE), state_of(res, row));
		buf_release(&id);
		buf_release(&parts);
	}
}

static json_int_t
number(const PGresult *res, int row, enum runs_all_column column)
{
	return strtoll(field(res, row, column), NULL, 10);
}

static void
print_json(const PGresult *res)
{
	int n = res != NULL ? PQntuples(res) : 0, row;
	json_t *runs = json_array();

	for (row = 0; row < n; row++)
		json_array_append_new(
			runs, json_pack("{s:o, s:s, s:s, s:I, s:I, s:b, s:b, s:I, s:I}", "run",
					jsontext(field(res, row, RUNS_ALL_ID)), "made",
					field(res, row, RUNS_ALL_MADE), "quiet",
					field(res, row, RUNS_ALL_QUIET), "parts",
					number(res, row, RUNS_ALL_PARTS), "there",
					number(res, row, RUNS_ALL_THERE), "published",
					(int)db_is_true(res, row, RUNS_ALL_PUBLISHED),
					"at_work", (int)db_is_true(res, row, RUNS_ALL_AT_WORK),
					"tables", number(res, row, RUNS_ALL_TABLES), "bytes",
					number(res, row, RUNS_ALL_BYTES)));
	json_dumpf(runs, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(runs);
}

int
allruns_print(const struct load_options *options, struct err *e)
{
	struct db db = DB_INIT;
	PGresult *res = NULL;
	int rc = db_connect(&db, &options->common.db, e);

	if (rc == 0)
		rc = look(options, &db, &res, e);
	if (rc == 0 && options->json)
		print_json(res);
	else if (rc == 0)
		print_text(res);
	PQclear(res);
	db_close(&db);
	return rc == 0 ? writeall_finish(stdout, e) : -1;
}

/* ---- removing ---- */

/* A run that is to go, and was looked at behind its lock. */
struct removal {
	const struct load_options *options;
	const char *id;
	bool looked, stays;
};

/* Before the first of its tables goes: a part may have come meanwhile. */
static int
may_go(void *arg, struct db *db, bool *stays, struct err *e)
{
	struct removal *r = arg;
	PGresult *res;

	if (r->looked)
		return 0;
	r->looked = true;
	res = runs_all(r->options->ledger, r->id, r->options->stale, db, e);
	*stays = r->stays = res != NULL && PQntuples(res) == 0;
	PQclear(res);
	return res != NULL ? 0 : -1;
}

static bool
is_in_use(const struct err *e)
{
	return e->code == EXIT_AGAIN || strcmp(e->sqlstate, "55P03") == 0;
}

static int
drop(const struct load_options *o, const char *id, struct db *db, struct err *e)
{
	const struct run run = {.ledger = o->ledger, .id = id};
	struct removal removal = {.options = o, .id = id};
	struct err why = ERR_INIT;
	int rc = dropparts_drop(&run, o->common.lock_timeout, may_go, &removal, db, &why);

	if (rc == 0 && !removal.stays) {
		puts(id);
		return 0;
	}
	if (rc != 0 && !is_in_use(&why)) {
		err_take(e, &why);
		return -1;
	}
	err_release(&why);
	if (o->drop_run != NULL)
		return err_set(e, EXIT_AGAIN, "run %s is in use", id);
	log_info("run %s is in use, and stays", id);
	return 0;
}

int
allruns_drop(const struct load_options *options, struct err *e)
{
	struct db db = DB_INIT;
	PGresult *res = NULL;
	int rc = db_connect(&db, &options->common.db, e), row;

	if (rc == 0)
		rc = look(options, &db, &res, e);
	if (rc == 0 && options->drop_run != NULL && (res == NULL || PQntuples(res) == 0))
		rc = err_set(e, EXIT_DATA, "there is no run %s", options->drop_run);
	for (row = 0; rc == 0 && res != NULL && row < PQntuples(res); row++)
		rc = drop(options, field(res, row, RUNS_ALL_ID), &db, e);
	PQclear(res);
	db_close(&db);
	return rc == 0 ? writeall_finish(stdout, e) : -1;
}
