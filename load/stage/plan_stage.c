/*
 * What of the staged route's plan is asked again and again.
 */
#include "load/stage/plan_stage.h"

#include <stdlib.h>
#include <string.h>

#include "common/pg/relation.h"
#include "load/match/plan.h"

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
	if (plan_stage_is_key(p, i))
		return c->respelled;
	if (p->rel == NULL)
		return true;
	for (j = 0; j < p->rel->nprimary_key; j++)
		if (strcmp(p->rel->primary_key[j], c->target) == 0)
			return false;
	return c->position < 0 || !p->rel->columns[c->position].identity_always;
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
	for (i = 0; i < PLAN_SUSPECTS; i++)
		free(st->suspects[i]);
	free(st->rejects);
	free(st);
}
