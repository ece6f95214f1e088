/*
 * Tables are found by their names: what a part has made whose row in the ledger never came
 * goes, too.  A server has room for so many locks, and DROP takes some for each table.  So some
 * tables are dropped at a time, with the parts that are in them: whoever goes on with the run
 * finds these missing.
 */
#include "load/parts/dropparts.h"

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/parts/partplan.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/talk/log.h"
#include "load/ledger/ledger.h"
#include "load/ledger/runplan.h"
#include "load/options/options.h"

#define AT_ONCE ((size_t)20) /* tables, with their indexes */

/* In a transaction; none is left: the run goes as well. */
static int
drop_some(const struct run *run, dropparts_may *may, void *arg, struct db *db, bool *done,
	  struct err *e)
{
	bool stays = false;

	*done = false;
	if (runs_clear(run, db, e) != 0 || may(arg, db, &stays, e) != 0)
		return -1;
	*done = stays;
	if (stays)
		return 0;
	if (runs_drop_tables(run, AT_ONCE, db, done, e) != 0)
		return -1;
	return *done ? runs_forget(run, db, 0, e) : 0;
}

int
dropparts_drop(const struct run *run, int64_t lock_timeout, dropparts_may *may, void *arg,
	       struct db *db, struct err *e)
{
	bool done = false;
	int rc = 0;

	while (rc == 0 && !done) {
		rc = session_begin(db, SESSION_WRITE, lock_timeout, e);
		if (rc == 0)
			rc = drop_some(run, may, arg, db, &done, e);
		rc = session_end(db, rc, e);
	}
	return rc;
}

static int
may_always(void *arg, struct db *db, bool *stays, struct err *e)
{
	(void)arg;
	(void)db;
	(void)stays;
	(void)e;
	return 0;
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
		rc = dropparts_drop(&run, options->common.lock_timeout, may_always, NULL, &db,
				    e);
	if (rc == 0)
		log_info(there ? "nothing is left of run %s" : "there is nothing of run %s",
			 run.id);
	db_close(&db);
	return rc;
}
