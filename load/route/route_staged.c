/*
 * Rows are staged while they come; the target is not touched before the batch
 * is complete.
 */
#include "load/route/route_staged.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "common/stream/stream_reader.h"
#include "load/match/plan.h"
#include "load/pg/target.h"
#include "load/route/staged.h"
#include "load/stage/plan_stage.h"

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

/* ${*row} as staged_apply() says it. */
static int
apply(struct route *r, uint64_t *row, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;

	*row = 0;
	if (st->twice_sql != NULL && staged_refuse_duplicates(r, e) != 0)
		return -1;
	if (target_prepare(r->db, r->plan, r->first, e) != 0)
		return -1;
	if (staged_queue(r, e) != 0)
		return -1;
	if (st->lock_sql != NULL && db_exec(r->db, e, "%s", st->lock_sql) != 0)
		return -1;
	return staged_apply(r, row, e);
}

/* A key that cannot be cast fails before any row has been reached: cast them one by one. */
static uint64_t
find_key(struct route *r)
{
	static const char back[] = "ROLLBACK TO SAVEPOINT portl_keys";
	const struct plan_stage *st = r->plan->stage;
	const char *params[] = {"1"};
	struct err why = ERR_INIT, ignored = ERR_INIT;
	uint64_t row = 0;

	if (db_exec(r->db, &ignored, back) == 0 &&
	    staged_numbers(r->db, st->keys_sql, 1, params, NULL, 0, &why) != 0 &&
	    (db_exec(r->db, &ignored, back) != 0 ||
	     staged_numbers(r->db, st->last_sql, 0, NULL, &row, 1, &ignored) != 0))
		row = 0;
	err_release(&why);
	err_release(&ignored);
	return row;
}

static int
staged_end(struct route *r, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	uint64_t row = 0;

	if (feed_end(&r->feed, &row, e) != 0)
		return staged_locate(r, e);
	if (r->keyrun != NULL)
		r->order = keyrun_end(r->keyrun);
	if (st->keys_sql != NULL && db_exec(r->db, e, "SAVEPOINT portl_keys") != 0)
		return -1;
	if (apply(r, &row, e) == 0)
		return db_exec(r->db, e, "%s", st->drop_sql);
	if (row == 0 && st->keys_sql != NULL && strncmp(e->sqlstate, "22", 2) == 0)
		row = find_key(r);
	return row > 0 ? route_at(r, row, NULL, e) : -1;
}

const struct route_ops route_staged_ops = {
	.begin = staged_begin,
	.write = staged_write,
	.locate = staged_locate,
	.end = staged_end,
};
