/*
 * COPY writes the target itself.  Its row count is what it inserted; rows that came beyond
 * that were suppressed by a trigger, and count as skipped.
 */
#include "load/route/route_direct.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/stream/stream_chunk.h"
#include "load/match/plan.h"
#include "load/route/copied.h"
#include "load/route/ready.h"
#include "load/route/route.h"

/* People look for the row in front of the message, not in its context. */
static int
direct_locate(struct route *r, struct err *e)
{
	uint64_t line;
	char *column;
	bool sure;

	route_explain_key(r, e);
	if (!copied_where(r, e, &line, &column, &sure))
		return -1;
	route_at_line(r, line, column, e);
	free(column);
	return -1;
}

static int
direct_begin(struct route *r, struct err *e)
{
	if (ready_target(r->db, r->plan, r->first, e) != 0)
		return -1;
	return feed_begin(&r->feed, r->db, r->plan->sql[SQL_COPY], r->plan->text, e);
}

static int
direct_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	return feed_write(&r->feed, chunk->data, chunk->len, e) != 0 ? direct_locate(r, e) : 0;
}

static int
direct_close(struct route *r, struct err *e)
{
	return feed_close(&r->feed, e) == 0 ? 1 : direct_locate(r, e);
}

static int
direct_end(struct route *r, struct err *e)
{
	if (feed_end(&r->feed, &r->counts.inserted, e) != 0)
		return direct_locate(r, e);
	r->counts.skipped = r->counts.read - r->counts.inserted;
	return 0;
}

static void
direct_free(struct route *r)
{
	free(r);
}

static const struct route_ops direct_ops = {
	.begin = direct_begin,
	.write = direct_write,
	.locate = direct_locate,
	.close = direct_close,
	.end = direct_end,
	.free = direct_free,
};

struct route *
route_direct_new(struct db *db, const struct plan *plan, const char *input)
{
	struct route *r = xcalloc(1, sizeof(*r));

	route_init(r, &direct_ops, db, plan, input);
	return r;
}
