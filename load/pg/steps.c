/*
 * The table of steps, in the order in which they are taken.  What a ROLLBACK would not undo
 * (sequences, a file) comes last, behind all that may fail for a row's sake.
 */
#include "load/pg/steps.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "common/talk/log.h"
#include "load/match/plan.h"
#include "load/options/options.h"
#include "load/pg/catchup.h"
#include "load/pg/partload.h"
#include "load/pg/publication.h"
#include "load/pg/replaced.h"
#include "load/pg/sequences.h"
#include "load/pg/state.h"
#include "load/pg/target.h"
#include "load/pg/targets.h"
#include "load/rejects/rejects.h"

static bool
has_deleted(const struct targets *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (ts->list[i] != NULL && ts->list[i]->absent.deleted > 0)
			return true;
	return false;
}

/* Nothing has been written if the transaction is only to move sequences. */
static bool
has_rows(const struct steps *s)
{
	return targets_rows(s->targets).read > 0 || has_deleted(s->targets);
}

static int
check_targets(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return targets_prepare_check(s->targets, s->db, e);
}

static bool
has_least(const struct steps *s)
{
	return s->options->min_rows > 0 && s->sent && !partload_is(s->part) &&
	       s->options->parts != LOAD_CATCH_UP;
}

static int
check_min_rows(const struct steps *s, enum steps_at at, struct err *e)
{
	uint64_t rejected = targets_rows(s->targets).rejected; /* of all: no batches */
	int64_t least = s->options->min_rows;

	(void)at;
	if (s->read - rejected >= (uint64_t)least)
		return 0;
	err_set(e, EXIT_DATA, "only %" PRIu64 " rows %s, fewer than --min-rows=%" PRId64,
		s->read - rejected, rejected > 0 ? "were not rejected" : "have come", least);
	if (least == 1 && (s->options->truncate || s->options->replace)) /* the default */
		err_hint(e,
			 "--%s refuses to leave an empty table behind unless --min-rows=0 is "
			 "given.",
			 s->options->truncate ? "truncate" : "replace");
	return -1;
}

static bool
has_key(const struct steps *s)
{
	return targets_have_keys(s->targets);
}

static int
add_keys(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return targets_add_keys(s->targets, s->db, e);
}

static bool
has_dropped(const struct steps *s)
{
	return s->targets->prepared && s->targets->keys.add != NULL;
}

static int
restore_keys(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return fkeys_restore(&s->targets->keys, s->db, e);
}

static bool
has_unindexed(const struct steps *s)
{
	return s->targets->indexes.n > 0;
}

static int
build_indexes(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return indexes_build(&s->targets->indexes, s->db, e);
}

/* A table that is replaced is one by itself, and not a member of a set. */
static bool
has_aside(const struct steps *s)
{
	const struct target *t;

	if (s->targets->set)
		return false;
	t = targets_at(s->targets);
	return t->plan != NULL && t->plan->replace != NULL && !partload_is(s->part);
}

static int
exchange(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return replaced_take_place(targets_at(s->targets)->plan, s->db, e);
}

static bool
has_state(const struct steps *s)
{
	return state_is_kept(s->state);
}

static int
store_state(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return state_store(s->state, s->db, e);
}

static bool
has_part(const struct steps *s)
{
	return partload_is(s->part);
}

static int
store_part(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return partload_store(s->part, targets_at(s->targets)->plan, s->db, s->read, s->digest,
			      e);
}

static bool
has_publication(const struct steps *s)
{
	return publication_is(s->publication);
}

static int
publish(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	if (s->options->parts == LOAD_CATCH_UP)
		return catchup_store(s->publication, s->db, e);
	return publication_finish(s->publication, s->targets, s->db, e);
}

static bool
has_unmoved(const struct steps *s)
{
	return targets_wait(s->targets, false);
}

