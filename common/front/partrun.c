/*
 * A round brings what is missing and publishes it; more than one is needed where the
 * snapshot is lost on the way, or a crash of the target has emptied tables that no log keeps.
 */
#include "common/front/partrun.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/front/jobsummary.h"
#include "common/front/keeper.h"
#include "common/front/piece.h"
#include "common/front/planfile.h"
#include "common/front/publication.h"
#include "common/front/queue.h"
#include "common/os/samefile.h"
#include "common/os/tempfile.h"
#include "common/talk/log.h"
#include "common/talk/progress.h"
#include "common/talk/receipt.h"

#define RETRIES 3

/* Options that each run of a program has anew; all others are in the plan. */
static const char *const each_time[] = {"--log-file", "--log-format", "--verbose",
					"--quiet",    "--password",   "--no-password"};

struct partrun {
	struct front *f;
	struct planfile pf;
	struct queue_tally tally;
	struct receipt receipt;
	struct err why; /* what has been told, for the receipt */
	struct progress *progress;
	bool *done; /* by part, from 0; owned */
	size_t ndone;
	bool asked; /* what is in done has been found out */
	bool planned;
	bool stuck;   /* no other snapshot brings what is missing */
	bool another; /* round, if there may be one */
};

bool
partrun_is_meant(const struct front *f)
{
	return f->jobs > 1 || f->keep != NULL || f->resume != NULL || f->via != NULL ||
	       f->own || arglist_has(&f->for_extract, "--part-size") ||
	       arglist_has(&f->for_extract, "--parts") ||
	       arglist_has(&f->for_extract, "--split-by");
}

/* Keep of the words what the plan does not say. */
static void
thin_out(struct arglist *list)
{
	struct arglist kept = {.n = 0};
	size_t i, j;

	for (i = 0; i < list->n; i++)
		for (j = 0; j < sizeof(each_time) / sizeof(each_time[0]); j++) {
			size_t len = strlen(each_time[j]);

			if (strncmp(list->words[i], each_time[j], len) == 0 &&
			    (list->words[i][len] == '\0' || list->words[i][len] == '='))
				arglist_add(&kept, list->words[i]);
		}
	arglist_release(list);
	*list = kept;
}

/* ---- the plan ---- */

/* Whoever names a job here has that one in mind, and no other is run. */
static int
open_plan(struct partrun *r, struct err *e)
{
	const struct front *f = r->f;

	if (planfile_open(&r->pf, f->resume, e) != 0)
		return -1;
	if (f->job == NULL || (r->pf.plan.job != NULL && (strcmp(f->job, r->pf.plan.job) == 0 ||
							  samefile_is(f->job, r->pf.plan.job))))
		return 0;
	err_set(e, EXIT_USAGE, "the plan %s is not of the job %s", f->resume, f->job);
	return err_hint(e, "Leave out the job: the plan says what is read and loaded.");
}

static int
get_plan(struct partrun *r, struct err *e)
{
	struct front *f = r->f;
	int rc;

	if (f->resume != NULL) {
		rc = open_plan(r, e);
	} else {
		rc = planfile_make(&r->pf, f, f->keep, true, e);
		thin_out(&f->for_extract);
		thin_out(&f->for_load);
	}
	if (rc != 0)
		return rc;
	r->planned = true;
	r->done = xcalloc(r->pf.plan.nparts, sizeof(*r->done));
	return 0;
}

static bool
is_direct(const struct partplan_relation *rel)
{
	return rel->way != NULL && strcmp(rel->way, "part") == 0;
}

/* Why no last stream could bring what several snapshots have missed; NULL: one does. */
static const char *
reason_against(const struct partplan_relation *rel)
{
	const char *why = json_string_value(json_object_get(rel->header, "no_position"));

	if (is_direct(rel))
		return "its parts are committed by themselves";
	if (rel->header == NULL || json_object_get(rel->header, "sequence") != NULL)
		return NULL;
	if (json_array_size(json_object_get(rel->header, "primary_key")) == 0)
		return "it has no primary key";
	return why;
}

static int
refuse_others(struct partrun *r, const struct partplan_relation *rel, const char *why,
	      struct err *e)
{
	char *name = relname_text(&rel->id);

	r->stuck = true;
	err_set(e, EXIT_TARGET,
		"the snapshot of the parts that are there is gone, and the others cannot be "
		"read by another: %s: %s",
		name, why);
	free(name);
	if (is_direct(rel))
		return err_hint(e, "The rows of those that are there are in the table: remove "
				   "them, or bring all of them again, in another run.");
	return err_hint(e,
			"Begin anew with another run; portl drop removes what a plan that is "
			"kept has left.");
}

/*
 * The snapshot of the parts that are there is gone: the others are read by snapshots of their
 * own, and a last stream makes them one.
 */
