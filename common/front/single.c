/*
 * All that is wrong with a job is found before a row moves.
 */
#include "common/front/single.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/cli/check.h"
#include "common/front/jobsummary.h"
#include "common/front/pair.h"
#include "common/front/partrun.h"
#include "common/front/ways.h"
#include "common/os/tempfile.h"
#include "common/os/writeall.h"
#include "common/talk/log.h"
#include "common/talk/receipt.h"

/* What concerns both and is load's to do. */
static void
add_load_words(const struct front *f, struct arglist *load)
{
	if (f->summary != NULL)
		arglist_addf(load, "--summary=%s", f->summary);
	if (f->dry_run)
		arglist_add(load, "--dry-run");
	if (f->differences != NULL)
		arglist_addf(load, "--differences=%s", f->differences);
}

/* The receipt of a run that ended before portl-load could begin one. */
static void
tell(struct front *f, int status, const struct err *why)
{
	struct receipt r = {.fd = -1};
	struct err late = ERR_INIT;
	int rc = jobsummary_take(f, &late);

	if (rc == 0 && f->summary != NULL) {
		rc = receipt_init(&r, f->summary, &late);
		if (rc == 0)
			rc = receipt_print(&r, status, why, &late);
	}
	if (rc != 0)
		log_report(&late); /* the status says what came first */
	receipt_release(&r);
	err_release(&late);
}

/* As pair_ask_state(). */
static int
ask_state(struct front *f, struct arglist *words, struct err *e)
{
	int rc = pair_ask_state(f, words, e);

	if (rc != 0)
		tell(f, rc < 0 ? (int)e->code + e->signal : f->status, e);
	return rc;
}

int
single_run(struct front *f, struct err *e)
{
	struct pair_words words = {.load = {.n = 0}};
	int rc;

	if (partrun_is_meant(f))
		return partrun_run(f, e);
	if (f->retries >= 0) {
		err_usage(e, "retries", "--retries is for parts, and this run is one pipe");
		return err_hint(e, "Parts are made by -j N or --parts=N.");
	}
	add_load_words(f, &f->for_load);
	if (f->snapshot != NULL)
		arglist_addf(&f->for_extract, "--snapshot=%s", f->snapshot);
	rc = pair_check_job(f, e);
	if (rc == 0)
		rc = ask_state(f, &words.extract, e);
	if (rc == 0)
		rc = pair_run(f, &words, &f->status, e);
	pair_words_release(&words);
	return rc < 0 ? -1 : 0;
}

/* Where the source is well, load sees the header that it would be sent. */
static int
check_sides(struct front *f, struct arglist *words, int header, struct err *e)
{
	struct crew_work extract = CREW_WORK(NULL, NULL), load = extract;
	struct arglist to = {.n = 0};
	bool can;
	int other, rc;

	extract.keep[0] = f->since;
	extract.keep[1] = header;
	arglist_add(words, "--check=plan");
	arglist_addf(words, "--output=/dev/fd/%d", header);
	if (pair_extract(f, words, extract, &f->status, e) != 0 ||
	    crew_stopped(&f->crew, e) != 0)
		return -1;
	can = f->status == 0;
	if (can)
		load.in = header;
	if (can && lseek(header, 0, SEEK_SET) != 0)
		return err_errno(e, "could not read a temporary file");
	arglist_add(&to, can ? "--check=plan" : "--check=connection");
	rc = pair_load(f, &to, load, can ? &f->status : &other, e);
	arglist_release(&to);
	return rc != 0 ? -1 : crew_stopped(&f->crew, e);
}

int
single_check(struct front *f, struct err *e)
{
	struct arglist words = {.n = 0};
	size_t typed = f->for_load.n;
	int header = -1, rc;

	add_load_words(f, &f->for_load);
	rc = pair_check_job(f, e);
	if (rc == 0)
		rc = pair_ask_state(f, &words, e);
	if (rc == 0 && (header = tempfile_open(e)) < 0)
		rc = -1;
	if (rc == 0) {
		if (f->job != NULL)
			check_line(stdout, "job", "%s", f->job);
		rc = writeall_finish(stdout, e);
	}
	if (rc == 0)
		rc = check_sides(f, &words, header, e);
	arglist_cut(&f->for_load, typed);
	if (rc == 0 && f->status == 0)
		rc = ways_print(f, partrun_is_meant(f), e);
	if (rc == 0 && f->status == 0) {
		check_line(stdout, "result", "the run can start");
		rc = writeall_finish(stdout, e);
	}
	if (header >= 0)
		close(header);
	arglist_release(&words);
	return rc < 0 ? -1 : 0;
}
