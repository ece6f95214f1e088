/*
 * What of the staged route's plan is asked again and again.
 */
#include "load/stage/plan_stage.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/pack.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/rows/keyrun.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"

bool
plan_stage_is_key(const struct plan *p, size_t i)
{
	size_t j;

	for (j = 0; j < p->stage->nkey; j++)
		if (p->stage->key[j] == i)
			return true;
	return false;
}

bool
plan_stage_sets(const struct plan *p, size_t i)
{
	const struct plan_column *c = &p->columns[i];
	size_t j;

	if (c->target == NULL)
		return false;
	if (p->rules->exact)
		return true;
	if (plan_stage_is_key(p, i))
		return false;
	if (p->rel == NULL)
		return true;
	for (j = 0; j < p->rel->nprimary_key; j++)
		if (strcmp(p->rel->primary_key[j], c->target) == 0)
			return false;
	return c->position < 0 || !p->rel->columns[c->position].identity_always;
}

bool
plan_stage_is_named(const struct plan_stage *st)
{
	return st != NULL && st->rejects != NULL && st->rejects->named;
}

bool
plan_stage_may_pack(const struct plan_stage *st)
{
	size_t i;

	for (i = 0; i < PLAN_QUERIES; i++)
		if (st->suspects[i] != NULL)
			return false;
	return st->rejects == NULL && !st->deletes;
}

void
plan_stage_pack(struct buf *to, const struct plan_stage *st)
{
	size_t i;

	buf_add(to, st, sizeof(*st));
	pack_array(to, st->key, st->nkey, sizeof(*st->key));
	for (i = 0; st->key_equal != NULL && i < st->nkey; i++) {
		pack_text(to, st->key_equal[i]);
		pack_text(to, st->key_collation[i]);
	}
	if (st->key_columns != NULL)
		pack_array(to, st->key_columns, st->nkey, sizeof(*st->key_columns));
}

/* Both arrays are there, or none is. */
static void
take_key(struct unpack *from, struct plan_stage *st)
{
	size_t i;

	st->key_equal = xcalloc(st->nkey, sizeof(char *));
	st->key_collation = xcalloc(st->nkey, sizeof(char *));
	for (i = 0; i < st->nkey; i++) {
		st->key_equal[i] = pack_take_text(from);
		st->key_collation[i] = pack_take_text(from);
	}
}

struct plan_stage *
plan_stage_unpack(struct unpack *from)
{
	struct plan_stage *st = xmalloc(sizeof(*st));

	pack_take_bytes(from, st, sizeof(*st));
	if (st->key != NULL)
		st->key = pack_take_array(from, st->nkey, sizeof(*st->key), st->nkey);
	if (st->key_equal != NULL)
		take_key(from, st);
	if (st->key_columns != NULL)
		st->key_columns = pack_take_array(from, st->nkey, sizeof(*st->key_columns),
						  st->nkey);
	return st;
}

void
plan_stage_free(struct plan_stage *st)
{
	size_t i;

	if (st == NULL)
		return;
	for (i = 0; st->key_equal != NULL && i < st->nkey; i++) {
		free(st->key_equal[i]);
		free(st->key_collation[i]);
	}
	free(st->key_equal);
	free(st->key_collation);
	free(st->key);
	free(st->key_columns);
	for (i = 0; i < PLAN_QUERIES; i++)
		free(st->suspects[i]);
	free(st->rejects);
	free(st);
}