static int
take_over(struct partrun *r, struct err *e)
{
	struct planfile *pf = &r->pf;
	const char *why;
	size_t i;

	for (i = 0; i < pf->plan.nrelations; i++) {
		why = reason_against(&pf->plan.relations[i]);
		if (why != NULL)
			return refuse_others(r, &pf->plan.relations[i], why, e);
	}
	log_line("the snapshot of the first parts is gone: the others are read by their own, "
		 "and a last stream brings what has changed since");
	pf->plan.snapshot = PARTPLAN_OWN;
	buf_release(&pf->framed);
	if (pf->fd >= 0) {
		close(pf->fd);
		pf->fd = tempfile_open(e);
		if (pf->fd < 0)
			return -1;
		free(pf->path);
		pf->path = xasprintf("/dev/fd/%d", pf->fd);
	}
	return partplan_write(&pf->plan, pf->path, e);
}

/* ---- a round ---- */

static int
bring(struct partrun *r, struct err *e)
{
	struct keeper keeper = KEEPER_INIT;
	struct queue q = {
		.f = r->f,
		.pf = &r->pf,
		.snapshot = r->f->snapshot,
		.done = r->done,
		.progress = r->progress,
		.tally = &r->tally,
		.why = &r->why,
	};
	int rc = 0;

	if (r->pf.plan.snapshot == PARTPLAN_HELD && r->f->snapshot == NULL) {
		rc = keeper_start(&keeper, r->f, &r->pf, e);
		q.keeper = &keeper;
	}
	if (rc == 0)
		rc = queue_run(&q, e);
	keeper_release(&keeper, r->f);
	if (rc > 0 && q.lost) {
		r->f->status = EXIT_AGAIN;
		r->another = true;
	}
	return rc;
}

/* What the ledger says is there; the plan's kind follows from that. */
static int
find_missing(struct partrun *r, struct err *e)
{
	int rc = publication_done(&r->pf, r->f, r->done, &r->ndone, e);

	if (rc != 0)
		return rc;
	if (r->ndone > 0 && r->ndone < r->pf.plan.nparts && r->f->snapshot == NULL &&
	    r->pf.plan.snapshot == PARTPLAN_HELD)
		return take_over(r, e);
	return 0;
}

/* Of what the last part has published already, it has told; relations are in no other's. */
static void
add_publication(struct partrun *r, const json_t *receipt)
{
	if (r->tally.told || json_object_get(receipt, "relations") == NULL)
		return;
	queue_add_rows(&r->tally.whole, json_object_get(receipt, "rows"));
	r->tally.told = true;
}

/*
 * Of rows that were staged only who publishes knows what became of them.  If that was another,
 * nothing is made up.
 */
static struct queue_rows
rows_of(const struct partrun *r)
{
	const struct queue_tally *t = &r->tally;
	bool guessed = r->receipt.committed == RECEIPT_YES && !t->told;
	struct queue_rows all = guessed ? t->brought : t->direct;
	size_t i;

	all.inserted += t->whole.inserted;
	all.updated += t->whole.updated;
	all.unchanged += t->whole.unchanged;
	all.skipped += t->whole.skipped;
	all.rejected += t->whole.rejected;
	all.deleted += t->whole.deleted;
	all.vague |= t->whole.vague;
	for (i = 0; guessed && i < r->pf.plan.nrelations; i++) {
		const char *way = r->pf.plan.relations[i].way;

		all.vague |= way != NULL && strcmp(way, "apply") == 0 && t->read > 0;
	}
	return all;
}

/* Returns 0 when all is published, 1 when f->status says why not. */
static int
do_round(struct partrun *r, struct err *e)
{
	json_t *receipt = NULL;
	int rc = 0;

	if (r->asked)
		rc = find_missing(r, e);
	r->asked = true;
	if (rc == 0 && r->ndone < r->pf.plan.nparts)
		rc = bring(r, e);
	if (rc != 0)
		return rc;
	if (r->tally.published && r->tally.told) {
		r->receipt.committed = RECEIPT_YES;
		return 0;
	}
	progress_finishing(r->progress);
	rc = publication_make(&r->pf, r->f, &receipt, e);
	queue_note_ends(&r->tally, receipt);
	if (rc == 0 && r->f->status == 0) {
		r->receipt.committed = RECEIPT_YES;
		add_publication(r, receipt);
	}
	if (rc == 0 && r->f->status != 0)
		rc = 1;
	r->another = rc > 0 && piece_passes(r->f->status, receipt, 0);
	if (r->another)
		r->f->status = EXIT_AGAIN;
	json_decref(receipt);
	return rc;
}

static int
do_rounds(struct partrun *r, struct err *e)
{
	int64_t i;
	int rc = 1;

	for (i = 0; rc > 0 && i <= r->f->retries; i++) {
		r->another = false;
		rc = do_round(r, e);
		if (!r->another)
			break;
	}
	return rc;
}

/* ---- the end ---- */

/*
 * Nothing stays of a run whose plan nobody has; it is not removed where it is to be resumed.
 * A signal that has ended the run does not end this; another one does.
 */
