/*
 * The halves of the staged route, which are done in different transactions: COPY into the
 * table, without a look at the target, and from there into the target.  Staged rows have a
 * number that is no row's of any input, so that none is named.
 */
#include "load/route/route_shared.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/schema/header.h"
#include "common/stream/stream_chunk.h"
#include "load/match/plan.h"
#include "load/route/apply.h"
#include "load/route/staged.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

static int
bring_begin(struct route *r, struct err *e)
{
	return feed_begin(&r->feed, r->db, r->plan->sql[SQL_STAGE_COPY], r->plan->text, e);
}

static int
bring_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	return feed_write(&r->feed, chunk->data, chunk->len, e) != 0 ? staged_locate(r, e) : 0;
}

static int
bring_end(struct route *r, struct err *e)
{
	return feed_end(&r->feed, &r->counts.inserted, e) != 0 ? staged_locate(r, e) : 0;
}

/*
 * The key of the rows is the primary key of where they come from: no two of them have one.
 * Where the target takes two for the same all the same, it refuses them, and they are sorted.
 */
static bool
is_distinct(const struct plan *p)
{
	const struct plan_stage *st = p->stage;
	size_t j, k, found = 0;

	if (p->header == NULL || p->schema->nprimary_key != st->nkey)
		return false;
	for (j = 0; j < st->nkey; j++)
		for (k = 0; k < st->nkey; k++)
			found += p->columns[st->key[j]].way == PLAN_SAME &&
				 strcmp(p->columns[st->key[j]].source,
					p->schema->primary_key[k]) == 0;
	return st->nkey > 0 && found == st->nkey;
}

static int
publish_begin(struct route *r, struct err *e)
{
	staged_begin(staged_of(r));
	if (is_distinct(r->plan))
		staged_of(r)->order = KEYRUN_DISTINCT;
	return db_exec(r->db, e, "%s", r->plan->sql[SQL_STAGE]);
}

static int
publish_end(struct route *r, struct err *e)
{
	uint64_t row;

	r->counts.read = r->plan->rules->parts.rows;
	if (apply_batch(staged_of(r), &row, e) != 0)
		return -1;
	return db_exec(r->db, e, "%s", r->plan->sql[SQL_DROP]);
}

static int
place_begin(struct route *r, struct err *e)
{
	(void)r;
	(void)e;
	return 0;
}

/* They are in the table that will be the target. */
static int
place_end(struct route *r, struct err *e)
{
	(void)e;
	r->counts.read = r->counts.inserted = r->plan->rules->parts.rows;
	return 0;
}

static void
shared_free(struct route *r)
{
	free(r);
}

static const struct route_ops bring_ops = {
	.begin = bring_begin,
	.write = bring_write,
	.locate = staged_locate,
	.close = route_has_work,
	.end = bring_end,
	.free = shared_free,
};

static const struct route_ops publish_ops = {
	.begin = publish_begin,
	.close = route_has_work,
	.end = publish_end,
	.forget = staged_forget,
	.free = shared_free,
};

static const struct route_ops place_ops = {
	.begin = place_begin,
	.close = route_has_work,
	.end = place_end,
	.free = shared_free,
};

struct route *
route_shared_new(struct db *db, const struct plan *plan, const char *input)
{
	enum rules_parts what = plan->rules->parts.what;
	struct staged *s = xcalloc(1, sizeof(*s));

	route_init(&s->base,
		   what == PARTS_STAGE     ? &bring_ops
		   : what == PARTS_PUBLISH ? &publish_ops
					   : &place_ops,
		   db, plan, input);
	return &s->base;
}
