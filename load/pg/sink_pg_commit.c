/*
 * The end of a batch of rows: what is done before COMMIT, and what is told after it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/pg/db.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/talk/receipt.h"
#include "load/options/options.h"
#include "load/pg/commit.h"
#include "load/pg/partload.h"
#include "load/pg/publication.h"
#include "load/pg/state.h"
#include "load/pg/steps.h"
#include "load/pg/target.h"
#include "load/pg/targets.h"
#include "load/rejects/rejects.h"
#include "load/route/route.h"
#include "load/sink/sink.h"
#include "load/stage/plan_stage.h"

#include "load/pg/sink_pg_parts.h"

bool
sink_pg_commit_in_batches(const struct sink_pg *s)
{
	return s->base.options->commit == COMMIT_BATCH && s->dry == DRY_NOT;
}

static int
run_steps(struct sink_pg *s, enum steps_at at, struct err *e)
{
	struct steps steps = {
		.db = &s->db,
		.options = s->base.options,
		.targets = &s->targets,
		.rejects = s->rejects,
		.state = &s->state,
		.part = &s->part,
		.publication = &s->publication,
		.digest = s->base.receipt->rows_digest,
		.read = targets_rows(&s->targets).taken,
		.sent = s->dry != DRY_SENDER,
	};

	return steps_run(&steps, at, e);
}

static void
in_doubt(const struct sink_pg *s, struct err *e)
{
	char *detail = xstrdup(e->detail != NULL ? e->detail : "");

	err_detail(e,
		   "%s\nThis is about the last %" PRIu64 " rows; those before are committed.",
		   detail, targets_rows(&s->targets).read);
	free(detail);
}

int
sink_pg_commit_batch(struct sink_pg *s, bool last, struct err *e)
{
	struct receipt *receipt = s->base.receipt;
	enum receipt_committed before = receipt->committed, now;
	int rc;

	if (run_steps(s, last ? STEPS_LAST : STEPS_BATCH, e) != 0)
		return -1;
	s->phase = IDLE;
	rc = commit_send(&s->db, &s->base.options->common.db, &now, e);
	s->base.took = db_clock() - s->since;
	if (now == RECEIPT_YES || now == RECEIPT_LOCALLY)
		xalloc_last_words(last ? "The rows are committed."
				       : "Batches of rows are committed.");
	if (!last)
		intr_unblock(); /* COMMIT holds signals back, but rows are still to come */
	if (now == RECEIPT_UNKNOWN && before == RECEIPT_YES)
		in_doubt(s, e);
	if (s->rejects != NULL)
		rejects_settle(s->rejects, now != RECEIPT_NO);
	/* What is committed stays so, whatever becomes of later batches. */
	receipt->committed = now == RECEIPT_NO ? before : now;
	if (now != RECEIPT_NO)
		targets_tell(&s->targets, receipt);
	state_unlocked(&s->state, now != RECEIPT_NO);
	if (last && (now == RECEIPT_YES || now == RECEIPT_LOCALLY) && state_is_kept(&s->state))
		receipt_state(receipt, s->base.options->state, state_words(&s->state));
	return rc;
}

int
sink_pg_commit_rejects(struct sink_pg *s, struct err *e)
{
	if (s->rejects == NULL || !sink_pg_commit_in_batches(s) ||
	    rejects_finish(s->rejects, e) == 0)
		return 0;
	return err_detail(e, "The rows are committed.");
}

int
sink_pg_commit_dry(struct sink_pg *s, struct err *e)
{
	int rc;

	s->base.receipt->dry_run = true;
	rc = run_steps(s, STEPS_DRY, e);
	if (rc == 0)
		rc = db_exec(&s->db, e, "SET CONSTRAINTS ALL IMMEDIATE"); /* as COMMIT would */
	if (rc == 0)
		rc = db_exec(&s->db, e, "ROLLBACK");
	if (rc == 0)
		targets_tell(&s->targets, s->base.receipt);
	return rc;
}
