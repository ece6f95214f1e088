/*
 * What the words of --conflict mean.
 */
#include "load/rules/rules.h"

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
