/*
 * Tables are found by their names, which the plan gives: what a part has made whose row in
 * the ledger never came goes, too.
 */
#include "load/parts/dropparts.h"

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/parts/partplan.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/talk/log.h"
#include "load/ledger/ledger.h"
#include "load/ledger/runplan.h"
#include "load/options.h"

static int
drop_tables(const struct run *run, size_t n, struct db *db, struct err *e)
{
	struct buf sql = BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 1; rc == 0 && i <= n; i++) {
		sql.len = 0;
		buf_adds(&sql, "DROP TABLE IF EXISTS ");
		runs_add_table(run, i, &sql);
		rc = db_exec(db, e, "%s", buf_cstr(&sql));
	}
	buf_release(&sql);
	return rc;
}

static int
drop(const struct run *run, const struct load_options *o, struct db *db, struct err *e)
{
	if (session_begin(db, SESSION_WRITE, o->common.lock_timeout, e) != 0 ||
	    runs_clear(run, db, e) != 0 ||
	    db_exec(db, e, "SET LOCAL client_min_messages = warning") != 0 ||
	    drop_tables(run, o->plan->nrelations, db, e) != 0 ||
	    runs_forget(run, db, 0, e) != 0)
		return -1;
	return db_exec(db, e, "COMMIT");
}

int
dropparts_run(const struct load_options *options, struct err *e)
{
	char mark[RUNPLAN_MARK + 1];
	struct db db = DB_INIT;
	struct run run;
	bool there = false;
	int rc = runplan_make(&run, options->plan, options->ledger, mark, e);

	if (rc == 0)
		rc = db_connect(&db, &options->common.db, e);
	if (rc == 0)
		rc = ledger_find(&db, options->ledger, LEDGER_RUNS, false, &there, e);
	if (rc == 0 && there)
		rc = drop(&run, options, &db, e);
	if (rc == 0)
		log_info(there ? "nothing is left of run %s" : "there is nothing of run %s",
			 run.id);
	db_close(&db);
	return rc;
}
