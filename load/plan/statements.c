/*
 * The one table of statements: what each is called, on which route it is needed, how it is
 * written.
 */
#include "load/plan/statements.h"

#include <stddef.h>

#include "common/base/buf.h"
#include "load/match/plan.h"
#include "load/plan/replace_sql.h"
#include "load/rules/rules.h"
#include "load/stage/absent_sql.h"
#include "load/stage/fold_sql.h"
#include "load/stage/merge_sql.h"
#include "load/stage/plan_stage.h"
#include "load/stage/rejects_sql.h"
#include "load/stage/stage_sql.h"
#include "load/stage/sqlparts.h"
#include "load/stage/suspects_sql.h"
#include "load/stage/target_sql.h"

/*
 * Where a statement is needed: on the one or the other route, the second with --rejects; for
 * rows that are staged and perhaps not written, being keys only; for all of these; for parts.
 */
enum route { ANY, DIRECT, STAGED, REJECTS, KEYS, EVERY, PARTS };

static const struct {
	const char *label;
	enum route route;
	bool step;
	char *(*write)(struct sqlparts *w);
} table[STATEMENTS] = {
	[SQL_ADD] = {"add the columns", ANY, true, target_sql_add},
	[SQL_UNINDEX] = {"drop the indexes", ANY, true, replace_sql_unindex},
	[SQL_SHARED] = {"create the parts' staging table", PARTS, true, stage_sql_shared},
	[SQL_STAGE] = {"create the temporary table", KEYS, true, stage_sql_table},
	[SQL_NUMBERS] = {"number the rows", STAGED, true, stage_sql_numbers},
	[SQL_BAD] = {"create the table of rejected rows", REJECTS, true, rejects_sql_bad},
	[SQL_NUMBER] = {"set the next row's number", REJECTS, false, rejects_sql_number},
	[SQL_STAGE_COPY] = {"stage the rows", KEYS, true, stage_sql_copy},
	[SQL_TWICE] = {"look for keys that come twice", STAGED, true, stage_sql_twice},
	[SQL_CREATE] = {"create the table", ANY, true, target_sql_create},
	[SQL_TRUNCATE] = {"empty the table", ANY, true, target_sql_truncate},
	[SQL_KEY_FIRST] = {"add the primary key", ANY, true, target_sql_key_first},
	[SQL_LOCK] = {"lock the table; only parsed", ANY, false, target_sql_lock},
	[SQL_HOLD] = {"keep other writers out", EVERY, true, replace_sql_hold},
	[SQL_ASIDE] = {"create the table aside", ANY, true, replace_sql_make},
	[SQL_COPY] = {"copy the rows", DIRECT, true, target_sql_copy},
	[SQL_KEYS] = {"look for keys without a value", STAGED, false, rejects_sql_keys},
	[SQL_KEYS_INDEX] = {"index the rows by number", REJECTS, false, rejects_sql_index},
	[SQL_KEYS_LEAVE] = {"leave a row out", REJECTS, false, rejects_sql_key},
	[SQL_ABSENT] = {"look for rows that are absent", KEYS, true, absent_sql_absent},
	[SQL_PRESENT] = {"count the rows that are there", KEYS, true, absent_sql_present},
	[SQL_BESIDE] = {"read the keys that are there", KEYS, true, absent_sql_beside},
	[SQL_GONE] = {"create the table of absent keys", KEYS, true, absent_sql_gone},
	[SQL_GONE_COPY] = {"copy the absent keys", KEYS, true, absent_sql_gone_copy},
	[SQL_STILL] = {"take out those of this stream", KEYS, true, absent_sql_still},
	[SQL_DELETE] = {"delete the absent rows", KEYS, true, absent_sql_delete},
	[SQL_ALONE] = {"try to be the only loader", STAGED, true, merge_sql_alone},
	[SQL_QUEUE] = {"queue with other loaders", STAGED, true, merge_sql_queue},
	[SQL_AWAIT] = {"wait for other loaders", STAGED, false, merge_sql_await},
	[SQL_LOCK_OLD] = {"lock the old rows", STAGED, true, stage_sql_lock},
	[SQL_ZERO] = {"count from 0", REJECTS, false, rejects_sql_zero},
	[SQL_UPDATES] = {"count updates so far", STAGED, false, stage_sql_updates},
	[SQL_MISSING] = {"look for foreign keys", REJECTS, false, suspects_sql_missing},
	[SQL_UNSORTED] = {"look for rows out of key order", STAGED, true, stage_sql_unsorted},
	[SQL_THERE] = {"look for the key's index", STAGED, true, merge_sql_there},
	[SQL_INDEX] = {"index the staged rows", STAGED, true, merge_sql_index},
	[SQL_AGAIN] = {"look for keys that come twice", STAGED, true, merge_sql_again},
	[SQL_SETTINGS] = {"settings for MERGE", STAGED, true, merge_sql_settings},
	[SQL_MERGE] = {"merge all rows", STAGED, true, merge_sql_merge},
	[SQL_RESET] = {"reset the settings", STAGED, true, merge_sql_reset},
	[SQL_SORTED] = {"insert all rows", STAGED, true, stage_sql_sorted},
	[SQL_RESTART] = {"count rows from 1", STAGED, false, stage_sql_restart},
	[SQL_INSERT] = {"insert the first row of each key", STAGED, true, stage_sql_insert},
	[SQL_REACHED] = {"count rows taken in", STAGED, false, stage_sql_reached},
	[SQL_NULLS] = {"look for a NULL that has to be refused", STAGED, true, fold_sql_nulls},
	[SQL_LATEST] = {"insert what the other rows come to", STAGED, true, fold_sql_latest},
	[SQL_REST] = {"stage the other rows of each key", STAGED, true, stage_sql_rest},
	[SQL_ROUNDS] = {"count rounds", STAGED, false, stage_sql_rounds},
	[SQL_ROUND] = {"insert a round", STAGED, false, stage_sql_round},
	[SQL_DROP_REST] = {"drop the other rows", STAGED, false, stage_sql_drop_rest},
	[SQL_LINE] = {"put the rows in line", REJECTS, false, rejects_sql_line},
	[SQL_NEXT] = {"find rounds in line", REJECTS, false, rejects_sql_next},
	[SQL_PIECE] = {"insert a piece of the line", REJECTS, false, rejects_sql_piece},
	[SQL_PIECE_ROW] = {"insert a row of the line", REJECTS, false, rejects_sql_row},
	[SQL_LEAVE] = {"leave a row out", REJECTS, false, rejects_sql_leave},
	[SQL_CUT_VALUES] = {"look where to cut", REJECTS, false, suspects_sql_values},
	[SQL_CUT_REFS] = {"look where to cut", REJECTS, false, suspects_sql_references},
	[SQL_CUT_TWICE] = {"look where to cut", REJECTS, false, suspects_sql_twice},
	[SQL_GUESS] = {"look for a row by its values", REJECTS, false, rejects_sql_guess},
	[SQL_LACKING] = {"look for rows that lack others", REJECTS, false, suspects_sql_lost},
	[SQL_BEHIND] = {"put rows behind", REJECTS, false, rejects_sql_again},
	[SQL_THIN] = {"drop rows whose key is in", REJECTS, false, rejects_sql_thin},
	[SQL_IN_LINE] = {"count rows in line", REJECTS, false, rejects_sql_count},
	[SQL_DROP_LINE] = {"drop the line", REJECTS, false, rejects_sql_drop},
	[SQL_CLEAN] = {"drop rejected rows", REJECTS, false, rejects_sql_clean},
	[SQL_COUNTS] = {"count updated and unchanged rows", STAGED, false, stage_sql_counts},
	[SQL_FIND] = {"find the row that was refused", STAGED, false, stage_sql_find},
	[SQL_LAST] = {"find the row that was refused", STAGED, false, stage_sql_last},
	[SQL_CAST] = {"find the value that was refused", STAGED, false, stage_sql_cast},
	[SQL_GATHER] = {"fetch rejected rows", REJECTS, false, rejects_sql_gather},
	[SQL_LOST] = {"look for keys that were changed", KEYS, true, absent_sql_lost},
	[SQL_DROP] = {"drop the temporary table", KEYS, false, stage_sql_drop},
	[SQL_INDEXES] = {"build the indexes", ANY, true, replace_sql_indexes},
	[SQL_KEY] = {"add the primary key", ANY, true, target_sql_key},
	[SQL_DELETE_LAST] = {"delete the absent rows", KEYS, true, absent_sql_delete_last},
	[SQL_BUILD] = {"index and check the rows aside", ANY, true, replace_sql_build},
	[SQL_EXCHANGE] = {"exchange the tables", ANY, true, replace_sql_exchange},
	[SQL_LIKE] = {"create one that is like it; undone", PARTS, false, target_sql_like},
	[SQL_PLACE] = {"give it its name", PARTS, true, target_sql_place},
};

