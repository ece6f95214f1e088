/*
 * What all routes have in common, and their factory.
 */
#include "load/route.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/err.h"
#include "common/stream_reader.h"
#include "common/xalloc.h"
#include "load/plan.h"
#include "load/route_direct.h"
#include "load/route_staged.h"

struct route *
route_new(struct db *db, const struct plan *plan, const char *input)
{
	struct route *r = xcalloc(1, sizeof(*r));

	r->ops = plan->route == PLAN_STAGED ? &route_staged_ops : &route_direct_ops;
	r->db = db;
	r->plan = plan;
	r->input = input;
	return r;
}

int
route_begin(struct route *r, uint64_t rows_before, bool first, struct err *e)
{
	r->rows_before = rows_before;
	r->first = first;
	r->counts = (struct route_counts){.read = 0};
	return r->ops->begin(r, e);
}

int
route_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	r->counts.read += chunk->rows;
	return feed_write(&r->feed, chunk, e) != 0 ? route_locate(r, e) : 0;
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
	sum = c->inserted + c->updated + c->unchanged + c->skipped;
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
route_free(struct route *r)
{
	free(r);
}
