/*
 * The relations of a run in the loading transaction: held, emptied, compared and told of
 * together.
 */
#include "load/pg/targets.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/base/relname.h"
#include "common/base/shelf.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/talk/receipt.h"
#include "load/match/identity.h"
#include "load/match/plan.h"
#include "load/options/options.h"
#include "load/pg/fkeys.h"
#include "load/pg/target.h"
#include "load/pg/targets_parts.h"
#include "load/route/ready.h"
#include "load/sink/sink.h"

void
targets_many(struct targets *ts, size_t n, const struct manifest *manifest, bool may_sleep)
{
	targets_release(ts);
	ts->set = true;
	ts->n = n;
	ts->list = xcalloc(n + 1, sizeof(void *));
	ts->brief = xcalloc(n + 1, sizeof(*ts->brief));
	ts->manifest = manifest;
	ts->shelf = may_sleep ? shelf_new() : NULL;
}

void
targets_one(struct targets *ts, const struct load_options *options, const char *input)
{
	*ts = (struct targets){.n = 1};
	ts->list = xcalloc(1, sizeof(void *));
	ts->brief = xcalloc(1, sizeof(*ts->brief));
	ts->list[0] = xcalloc(1, sizeof(**ts->list));
	target_init(ts->list[0], options, &options->rules, input);
}

void
targets_drop(struct targets *ts, size_t i)
{
	if (ts->list[i] == NULL)
		return;
	target_release(ts->list[i]);
	free(ts->list[i]);
	ts->list[i] = NULL;
}

/* ---- asleep ---- */

XXH128_hash_t
targets_mark(const char *identity)
{
	return XXH3_128bits(identity, strlen(identity));
}

static void
note(struct targets *ts, size_t i)
{
	const struct target *t = ts->list[i];
	const struct plan *p = t->plan;
	struct targets_brief *b = &ts->brief[i];

	b->name = p->target;
	b->oid = p->rel != NULL ? p->rel->oid : 0;
	b->kind = p->rel != NULL ? p->rel->kind : 0;
	b->kept = p->sql[SQL_HOLD] != NULL;
	b->emptied = p->sql[SQL_TRUNCATE] != NULL;
	b->unindexed = p->sql[SQL_UNINDEX] != NULL;
	b->only = p->rel != NULL && relation_only(p->rel)[0] != '\0';
	b->moves = t->moves_sequences;
	b->keys_alone = t->base != NULL;
	if (p->rel != NULL)
		b->identity = targets_mark(p->identity);
}

void
targets_sleep(struct targets *ts, size_t i)
{
	struct buf b = BUF_INIT;

	if (ts->shelf == NULL || !target_may_pack(ts->list[i]))
		return;
	target_pack(&b, ts->list[i]);
	ts->brief[i].place = (unsigned)shelf_put(ts->shelf, b.data, b.len);
	ts->brief[i].slept = true;
	buf_release(&b);
	targets_drop(ts, i);
}

void
targets_note(struct targets *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (ts->list[i] != NULL && ts->list[i]->plan != NULL)
			note(ts, i);
}

void
targets_planned(struct targets *ts, size_t i)
{
	note(ts, i);
	targets_sleep(ts, i);
}

/* It knows what has been done for all of them meanwhile. */
struct target *
targets_wake(struct targets *ts, size_t i)
{
	struct unpack from;
	struct target *t = ts->list[i];

	if (t != NULL)
		return t;
	from.at = shelf_get(ts->shelf, ts->brief[i].place, &from.left);
	t = target_unpack(&from);
	target_take_header(t, manifest_copy(ts->manifest, t->member));
	t->plan->held = ts->held;
	t->looked_ahead = t->looked_ahead || ts->looked_ahead;
	if (ts->emptied && t->plan->sql[SQL_TRUNCATE] != NULL)
		target_emptied(t);
	ts->list[i] = t;
	return t;
}

struct target *
targets_at(const struct targets *ts)
{
	return ts->list[ts->at];
}