/* Of those that only bring rows into the staging table. */
static bool
is_to_stage(enum statement id)
{
	return id == SQL_SHARED || id == SQL_STAGE_COPY;
}

/* Of those that keys need which are staged. */
static bool
is_of_staged_keys(enum statement id)
{
	return id == SQL_STAGE || id == SQL_STAGE_COPY || id == SQL_ABSENT || id == SQL_LOST ||
	       id == SQL_DROP;
}

static bool
is_on_route(const struct plan *p, enum route route)
{
	bool keys = p->rules->keys == KEYS_ALONE;

	if (route == PARTS)
		return p->rules->parts.what != PARTS_NONE;
	if (keys)
		return route == KEYS || route == EVERY;
	switch (route) {
	case KEYS:
		return p->stage != NULL;
	case DIRECT:
		return p->stage == NULL || plan_stage_is_named(p->stage);
	case STAGED:
		return p->stage != NULL;
	case REJECTS:
		return p->stage != NULL && p->stage->rejects != NULL;
	default:
		return true;
	}
}

void
statements_write(struct plan *p)
{
	struct sqlparts w = {.p = p, .st = p->stage, .sql = BUF_INIT};
	enum statement id;

	for (id = 0; id < STATEMENTS; id++)
		if ((p->rules->parts.what != PARTS_STAGE || is_to_stage(id)) &&
		    !(p->stage != NULL && p->stage->passes && is_of_staged_keys(id)) &&
		    is_on_route(p, table[id].route))
			p->sql[id] = table[id].write(&w);
}

