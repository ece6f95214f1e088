/*
 * Clean rows take the staged route.  Only when the server has refused some are
 * they looked for: by queries, then piece by piece.  A row that is left out is as
 * if it had not been in the stream.
 */
#include "load/route/route_rejects.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/pg/target.h"
#include "load/rejects/pieces.h"
#include "load/rejects/plan_rejects.h"
#include "load/rejects/rejects.h"
#include "load/rejects/sift.h"
#include "load/route/intake.h"
#include "load/route/staged.h"
#include "load/stage/plan_stage.h"

static int
rejects_route_begin(struct route *r, struct err *e)
{
	if (db_exec(r->db, e, "%s", r->plan->stage->create_sql) != 0)
		return -1;
	return intake_begin(&r->intake, r, e);
}

static int
rejects_route_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	return intake_write(&r->intake, r, chunk, e);
}

static int
rejects_route_locate(struct route *r, struct err *e)
{
	return intake_note(&r->intake, e);
}

/* As if the INSERT had never been tried; prepared statements know no ROLLBACK. */
static int
undo(struct route *r, struct err *e)
{
	if (db_exec(r->db, e,
		    "ROLLBACK TO SAVEPOINT portl_apply; RELEASE SAVEPOINT portl_apply") != 0)
		return -1;
	return staged_forget(r, e);
}

/* Returns 1 if all rows are in, 0 if some were refused (${why}, ${row} or 0), -1. */
static int
try_all(struct route *r, uint64_t *row, struct err *why, struct err *e)
{
	const char *zero = r->plan->stage->rejects->zero_sql;

	if (db_exec(r->db, e, "SAVEPOINT portl_apply%s%s", zero != NULL ? "; " : "",
		    zero != NULL ? zero : "") != 0)
		return -1;
	if (staged_apply(r, row, why) == 0)
		return db_exec(r->db, e, "RELEASE SAVEPOINT portl_apply") == 0 ? 1 : -1;
	if (!rejects_is_for(why)) {
		err_take(e, why);
		return *row > 0 ? route_at(r, *row, NULL, e) : -1;
	}
	return undo(r, e) == 0 ? 0 : -1;
}

/* Where pieces would be refused, rows are left out one by one. */
static int
leave_out(struct route *r, uint64_t row, struct err *why, struct err *e)
{
	if (row != 0 && !r->plan->stage->rejects->late)
		return sift_row(r, row, why, e);
	err_take(e, why);
	return err_detail(e, "The server does not say which row it means, so that none can be "
			     "rejected.");
}

/* Leave rows out after the INSERT was refused for ${why}; ${*cast}: all casts succeed. */
static int
sift(struct route *r, const struct err *why, bool *cast, struct err *e)
{
	if (!*cast && sift_casts(r, e) != 0)
		return -1;
	*cast = true;
	return strncmp(why->sqlstate, "22", 2) == 0 ? 0 : sift_constraints(r, why, e);
}

static int
apply(struct route *r, bool cast, struct err *e)
{
	const struct plan_rejects *pr = r->plan->stage->rejects;
	struct err why = ERR_INIT;
	uint64_t row = 0, before;
	int rc;

	for (;;) {
		rc = try_all(r, &row, &why, e);
		if (rc != 0)
			break;
		before = r->counts.rejected;
		rc = sift(r, &why, &cast, e);
		if (rc == 0 && r->counts.rejected == before) {
			if (!pr->whole) {
				rc = pieces_apply(r, e) == 0 ? 1 : -1;
				break;
			}
			rc = leave_out(r, row, &why, e);
		}
		if (rc != 0)
			break;
		err_release(&why);
	}
	err_release(&why);
	return rc > 0 ? 0 : -1;
}

static int
rejects_route_end(struct route *r, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;

	if (intake_end(&r->intake, r, e) != 0)
		return -1;
	if (target_prepare(r->db, r->plan, r->first, e) != 0)
		return -1;
	if (st->rejects->key_cast && sift_casts(r, e) != 0)
		return -1;
	if (staged_queue(r, e) != 0)
		return -1;
	if (st->lock_sql != NULL && db_exec(r->db, e, "%s", st->lock_sql) != 0)
		return -1;
	if (apply(r, st->rejects->key_cast, e) != 0)
		return -1;
	if (st->twice_sql != NULL && staged_refuse_duplicates(r, e) != 0)
		return -1;
	if (rejects_gather(r->rejects, r->db, st->rejects->gather_sql, e) != 0)
		return -1;
	return db_exec(r->db, e, "%s", st->drop_sql);
}

const struct route_ops route_rejects_ops = {
	.begin = rejects_route_begin,
	.write = rejects_route_write,
	.locate = rejects_route_locate,
	.end = rejects_route_end,
};