void
targets_next(struct targets *ts)
{
	struct target *before = ts->list[ts->at];

	/* of a check, which only begins; on the shelf it is still as it was */
	if (ts->begun > 0 && before != NULL && before->state == TARGET_PLANNED &&
	    ts->brief[ts->at].slept && before->original == NULL)
		targets_drop(ts, ts->at);
	ts->at = ts->begun++;
	targets_wake(ts, ts->at);
}

void
targets_done(struct targets *ts, struct target *t)
{
	target_done(t);
	if (ts->shelf == NULL || !ended_may(t))
		return;
	ended_add(&ts->ended, t);
	targets_drop(ts, t->number);
}

void
targets_start(struct targets *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (ts->list[i] != NULL)
			ts->list[i]->counts = (struct route_counts){.read = 0};
	ended_start(&ts->ended);
}

void
targets_tell(const struct targets *ts, struct receipt *receipt)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (ts->list[i] != NULL)
			target_tell(ts->list[i], receipt);
	ended_tell(&ts->ended, receipt);
}

void
targets_warn(struct targets *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (ts->list[i] != NULL)
			target_warn(ts->list[i]);
}

bool
targets_have_keys(const struct targets *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (ts->list[i] != NULL && ts->list[i]->key_sql != NULL)
			return true;
	return ts->ended.keys;
}

int
targets_add_keys(const struct targets *ts, struct db *db, struct err *e)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (ts->list[i] != NULL && ts->list[i]->key_sql != NULL &&
		    db_exec(db, e, "%s", ts->list[i]->key_sql) != 0)
			return -1;
	return ended_add_keys(&ts->ended, db, e);
}

int
targets_plan_keys(struct targets *ts, struct db *db, struct err *e)
{
	bool slept = ts->list[0] == NULL;
	unsigned *oids = xcalloc(ts->n, sizeof(*oids));
	bool *unindexed = xcalloc(ts->n, sizeof(*unindexed));
	size_t i;
	int rc;

	targets_note(ts);
	for (i = 0; i < ts->n; i++) { /* keys are not written */
		oids[i] = ts->brief[i].keys_alone ? 0 : ts->brief[i].oid;
		unindexed[i] = ts->brief[i].unindexed;
	}
	rc = fkeys_plan(&ts->keys, db, &targets_wake(ts, 0)->rules, oids, unindexed, ts->n, e);
	if (slept)
		targets_drop(ts, 0);
	free(oids);
	free(unindexed);
	return rc;
}

struct targets_rows
targets_rows(const struct targets *ts)
{
	struct targets_rows sum = {
		.read = ts->ended.read,
		.rejected = ts->ended.rejected,
		.taken = ts->ended.taken,
	};
	size_t i;

	for (i = 0; i < ts->n; i++) {
		const struct target *t = ts->list[i];

		if (t == NULL)
			continue;
		sum.read += t->counts.read;
		sum.rejected += t->counts.rejected;
		sum.taken += t->rows_before;
	}
	return sum;
}

int
targets_move(struct targets *ts, struct db *db, bool last, struct err *e)
{
	size_t i;

	for (i = 0; i < ts->n; i++) {
		struct target *t = ts->list[i];

		if (t == NULL || t->unmoved == 0)
			continue;
		if (sequences_move(&t->sequences, db, last, e) != 0)
			return -1;
		if (last)
			t->unmoved = 0;
	}
	return last ? sequences_move(&ts->sequences, db, true, e) : 0;
}

bool
targets_wait(const struct targets *ts, bool last)
{
	size_t i;

	if (ts->sequences.n > 0)
		return true;
	for (i = 0; i < ts->n; i++) {
		const struct target *t = ts->list[i];

		if (t != NULL && t->unmoved > 0 && t->sequences.n > 0 &&
		    (!last || sequences_wait(&t->sequences)))
			return true;
	}
	return false;
}

void
targets_release(struct targets *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		targets_drop(ts, i);
	free(ts->list);
	free(ts->brief);
	shelf_free(ts->shelf);
	ended_release(&ts->ended);
	fkeys_release(&ts->keys);
	indexes_release(&ts->indexes);
	sequences_release(&ts->sequences);
	*ts = (struct targets){.list = NULL};
}
