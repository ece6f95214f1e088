/*
 * Where COPY names each row that the target refuses, rows go straight into that, until so many
 * are refused that it costs less to stage the others.
 *
 * Staged rows are tried as on the staged route.  Only if the server refuses one do they go in
 * piece by piece.  The result is as if the rows that are left out had not been in the stream.
 *
 * Constraints that come deferred are checked behind all rows if that is how these pass, else
 * with each piece.
 */
#include "load/route/route_rejects.h"

#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/route/keys.h"
#include "load/route/ready.h"
#include "load/route/pieces.h"
#include "load/rejects/rejects.h"
#include "load/route/apply.h"
#include "load/route/intake.h"
#include "load/route/staged.h"
#include "load/route/suspects.h"
#include "load/stage/plan_stage.h"

struct route_rejects {
	struct staged staged;
	struct intake intake;
};

static struct route_rejects *
own(struct route *r)
{
	return (struct route_rejects *)r;
}

static int
rejects_route_begin(struct route *r, struct err *e)
{
	staged_begin(staged_of(r));
	if (plan_stage_is_named(r->plan->stage) &&
	    ready_target(r->db, r->plan, r->first, e) != 0)
		return -1;
	return intake_begin(&own(r)->intake, r, e);
}

static int
rejects_route_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	return intake_write(&own(r)->intake, r, chunk, e);
}

static int
rejects_route_locate(struct route *r, struct err *e)
{
	return intake_note(&own(r)->intake, r, e);
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

static int
put_all(struct route *r, uint64_t *row, struct err *why)
{
	if (apply_staged(staged_of(r), row, why) != 0)
		return -1;
	return r->late != NULL ? db_exec(r->db, why, "%s", r->late) : 0;
}

/* Returns 1 if all rows are in, 0 if some were refused (${why}, ${row} or 0), -1. */
static int
try_all(struct route *r, uint64_t *row, struct err *why, struct err *e)
{
	if (db_exec(r->db, e, "SAVEPOINT portl_apply; %s", r->plan->sql[SQL_ZERO]) != 0)
		return -1;
	if (put_all(r, row, why) == 0)
		return db_exec(r->db, e, "RELEASE SAVEPOINT portl_apply") == 0 ? 1 : -1;
	if (!rejects_is_for(why)) {
		err_take(e, why);
		return *row > 0 ? route_at(r, *row, NULL, e) : -1;
	}
	return undo(r, e) == 0 ? 0 : -1;
}

/* What rows before these have broken stays deferred, for later ones to mend, or for COMMIT. */
static int
check_at_once(struct route *r, struct err *e)
{
	struct err why = ERR_INIT;

	if (r->late == NULL)
		return 0;
	if (db_exec(r->db, e, "SAVEPOINT portl_apply") != 0)
		return -1;
	if (db_exec(r->db, &why, "%s", r->late) == 0)
		return db_exec(r->db, e, "RELEASE SAVEPOINT portl_apply");
	if (!rejects_is_for(&why)) {
		err_take(e, &why);
		return -1;
	}
	err_release(&why);
	return db_exec(r->db, e,
		       "ROLLBACK TO SAVEPOINT portl_apply; RELEASE SAVEPOINT portl_apply");
}

static int
apply_pieces(struct route *r, const struct err *why, struct err *e)
{
	return check_at_once(r, e) == 0 && pieces_apply(r, why, e) == 0 ? 1 : -1;
}

/* A query knows nothing of what triggers bring before a deferred check. */
static int
apply(struct route *r, struct err *e)
{
	struct err why = ERR_INIT;
	uint64_t row = 0;
	int rc = r->late == NULL ? suspects_missing(r, e) : 0;

	if (rc > 0)
		rc = apply_pieces(r, NULL, e);
	else if (rc == 0 && (rc = try_all(r, &row, &why, e)) == 0)
		rc = apply_pieces(r, &why, e);
	err_release(&why);
	return rc > 0 ? 0 : -1;
}

static int
end_staged(struct route *r, struct err *e)
{
	uint64_t straight = own(r)->intake.written;

	r->counts.read -= straight;
	if ((!plan_stage_is_named(r->plan->stage) &&
	     ready_target(r->db, r->plan, r->first, e) != 0) ||
	    keys_check(r, e) != 0 || staged_queue(staged_of(r), e) != 0 || apply(r, e) != 0 ||
	    staged_refuse_duplicates(r, e) != 0)
		return -1;
	r->counts.read += straight;
	r->counts.inserted += straight;
	if (rejects_gather(r->rejects, r->db, r->plan->sql[SQL_GATHER], e) != 0)
		return -1;
	return db_exec(r->db, e, "%s", r->plan->sql[SQL_DROP]);
}

static int
rejects_route_end(struct route *r, struct err *e)
{
	const struct intake *in = &own(r)->intake;

	if (intake_end(&own(r)->intake, r, e) != 0)
		return -1;
	if (in->staged)
		return end_staged(r, e);
	r->counts.inserted = in->written;
	return rejects_gather(r->rejects, r->db, NULL, e);
}

static void
rejects_route_free(struct route *r)
{
	intake_release(&own(r)->intake);
	free(r);
}

static const struct route_ops rejects_ops = {
	.begin = rejects_route_begin,
	.write = rejects_route_write,
	.locate = rejects_route_locate,
	.close = route_has_work,
	.end = rejects_route_end,
	.forget = staged_forget,
	.free = rejects_route_free,
};

struct route *
route_rejects_new(struct db *db, const struct plan *plan, const char *input,
		  struct rejects *rejects)
{
	struct route_rejects *r = xcalloc(1, sizeof(*r));

	route_init(&r->staged.base, &rejects_ops, db, plan, input);
	r->staged.base.rejects = rejects;
	intake_init(&r->intake, rejects);
	return &r->staged.base;
}
