/*
 * Where load has nothing of its own to say, extract knows why.
 */
#include "common/front/pair.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/os/tempfile.h"

/* The name, the job, ${words}, and what the command line has for it. */
static void
put_together(const struct front *f, const char *name, const struct arglist *words,
	     const struct arglist *line, struct arglist *all)
{
	arglist_add(all, name);
	if (f->job != NULL)
		arglist_addf(all, "--job=%s", f->job);
	if (words != NULL)
		arglist_join(all, words);
	arglist_join(all, line);
}

int
pair_extract(struct front *f, const struct arglist *words, struct crew_work work, int *status,
	     struct err *e)
{
	struct arglist all = {.n = 0};
	int rc;

	put_together(f, "portl-extract", words, &f->for_extract, &all);
	work.program = f->extract;
	work.argv = all.words;
	rc = crew_call(&f->crew, work, NULL, status, e);
	arglist_release(&all);
	return rc;
}

int
pair_load(struct front *f, const struct arglist *words, struct crew_work work, int *status,
	  struct err *e)
{
	struct arglist all = {.n = 0};
	int nothing = -1, rc = 0;

	put_together(f, "portl-load", words, &f->for_load, &all);
	work.program = f->load;
	work.argv = all.words;
	if (work.in < 0) {
		work.in = nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (nothing < 0)
			rc = err_errno(e, "could not open /dev/null");
	}
	if (rc == 0)
		rc = crew_call(&f->crew, work, NULL, status, e);
	if (nothing >= 0)
		close(nothing);
	arglist_release(&all);
	return rc;
}

int
pair_check_job(struct front *f, struct err *e)
{
	struct arglist words = {.n = 0};
	struct crew_work work = CREW_WORK(NULL, NULL), silent = work;
	int rc;

	arglist_add(&words, "--check=job");
	silent.out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (silent.out < 0)
		rc = err_errno(e, "could not open /dev/null");
	else
		rc = pair_extract(f, &words, silent, &f->status, e);
	if (rc == 0 && f->status == 0)
		rc = pair_load(f, &words, work, &f->status, e);
	if (silent.out >= 0)
		close(silent.out);
	arglist_release(&words);
	setenv("PORTL_RUN", "again", 1); /* both have warned */
	if (rc == 0)
		rc = crew_stopped(&f->crew, e);
	return rc != 0 ? -1 : f->status != 0;
}

int
pair_ask_state(struct front *f, struct arglist *words, struct err *e)
{
	struct arglist ask = {.n = 0};
	struct crew_work work = CREW_WORK(NULL, NULL);
	struct stat st = {.st_size = 0};
	int rc;

	f->since = tempfile_open(e); /* the word may be long */
	if (f->since < 0)
		return -1;
	arglist_add(&ask, "--print-state");
	work.out = f->since;
	rc = pair_load(f, &ask, work, &f->status, e);
	arglist_release(&ask);
	if (rc == 0)
		rc = crew_stopped(&f->crew, e);
	if (rc != 0 || f->status != 0)
		return rc != 0 ? -1 : 1;
	if (fstat(f->since, &st) != 0 || st.st_size == 0)
		return 0;
	if (arglist_has(&f->for_extract, "--since")) {
		err_usage(e, "since",
			  "--since and the job's state exclude each other: it says "
			  "where to go on from");
		return err_hint(e, "--reset-state begins anew with all rows.");
	}
	arglist_addf(words, "--since=@/dev/fd/%d", f->since);
	return 0;
}

int
pair_status(const struct pair *pair)
{
	int extract = pair->extract.status, load = pair->load.status;

	switch (load) {
	case EXIT_DONE:
	case EXIT_REJECTS:
		return extract != 0 ? extract : load;
	case EXIT_STREAM:
		return extract != 0 && extract < 128 ? extract : load;
	default:
		return load;
	}
}

/* Each end of the pipe is then its program's alone, or the other would not see it end. */
int
pair_start(struct front *f, struct pair *pair, struct crew_work left, struct crew_work right,
	   struct err *e)
{
	int ends[2], rc;

	*pair = (struct pair){.extract = {.pid = 0}};
	if (crew_pipe(ends, e) != 0)
		return -1;
	left.out = ends[1];
	right.in = ends[0];
	rc = crew_start(&f->crew, &pair->extract, &left, e);
	if (rc == 0)
		rc = crew_start(&f->crew, &pair->load, &right, e);
	close(ends[0]);
	close(ends[1]);
	if (rc != 0)
		crew_finish(&f->crew, &pair->extract, SIGTERM);
	return rc;
}

int
pair_wait(struct front *f, struct pair *pair, struct err *e)
{
	int rc = crew_wait(&f->crew, &pair->load, e);

	if (rc == 0)
		rc = crew_wait(&f->crew, &pair->extract, e);
	crew_finish(&f->crew, &pair->extract, SIGTERM);
	crew_finish(&f->crew, &pair->load, SIGTERM);
	return rc;
}

int
pair_run(struct front *f, const struct pair_words *words, int *status, struct err *e)
{
	struct arglist extract = {.n = 0}, load = {.n = 0};
	struct crew_work left = CREW_WORK(f->extract, NULL), right = CREW_WORK(f->load, NULL);
	struct pair pair;
	int rc;

	put_together(f, "portl-extract", &words->extract, &f->for_extract, &extract);
	put_together(f, "portl-load", &words->load, &f->for_load, &load);
	left.argv = extract.words;
	left.keep[0] = f->since > 0 ? f->since : 0;
	left.keep[1] = f->keys > 0 ? f->keys : 0;
	right.argv = load.words;
	right.out = words->out > 0 ? words->out : -1;
	right.keep[0] = f->found > 0 ? f->found : 0;
	right.keep[1] = f->keys > 0 ? f->keys : 0;
	rc = pair_start(f, &pair, left, right, e);
	if (rc == 0)
		rc = pair_wait(f, &pair, e);
	*status = pair_status(&pair);
	if (rc == 0 && pair.load.status != EXIT_DONE)
		rc = crew_stopped(&f->crew, e);
	arglist_release(&extract);
	arglist_release(&load);
	return rc;
}

void
pair_words_release(struct pair_words *words)
{
	arglist_release(&words->extract);
	arglist_release(&words->load);
}
