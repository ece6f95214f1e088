/*
 * Engines count parts in their own ways: those that begin with 0 are known by name.
 */
#include "common/front/partcmd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/front/keeper.h"
#include "common/front/piece.h"
#include "common/front/planfile.h"
#include "common/front/publication.h"
#include "common/front/receiptfile.h"
#include "common/parts/partlist.h"
#include "common/os/writeall.h"
#include "common/talk/log.h"

#define RANGES 4000               /* of parts that a pipe is told of: some 64 kB */
#define SNAPSHOT "PORTL_SNAPSHOT" /* what portl hold says to its command */

/* Variables that say which part, and what is to be added for the first one to be 1. */
static const struct {
	const char *name;
	int64_t add;
} indexes[] = {
	{"PORTL_PART", 0},
	{"SLURM_ARRAY_TASK_ID", 0},
	{"PBS_ARRAY_INDEX", 0},
	{"SGE_TASK_ID", 0},
	{"LSB_JOBINDEX", 0},
	{"JOB_COMPLETION_INDEX", 1}, /* Kubernetes */
	{"AWS_BATCH_JOB_ARRAY_INDEX", 1},
	{"CLOUD_RUN_TASK_INDEX", 1},
};

int
partcmd_plan(struct front *f, struct err *e)
{
	bool to_file = f->output != NULL && strcmp(f->output, "-") != 0;
	struct planfile pf;
	int rc = planfile_make(&pf, f, to_file ? f->output : NULL, true, e);

	if (rc == 0 && !to_file)
		rc = partplan_write(&pf.plan, NULL, e);
	planfile_release(&pf);
	return rc < 0 ? -1 : 0;
}

/* ---- one part ---- */

/* The one of a job of an engine's array; ${add} makes 1 of its first one. */
static int
parse_index(const char *what, const char *text, int64_t add, struct partlist *parts,
	    struct err *e)
{
	int64_t number;
	char *end;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || number + add < 1)
		return err_set(e, EXIT_USAGE, "%s is no number of a part: \"%s\"", what, text);
	partlist_add(parts, (size_t)(number + add));
	return 0;
}

static int
which_parts(const struct front *f, struct partlist *parts, struct err *e)
{
	size_t i;

	if (f->noperands > 1)
		return partlist_parse(parts, f->operands[1], e);
	for (i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		const char *text = getenv(indexes[i].name);

		if (text == NULL || text[0] == '\0')
			continue;
		return parse_index(indexes[i].name, text, indexes[i].add, parts, e);
	}
	err_set(e, EXIT_USAGE, "which part?");
	return err_hint(e, "Say it behind the plan, or in PORTL_PART; the array indexes of "
			   "Slurm, PBS, LSF, SGE, Kubernetes, AWS Batch and Cloud Run are "
			   "known.");
}

/* Of a plan whose parts are read by one snapshot nobody reads another one by mistake. */
static int
which_snapshot(const struct front *f, const struct partplan *plan, const char **snapshot,
	       struct err *e)
{
	*snapshot = NULL;
	if (plan->snapshot == PARTPLAN_OWN)
		return 0;
	*snapshot = f->snapshot != NULL ? f->snapshot : getenv(SNAPSHOT);
	if (*snapshot != NULL || plan->nparts == 1)
		return 0;
	err_set(e, EXIT_USAGE, "which snapshot? All parts of this plan are read by one");
	return err_hint(e, "Have \"portl hold FILE COMMAND\" run what brings the parts, or say "
			   "--snapshot; or make a plan with --own.");
}

static int
write_receipt(const char *path, const json_t *receipt, struct err *e)
{
	char *text = json_dumps(receipt, JSON_COMPACT);
	char *line = xasprintf("%s\n", text != NULL ? text : "{}");
	int rc = receiptfile_write(path, line, e);

	free(line);
	free(text);
	return rc;
}

static int
run_parts(struct front *f, struct planfile *pf, struct piece *p, const char *snapshot,
	  struct buf *receipts, struct err *e)
{
	json_t *receipt;
	int rc = piece_start(p, f, pf, snapshot, false, e);

	if (rc == 0)
		rc = pair_wait(f, &p->pair, e);
	while (rc == 0 && (receipt = piece_next(p, e)) != NULL)
		json_decref(receipt);
	if (e->code != EXIT_DONE)
		rc = -1;
	if (rc == 0)
		piece_settle(p);
	if (rc == 0 && p->status != 0)
		rc = crew_stopped(&f->crew, e);
	if (rc == 0)
		rc = piece_receipts(p, receipts, e);
	f->status = p->again ? EXIT_AGAIN : p->status;
	return rc;
}

/* Which parts are there, by number from 0; the caller frees it.  NULL: it was not asked. */
static int
find_done(struct front *f, struct planfile *pf, size_t n, bool **done, struct err *e)
{
	size_t there;

	*done = NULL;
	if (n == 1) /* who sends does not know, and of one part learns it soon enough */
		return 0;
	*done = xcalloc(pf->plan.nparts, sizeof(**done));
	return publication_done(pf, f, *done, &there, e);
}

/*
 * The parts from ${*at} on that one pipe brings, of which those that are there are not sent.
 * What is written as a list has an end: a word of a command line is 128 kB at most.
 */
static void
take_some(struct piece *p, const struct partlist *all, const bool *done, size_t *at)
{
	size_t ranges = 0, before = 0;

	for (; *at < all->n; ++*at) {
		size_t number = all->numbers[*at];

		if (done != NULL && !done[number - 1]) {
			if (before + 1 != number && ++ranges > RANGES)
				return;
			partlist_add(&p->sent, number);
			before = number;
		}
		partlist_add(&p->parts, number);
	}
}

