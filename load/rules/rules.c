/*
 * What the words of --conflict mean, and where a relation goes.
 */
#include "load/rules/rules.h"

#include <stddef.h>

static const struct conflict conflicts[] = {
	[CONFLICT_FAIL] = {.word = "fail"},
	[CONFLICT_SKIP] = {.word = "skip", .has_key = true, .keeps = true},
	[CONFLICT_OVERWRITE] = {.word = "overwrite", .has_key = true, .sets = true},
	[CONFLICT_MERGE] = {.word = "merge", .has_key = true, .sets = true, .fills = true},
};

const struct conflict *
rules_conflict(enum rules_conflict word)
{
	return &conflicts[word];
}

void
rules_place(const struct load_rules *rules, const struct relname *relation,
	    struct relname *into)
{
	const struct relname *named = &rules->target;

	if (named->name != NULL)
		relname_set(into, named->schema != NULL ? named->schema : rules->into,
			    named->name);
	else if (relation != NULL && relation->name != NULL)
		relname_set(into, rules->into != NULL ? rules->into : relation->schema,
			    relation->name);
}
