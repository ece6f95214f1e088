/*
 * What all routes have in common, and their factory.
 */
#include "load/route/route.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/stream/stream_reader.h"
#include "load/match/plan.h"
#include "load/route/route_direct.h"
#include "load/route/route_rejects.h"
#include "load/route/route_staged.h"
#include "load/route/staged.h"
#include "load/stage/plan_stage.h"

struct route *
route_new(struct db *db, const struct plan *plan, const char *input, struct rejects *rejects)
{
	struct route *r = xcalloc(1, sizeof(*r));

	r->ops = plan->route == PLAN_DIRECT ? &route_direct_ops
		 : rejects == NULL          ? &route_staged_ops
					    : &route_rejects_ops;
	r->db = db;
	r->plan = plan;
	r->input = input;
	r->rejects = rejects;
	intake_init(&r->intake, rejects);
	if (plan->stage != NULL && plan->stage->key_columns != NULL)
		r->keyrun = keyrun_new(plan->stage->key_columns, plan->stage->nkey);
	return r;
}

int
route_begin(struct route *r, uint64_t rows_before, bool first, struct err *e)
{
	r->rows_before = rows_before;
	r->first = first;
	r->counts = (struct route_counts){.read = 0};
	r->order = KEYRUN_UNKNOWN;
	r->alone = false;
	return r->ops->begin(r, e);
}

int
route_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	r->counts.read += chunk->rows;
	return r->ops->write(r, chunk, e);
}

int
route_locate(struct route *r, struct err *e)
{
	return r->ops->locate(r, e);
}

int
route_end(struct route *r, struct err *e)
{
	const struct route_counts *c = &r->counts;
	uint64_t sum;

	if (r->ops->end(r, e) != 0)
		return -1;
	sum = c->inserted + c->updated + c->unchanged + c->skipped + c->rejected;
	if (sum == c->read && c->skipped <= c->read)
		return 0;
	return err_set(e, EXIT_DATA,
		       "%" PRIu64 " rows were read, but the server counts %" PRIu64, c->read,
		       sum);
}

int
route_at(const struct route *r, uint64_t row, const char *column, struct err *e)
{
	if (column != NULL)
		err_prefix(e, "column \"%s\": ", column);
	return err_prefix(e, "%s:%" PRIu64 ": ", r->input, r->rows_before + row);
}

void
route_forget(const struct route *r)
{
	struct err ignored = ERR_INIT;

	session_rollback(r->db);
	if (r->plan->stage != NULL && PQtransactionStatus(r->db->conn) == PQTRANS_IDLE &&
	    staged_forget(r, &ignored) != 0) {
		/* the end of the session takes them along just as well */
	}
	err_release(&ignored);
}

void
route_free(struct route *r)
{
	if (r == NULL)
		return;
	intake_release(&r->intake);
	keyrun_free(r->keyrun);
	free(r);
}