/* One pipe after the other; what each has said of its parts is kept. */
static int
bring(struct front *f, struct planfile *pf, const struct partlist *all, const char *snapshot,
      struct err *e)
{
	struct buf receipts = BUF_INIT;
	size_t at = 0;
	bool *done;
	int rc = find_done(f, pf, all->n, &done, e);

	if (rc == 0)
		f->status = EXIT_DONE;
	while (rc == 0 && f->status == EXIT_DONE && at < all->n) {
		struct piece p = PIECE_INIT;

		take_some(&p, all, done, &at);
		rc = run_parts(f, pf, &p, snapshot, &receipts, e);
		piece_release(&p);
	}
	if (rc == 0 && f->summary != NULL && receipts.len > 0)
		rc = receiptfile_write(f->summary, buf_cstr(&receipts), e);
	buf_release(&receipts);
	free(done);
	return rc;
}

int
partcmd_part(struct front *f, struct err *e)
{
	struct partlist parts = {.n = 0};
	struct planfile pf = {.fd = -1};
	const char *snapshot;
	int rc = which_parts(f, &parts, e);

	if (rc == 0)
		rc = planfile_open(&pf, f->operands[0], e);
	if (rc == 0)
		rc = partlist_check(&parts, &pf.plan, f->operands[0], e);
	if (rc == 0)
		rc = which_snapshot(f, &pf.plan, &snapshot, e);
	if (rc == 0)
		rc = bring(f, &pf, &parts, snapshot, e);
	partlist_release(&parts);
	planfile_release(&pf);
	return rc < 0 ? -1 : 0;
}

/* ---- all of them ---- */

int
partcmd_parts(struct front *f, struct err *e)
{
	struct arglist words = {.n = 0};
	struct planfile pf;
	int rc = planfile_open(&pf, f->operands[0], e);

	arglist_add(&words, "--list-parts");
	if (rc == 0)
		rc = planfile_call(&pf, f, &words, NULL, &f->status, e);
	arglist_release(&words);
	planfile_release(&pf);
	return rc != 0 ? -1 : crew_stopped(&f->crew, e);
}

int
partcmd_publish(struct front *f, struct err *e)
{
	json_t *receipt = NULL;
	struct planfile pf;
	int rc = planfile_open(&pf, f->operands[0], e);

	if (rc == 0)
		rc = publication_make(&pf, f, &receipt, e);
	if (rc == 0 && f->summary != NULL && receipt != NULL)
		rc = write_receipt(f->summary, receipt, e);
	if (rc == 0 && piece_passes(f->status, receipt, 0))
		f->status = EXIT_AGAIN;
	json_decref(receipt);
	planfile_release(&pf);
	return rc;
}

int
partcmd_drop(struct front *f, struct err *e)
{
	struct planfile pf;
	int rc = planfile_open(&pf, f->operands[0], e);

	if (rc == 0)
		rc = publication_drop(&pf, f, e);
	planfile_release(&pf);
	return rc != 0 ? -1 : crew_stopped(&f->crew, e);
}

/* ---- a snapshot for others ---- */

/* Whoever holds the other end of our standard input lets go by closing it. */
static bool
has_leash(void)
{
	struct stat st;

	return fstat(STDIN_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* Until its end, a signal, or that of the process that holds the snapshot. */
static int
hold_on(struct front *f, const struct keeper *k, struct err *e)
{
	struct pollfd leash = {.fd = STDIN_FILENO, .events = POLLIN};
	size_t n = has_leash() ? 1 : 0;
	char piece[256];

	printf("%s\n", k->snapshot);
	if (writeall_finish(stdout, e) != 0)
		return -1;
	while (keeper_holds(k) && f->crew.stop == 0) {
		leash.revents = 0;
		if (crew_poll(&f->crew, &leash, n, -1, e) != 0)
			return -1;
		if (leash.revents != 0 && read(STDIN_FILENO, piece, sizeof(piece)) <= 0)
			return 0;
	}
	if (crew_stopped(&f->crew, e) != 0)
		return -1;
	f->status = k->child.status != 0 ? k->child.status : EXIT_CONN;
	return 0;
}

static int
hold_for(struct front *f, const struct keeper *k, struct err *e)
{
	struct crew_work work = CREW_WORK(f->rest.words[0], f->rest.words);
	struct child child = {.pid = 0};
	bool told = false;
	int rc;

	setenv(SNAPSHOT, k->snapshot, 1);
	unsetenv("PORTL_RUN");
	rc = crew_start(&f->crew, &child, &work, e);
	while (rc == 0 && child.pid != 0) {
		rc = crew_poll(&f->crew, NULL, 0, -1, e);
		if (!keeper_holds(k) && f->crew.stop == 0 && child.pid != 0 && !told) {
			log_line("the snapshot is gone");
			told = true;
		}
	}
	crew_finish(&f->crew, &child, SIGTERM);
	f->status = child.status;
	if (rc == 0 && child.status != 0)
		rc = crew_stopped(&f->crew, e);
	return rc;
}

int
partcmd_hold(struct front *f, struct err *e)
{
	struct keeper keeper = KEEPER_INIT;
	struct planfile pf;
	int rc = planfile_open(&pf, f->operands[0], e);

	if (rc == 0)
		rc = keeper_start(&keeper, f, &pf, e);
	if (rc == 0)
		rc = f->rest.n > 0 ? hold_for(f, &keeper, e) : hold_on(f, &keeper, e);
	keeper_release(&keeper, f);
	planfile_release(&pf);
	return rc < 0 ? -1 : 0;
}