static int
move_sequences(const struct steps *s, enum steps_at at, struct err *e)
{
	return targets_move(s->targets, s->db, at == STEPS_LAST, e);
}

/* A table with checks that still wait cannot be altered, and no sequence is moved back. */
static bool
has_to_check(const struct steps *s)
{
	return has_dropped(s) || has_unindexed(s) || has_unmoved(s);
}

static int
check_constraints(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return db_exec(s->db, e, "SET CONSTRAINTS ALL IMMEDIATE");
}

static bool
has_rejects(const struct steps *s)
{
	return s->rejects != NULL;
}

static int
store_rejects(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return rejects_store(s->rejects, s->options->commit != COMMIT_BATCH, e);
}

static bool
has_absent(const struct steps *s)
{
	size_t i;

	for (i = 0; i < s->targets->n; i++)
		if (s->targets->list[i] != NULL && absent_waits(&s->targets->list[i]->absent))
			return true;
	return false;
}

/* Children before their parents, which came first. */
static int
delete_absent(const struct steps *s, enum steps_at at, struct err *e)
{
	size_t i;

	(void)at;
	for (i = s->targets->n; i-- > 0;) {
		struct target *t = s->targets->list[i];

		if (t != NULL && absent_waits(&t->absent) &&
		    absent_finish(&t->absent, s->db, t->plan, e) != 0)
			return -1;
	}
	return 0;
}

static const struct step {
	const char *name; /* in the log */
	const char *what; /* what it does, for people */
	unsigned when;    /* enum steps_at, added up */
	bool (*needed)(const struct steps *s);
	int (*run)(const struct steps *s, enum steps_at at, struct err *e);
} table[] = {
	{"delete", "deleting rows that are not in the stream", STEPS_LAST | STEPS_DRY,
	 has_absent, delete_absent},
	{"constraints", "checking what is deferred", STEPS_LAST | STEPS_DRY, has_to_check,
	 check_constraints},
	{"indexes", "building the indexes", STEPS_LAST | STEPS_DRY, has_unindexed,
	 build_indexes},
	{"foreign-keys", "adding foreign keys again", STEPS_LAST | STEPS_DRY, has_dropped,
	 restore_keys},
	{"target", "looking at the table again", STEPS_BATCH | STEPS_LAST | STEPS_DRY, has_rows,
	 check_targets},
	{"min-rows", "counting the rows", STEPS_LAST | STEPS_DRY, has_least, check_min_rows},
	{"key", "adding the primary key", STEPS_LAST | STEPS_DRY, has_key, add_keys},
	{"replace", "exchanging the tables", STEPS_LAST | STEPS_DRY, has_aside, exchange},
	{"publish", "publishing the parts", STEPS_LAST, has_publication, publish},
	{"part", "noting that the part is there", STEPS_LAST, has_part, store_part},
	{"state", "storing how far the rows go", STEPS_LAST, has_state, store_state},
	{"sequences", "moving sequences", STEPS_BATCH | STEPS_LAST, has_unmoved,
	 move_sequences},
	{"rejects", "storing the rejected rows", STEPS_BATCH | STEPS_LAST, has_rejects,
	 store_rejects},
};

/* A message of the server's, or that it is gone, does not say what it was asked for. */
static int
explain(const struct step *step, struct err *e)
{
	if ((e->sqlstate[0] != '\0' || e->code == EXIT_CONN) && e->context == NULL)
		err_context(e, "before COMMIT: %s", step->what);
	return -1;
}

int
steps_run(const struct steps *s, enum steps_at at, struct err *e)
{
	const struct step *step;

	for (step = table; step < table + sizeof(table) / sizeof(table[0]); step++) {
		if ((step->when & at) == 0 || !step->needed(s))
			continue;
		log_record("step", json_pack("{s:s}", "step", step->name), "before COMMIT: %s",
			   step->what);
		if (step->run(s, at, e) != 0)
			return explain(step, e);
	}
	return 0;
}
