/*
 * Rows are staged while they come; the target is not touched before the batch
 * is complete.
 */
#include "load/route_staged.h"

#include <stdlib.h>

#include "common/db.h"
#include "common/err.h"
#include "common/stream_reader.h"
#include "load/plan.h"
#include "load/plan_stage.h"
#include "load/staged.h"
#include "load/target.h"

static int
staged_locate(struct route *r, struct err *e)
{
	char *column = NULL;
	uint64_t line;

	if (staged_where(r, e, &line, &column))
		route_at(r, line, column, e);
	free(column);
	return -1;
}

static int
staged_begin(struct route *r, struct err *e)
{
	if (db_exec(r->db, e, "%s", r->plan->stage->create_sql) != 0)
		return -1;
	return feed_begin(&r->feed, r->db, r->plan->copy_sql, r->plan->text, e);
}

static int
staged_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	if (r->keyrun != NULL)
		keyrun_take(r->keyrun, chunk->data, chunk->len);
	return feed_write(&r->feed, chunk, e) != 0 ? staged_locate(r, e) : 0;
}

static int
staged_end(struct route *r, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	uint64_t rows = 0;

	if (feed_end(&r->feed, &rows, e) != 0)
		return staged_locate(r, e);
	if (r->keyrun != NULL)
		r->order = keyrun_end(r->keyrun);
	if (st->twice_sql != NULL && staged_refuse_duplicates(r, e) != 0)
		return -1;
	if (target_prepare(r->db, r->plan, r->first, e) != 0)
		return -1;
	if (staged_queue(r, e) != 0)
		return -1;
	if (st->lock_sql != NULL && db_exec(r->db, e, "%s", st->lock_sql) != 0)
		return -1;
	if (staged_apply(r, &rows, e) != 0)
		return rows > 0 ? route_at(r, rows, NULL, e) : -1;
	return db_exec(r->db, e, "%s", st->drop_sql);
}

const struct route_ops route_staged_ops = {
	.begin = staged_begin,
	.write = staged_write,
	.locate = staged_locate,
	.end = staged_end,
};
