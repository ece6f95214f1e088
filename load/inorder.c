/*
 * Rows come in key order, or out of it to a loader that is alone.  Where each key
 * is known to come once they are merged, else they are inserted, which does for
 * those that only are new or not.
 */
#include "load/inorder.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/db.h"
#include "common/err.h"
#include "common/xalloc.h"
#include "load/keyrun.h"
#include "load/options.h"
#include "load/plan.h"
#include "load/plan_stage.h"
#include "load/route.h"
#include "load/staged.h"

/* Do rows of one key come out right in a single statement that keeps what is there? */
static bool
keeps_first(const struct route *r)
{
	const struct load_options *o = r->plan->options;

	return r->plan->stage->once &&
	       (o->conflict == CONFLICT_SKIP || o->duplicates != DUPLICATES_FIRST);
}

/*
 * Whether the rows can be taken as they came: in key order, or alone, and each
 * key once, if that matters.  1, 0 if not, -1.
 */
static int
may_keep_order(struct route *r, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	const char *sql = st->unsorted_sql;
	uint64_t found = 0;

	if (st->sorted_sql == NULL || r->order == KEYRUN_MIXED)
		return 0;
	if (r->order == KEYRUN_ASCENDING ||
	    (r->alone && (r->order == KEYRUN_DISTINCT || keeps_first(r))))
		return 1;
	if (r->alone && st->again_sql != NULL)
		sql = st->again_sql;
	if (staged_numbers(r->db, sql, 0, NULL, &found, 1, e) != 0)
		return -1;
	if (found == 0) /* and it stays so when rows are left out */
		r->order = sql == st->unsorted_sql ? KEYRUN_ASCENDING : KEYRUN_DISTINCT;
	return found == 0;
}

static int
run_in_order(const struct route *r, uint64_t *written, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	char *sql = st->merge_sql == NULL
			    ? xasprintf("SAVEPOINT portl; %s; RELEASE SAVEPOINT portl",
					st->sorted_sql)
			    : xasprintf("SAVEPOINT portl; %s; %s; %s; RELEASE SAVEPOINT portl",
					st->settings_sql, st->merge_sql, st->reset_sql);
	int rc = db_exec_rows(r->db, e, sql, written);

	free(sql);
	return rc;
}

int
inorder_insert(struct route *r, uint64_t *written, struct err *e)
{
	struct err first = ERR_INIT;
	int rc = may_keep_order(r, e);

	if (rc <= 0)
		return rc;
	if (run_in_order(r, written, &first) == 0)
		return 1;
	if (staged_is_sifted(r->plan->stage, &first)) {
		err_take(e, &first);
		return -1;
	}
	rc = staged_names_row(&first) ? db_exec(r->db, e,
						"ROLLBACK TO SAVEPOINT portl; "
						"RELEASE SAVEPOINT portl")
				      : -1;
	if (rc != 0 && e->code == EXIT_DONE)
		err_take(e, &first);
	err_release(&first);
	return rc;
}