const char *
statements_label(enum statement id)
{
	return table[id].label;
}

bool
statements_is_step(const struct plan *p, enum statement id)
{
	/* MERGE does it, unless a key may come twice */
	if (id == SQL_SORTED && p->sql[SQL_MERGE] != NULL && !p->stage->once)
		return false;
	if (id == SQL_REST && p->sql[SQL_LATEST] != NULL && p->sql[SQL_NULLS] == NULL)
		return false;
	return p->sql[id] != NULL && table[id].step;
}

/* Whether the first INSERT is what is left to do when a quicker way was not taken. */
static const char *
when_unsorted(const struct plan *p, bool watched)
{
	if (p->sql[SQL_ALONE] == NULL)
		return NULL;
	return watched ? "without it, unless they are seen to ascend" : "without it";
}

static const char *
when(const struct plan *p, enum statement id)
{
	bool watched = p->stage != NULL && p->stage->key_columns != NULL;
	bool alone = p->sql[SQL_ALONE] != NULL, merges = p->sql[SQL_MERGE] != NULL;
	const char *found = alone ? "if so, or if that finds nothing" : "if that finds nothing";

	if (p->sql[id] == NULL)
		return NULL;
	switch (id) {
	case SQL_NUMBERS:
		return "unless the keys are seen to ascend; later, if they do not go in by MERGE";
	case SQL_TWICE:
		return p->stage != NULL && p->stage->rejects != NULL ? "when all rows are in"
								     : NULL;
	case SQL_ABSENT:
		return p->rules->absent.several ? "for the first stream" : NULL;
	case SQL_GONE:
	case SQL_GONE_COPY:
		return "if there are some";
	case SQL_PRESENT:
		return p->sql[SQL_ABSENT] == NULL && p->sql[SQL_BESIDE] == NULL ? NULL
		       : p->rules->absent.several ? "before that, for the first stream"
						  : "if there are some, as far as is needed";
	case SQL_STILL:
		return "for the others";
	case SQL_DELETE:
	case SQL_DELETE_LAST:
		return "if there are some, and not too many";
	case SQL_ALONE:
		return watched ? "unless the keys are seen to ascend" : NULL;
	case SQL_QUEUE:
		if (!alone)
			return NULL;
		return watched ? "if they are, or if that gives 0" : "if that gives 0";
	case SQL_AGAIN:
		return "unless the keys are seen to be distinct or indexed, with the lock alone";
	case SQL_UNSORTED:
		return when_unsorted(p, watched);
	case SQL_THERE:
		return found;
	case SQL_INDEX:
		return "if that gives 1 and 1; sooner, where it finds absent or double keys";
	case SQL_SETTINGS:
		return "if it gives 1 and 1 or 0, and 1 again behind it";
	case SQL_SORTED:
		return merges ? "instead of MERGE, if a key may come twice" : found;
	case SQL_INSERT:
		return p->sql[SQL_UNSORTED] != NULL ? "else, or if it fails" : NULL;
	case SQL_LATEST:
		return p->sql[SQL_NULLS] != NULL ? "if that finds nothing" : NULL;
	case SQL_REST:
		return p->sql[SQL_NULLS] != NULL ? "else" : NULL;
	default:
		return NULL;
	}
}

const char *
statements_when(const struct plan *p, enum statement id)
{
	const char *usual = when(p, id);

	if (usual != NULL || p->sql[id] == NULL || !plan_stage_is_named(p->stage))
		return usual;
	if (id == SQL_COPY)
		return "in parts under savepoints";
	if (id == SQL_STAGE)
		return "if so many are refused that it costs less";
	return table[id].route == ANY ? NULL : "then";
}
