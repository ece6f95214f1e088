/*
 * The table of steps.  What a ROLLBACK would not undo comes last.
 */
#include "load/pg/steps.h"

#include <inttypes.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "load/options.h"
#include "load/pg/sequences.h"
#include "load/pg/target.h"
#include "load/rejects/rejects.h"

/* Nothing has been written if the transaction is only to move sequences. */
static int
check_target(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return s->target->counts.read > 0 ? target_check(s->target, s->db, e) : 0;
}

static int
check_min_rows(const struct steps *s, enum steps_at at, struct err *e)
{
	uint64_t rejected = s->target->counts.rejected; /* of all rows: there are no batches */
	int64_t least = s->options->min_rows;

	(void)at;
	if (least <= 0 || s->read - rejected >= (uint64_t)least || !s->sent)
		return 0;
	err_set(e, EXIT_DATA, "only %" PRIu64 " rows %s, fewer than --min-rows=%" PRId64,
		s->read - rejected, rejected > 0 ? "were not rejected" : "have come", least);
	if (s->options->truncate)
		err_hint(e, "--truncate refuses to leave an empty table behind unless "
			    "--min-rows=0 is given.");
	return -1;
}

static int
add_key(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return s->target->key_sql != NULL ? db_exec(s->db, e, "%s", s->target->key_sql) : 0;
}

static int
move_sequences(const struct steps *s, enum steps_at at, struct err *e)
{
	struct target *t = s->target;

	if (t->unmoved == 0)
		return 0;
	if (sequences_move(&t->sequences, s->db, at == STEPS_LAST, e) != 0)
		return -1;
	if (at == STEPS_LAST)
		t->unmoved = 0;
	return 0;
}

static int
store_rejects(const struct steps *s, enum steps_at at, struct err *e)
{
	(void)at;
	return s->rejects != NULL
		       ? rejects_store(s->rejects, s->options->commit != COMMIT_BATCH, e)
		       : 0;
}

static const struct {
	unsigned when; /* enum steps_at, added up */
	int (*run)(const struct steps *s, enum steps_at at, struct err *e);
} steps[] = {
	{STEPS_BATCH | STEPS_LAST | STEPS_DRY, check_target},
	{STEPS_LAST | STEPS_DRY, check_min_rows},
	{STEPS_LAST | STEPS_DRY, add_key},
	{STEPS_BATCH | STEPS_LAST, move_sequences},
	{STEPS_BATCH | STEPS_LAST, store_rejects},
};

int
steps_run(const struct steps *s, enum steps_at at, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if ((steps[i].when & at) != 0 && steps[i].run(s, at, e) != 0)
			return -1;
	return 0;
}