static void
clear_away(struct partrun *r, bool done)
{
	struct front *f = r->f;
	int stop = f->crew.stop, status = f->status;
	const char *kept = f->resume != NULL ? f->resume : f->keep;
	struct err e = ERR_INIT;

	if (r->planned && kept != NULL && !done && !r->stuck)
		log_line("what is there stays: portl run --resume=%s brings what is missing",
			 kept);
	if (!r->planned || kept != NULL)
		return;
	if (!done && r->tally.direct.inserted + r->tally.direct.updated > 0)
		log_line("parts that have come are committed, and stay in the table: another "
			 "run brings their rows again");
	f->crew.stop = 0;
	if (publication_drop(&r->pf, f, &e) != 0 || f->status != 0)
		log_line("run %s may have left tables in the ledger's schema: "
			 "portl runs --drop-run=%s removes them",
			 r->pf.plan.id, r->pf.plan.id);
	err_release(&e);
	f->crew.stop = stop != 0 ? stop : f->crew.stop;
	f->status = status;
}

/* Where its rows go, if the plan is complete. */
static char *
name_of(const struct partplan_relation *rel)
{
	return relname_text(rel->target.name != NULL ? &rel->target : &rel->id);
}

static void
fill_receipt(struct partrun *r)
{
	const struct queue_rows rows = rows_of(r);

	if (r->receipt.committed == RECEIPT_NO && rows.inserted + rows.updated > 0)
		r->receipt.committed = RECEIPT_YES; /* parts that are seen at once */
	r->receipt.run = r->pf.plan.id;
	r->receipt.source = xstrdup_null(r->tally.source);
	r->receipt.target = xstrdup_null(r->tally.target);
	r->receipt.read = r->tally.read;
	r->receipt.inserted = rows.inserted;
	r->receipt.updated = rows.updated;
	r->receipt.unchanged = rows.unchanged;
	r->receipt.skipped = rows.skipped;
	r->receipt.rejected = rows.rejected;
	r->receipt.deleted = rows.deleted;
	r->receipt.vague = rows.vague;
	r->receipt.bytes = r->tally.bytes;
	if (r->pf.plan.nrelations == 1)
		r->receipt.relation = name_of(&r->pf.plan.relations[0]);
	else if (r->pf.plan.nrelations > 1)
		r->receipt.relation = receipt_several(r->pf.plan.nrelations);
}

static enum progress_when
when_to_show(const struct front *f)
{
	if (arglist_has(&f->for_extract, "--progress"))
		return PROGRESS_ALWAYS;
	return arglist_has(&f->for_load, "--quiet") ? PROGRESS_NEVER : PROGRESS_TERMINAL;
}

static int
run(struct partrun *r, enum progress_when when, struct err *e)
{
	struct progress_goal goal = {.estimate = -1};
	int rc = get_plan(r, e);

	if (rc != 0)
		return rc;
	goal.parts = r->pf.plan.nparts;
	r->asked = r->f->resume != NULL;
	r->progress = progress_start(when, &goal);
	rc = do_rounds(r, e);
	progress_free(r->progress);
	return rc;
}

static int
check(const struct front *f, struct err *e)
{
	if (f->dry_run) {
		err_usage(e, "dry-run", "--dry-run is for one pipe");
		return err_hint(e, "What a run in parts would do is said by portl plan.");
	}
	if (f->differences != NULL)
		return err_usage(e, "differences", "--differences is for a comparison");
	if (f->resume != NULL && f->keep != NULL)
		return err_usage(e, "keep",
				 "--keep and --resume exclude each other: the plan "
				 "that is resumed is kept");
	if (f->resume != NULL && f->own)
		return err_usage(e, "own",
				 "--own and --resume exclude each other: the plan "
				 "says by which snapshots its parts are read");
	return 0;
}

int
partrun_run(struct front *f, struct err *e)
{
	enum progress_when when = when_to_show(f);
	struct partrun r = {.f = f, .pf = {.fd = -1}, .why = ERR_INIT};
	struct err late = ERR_INIT;
	int rc;

	if (check(f, e) != 0 || jobsummary_take(f, e) != 0)
		return -1;
	if (f->retries < 0)
		f->retries = RETRIES;
	if (arglist_has(&f->for_load, "--quiet"))
		log_set_level(LOG_QUIET);
	if (receipt_init(&r.receipt, f->summary, e) != 0) {
		receipt_release(&r.receipt);
		return -1;
	}
	rc = run(&r, when, e);
	clear_away(&r, rc == 0);
	fill_receipt(&r);
	if (rc == 0) {
		f->status = EXIT_DONE;
		err_release(&r.why);
	}
	if (receipt_print(&r.receipt, rc < 0 ? (int)e->code + e->signal : f->status,
			  rc < 0 ? e : &r.why, &late) != 0 &&
	    rc >= 0) {
		if (f->status == EXIT_DONE)
			err_detail(&late, "The rows are committed.");
		err_take(e, &late);
		rc = -1;
	}
	err_release(&late);
	err_release(&r.why);
	receipt_release(&r.receipt);
	planfile_release(&r.pf);
	free(r.tally.source);
	free(r.tally.target);
	free(r.done);
	return rc < 0 ? -1 : 0;
}
