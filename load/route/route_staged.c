/*
 * The target is not touched, and not locked, before the batch has come as a whole.
 */
#include "load/route/route_staged.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/stream/stream_chunk.h"
#include "common/rows/keyrun.h"
#include "load/match/plan.h"
#include "load/route/apply.h"
#include "load/route/staged.h"
#include "load/stage/plan_stage.h"

struct route_staged {
	struct staged staged;
	struct keyrun *keyrun; /* or NULL: the stream's bytes do not show the keys */
	bool fed;              /* COPY has begun */
};

static struct route_staged *
own(struct route *r)
{
	return (struct route_staged *)r;
}

/* The first rows show whether numbers, a tenth of staging's cost, are likely to be needed. */
static int
feed(struct route *r, struct err *e)
{
	if (own(r)->fed)
		return 0;
	own(r)->fed = true;
	if (own(r)->keyrun != NULL && !keyrun_mostly_ascends(own(r)->keyrun) &&
	    staged_number(staged_of(r), e) != 0)
		return -1;
	return feed_begin(&r->feed, r->db, r->plan->sql[SQL_STAGE_COPY], r->plan->text, e);
}

static int
begin(struct route *r, struct err *e)
{
	staged_begin(staged_of(r));
	own(r)->fed = false;
	if (db_exec(r->db, e, "%s", r->plan->sql[SQL_STAGE]) != 0)
		return -1;
	return r->plan->sql[SQL_NUMBERS] == NULL ? feed(r, e) : 0;
}

static int
staged_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	if (own(r)->keyrun != NULL)
		keyrun_take(own(r)->keyrun, chunk->data, chunk->len);
	if (feed(r, e) != 0)
		return -1;
	return feed_write(&r->feed, chunk->data, chunk->len, e) != 0 ? staged_locate(r, e) : 0;
}

/* A key that cannot be cast fails before any row has been reached: cast them one by one. */
static uint64_t
find_key(struct route *r)
{
	static const char back[] = "ROLLBACK TO SAVEPOINT portl_keys";
	const uint64_t first = 1;
	struct err why = ERR_INIT, ignored = ERR_INIT;
	uint64_t row = 0;

	if (db_exec(r->db, &ignored, back) == 0 &&
	    staged_numbers_of(r->db, r->plan->sql[SQL_KEYS], 1, &first, NULL, 0, &why) != 0 &&
	    (db_exec(r->db, &ignored, back) != 0 ||
	     staged_numbers(r->db, r->plan->sql[SQL_LAST], &row, 1, &ignored) != 0))
		row = 0;
	err_release(&why);
	err_release(&ignored);
	return row;
}

static int
staged_end(struct route *r, struct err *e)
{
	uint64_t row = 0;

	if (feed(r, e) != 0)
		return -1;
	if (feed_end(&r->feed, &row, e) != 0)
		return staged_locate(r, e);
	if (own(r)->keyrun != NULL)
		own(r)->staged.order = keyrun_end(own(r)->keyrun);
	if (r->plan->sql[SQL_KEYS] != NULL && db_exec(r->db, e, "SAVEPOINT portl_keys") != 0)
		return -1;
	if (apply_batch(staged_of(r), &row, e) == 0)
		return db_exec(r->db, e, "%s", r->plan->sql[SQL_DROP]);
	if (row == 0 && r->plan->sql[SQL_KEYS] != NULL && strncmp(e->sqlstate, "22", 2) == 0)
		row = find_key(r);
	return row > 0 ? route_at(r, row, NULL, e) : -1;
}

static void
staged_free(struct route *r)
{
	keyrun_free(own(r)->keyrun);
	free(r);
}

static const struct route_ops staged_ops = {
	.begin = begin,
	.write = staged_write,
	.locate = staged_locate,
	.close = route_has_work,
	.end = staged_end,
	.forget = staged_forget,
	.free = staged_free,
};

struct route *
route_staged_new(struct db *db, const struct plan *plan, const char *input)
{
	struct route_staged *r = xcalloc(1, sizeof(*r));

	route_init(&r->staged.base, &staged_ops, db, plan, input);
	if (plan->stage->key_columns != NULL)
		r->keyrun = keyrun_new(plan->stage->key_columns, plan->stage->nkey);
	return &r->staged.base;
}
