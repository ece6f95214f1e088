/*
 * A plan without a name is a file that is gone from its directory, and that children open
 * by our descriptor of it, each from its beginning.
 */
#include "common/front/planfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/tempfile.h"
#include "common/os/writeall.h"
#include "common/parts/planframe.h"

static const struct planfile nothing = {.fd = -1};

int
planfile_open(struct planfile *pf, const char *path, struct err *e)
{
	*pf = nothing;
	pf->path = xstrdup(path);
	return partplan_read(&pf->plan, path, e);
}

/* The words of --via; what is behind them is for a shell over there. */
static void
add_via(const char *via, struct arglist *all)
{
	char *copy = xstrdup(via), *save = NULL, *word;

	for (word = strtok_r(copy, " \t", &save); word != NULL;
	     word = strtok_r(NULL, " \t", &save))
		arglist_add(all, word);
	free(copy);
}

/* In single quotes, unless it is plain. */
static void
add_quoted(struct arglist *all, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_=./:,@+%";
	struct buf quoted = BUF_INIT;
	const char *p;

	if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
		arglist_add(all, word);
		return;
	}
	buf_addc(&quoted, '\'');
	for (p = word; *p != '\0'; p++) {
		if (*p == '\'')
			buf_adds(&quoted, "'\\''");
		else
			buf_addc(&quoted, *p);
	}
	buf_addc(&quoted, '\'');
	arglist_add(all, buf_cstr(&quoted));
	buf_release(&quoted);
}

/* portl-load, here or there; returns the program to start. */
static const char *
begin(const struct front *f, struct arglist *all)
{
	if (f->via != NULL)
		add_via(f->via, all);
	arglist_add(all, "portl-load");
	return f->via != NULL ? all->words[0] : f->load;
}

static void
add_words(const struct front *f, const struct arglist *words, struct arglist *all)
{
	size_t i;

	for (i = 0; words != NULL && i < words->n; i++) {
		if (f->via != NULL)
			add_quoted(all, words->words[i]);
		else
			arglist_add(all, words->words[i]);
	}
}

const char *
planfile_words(const struct planfile *pf, const struct front *f, struct arglist *all)
{
	const char *program = begin(f, all);

	if (f->via != NULL)
		arglist_add(all, "--plan=-");
	else
		arglist_addf(all, "--plan=%s", pf->path);
	add_words(f, &f->for_load, all);
	return program;
}

/* ---- for another host ---- */

static int
read_whole(const char *path, struct buf *text, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return err_errno(e, "could not open \"%s\"", path);
	rc = planframe_read(fd, text, e);
	close(fd);
	return rc;
}

static int
make_framed(struct planfile *pf, const struct front *f, struct err *e)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	if (f->via != NULL && pf->framed.len == 0) {
		rc = read_whole(pf->path, &text, e);
		if (rc == 0)
			planframe_add(&pf->framed, text.data, text.len);
	}
	buf_release(&text);
	return rc;
}

const struct buf *
planfile_preface(struct planfile *pf, const struct front *f)
{
	struct err e = ERR_INIT;

	/* the plan has been read once before; an empty one tells the other side */
	if (make_framed(pf, f, &e) != 0)
		err_release(&e);
	return f->via != NULL ? &pf->framed : NULL;
}

int
planfile_input(struct planfile *pf, const struct front *f, struct err *e)
{
	int fd;

	if (f->via == NULL) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return fd >= 0 ? fd : err_errno(e, "could not open /dev/null");
	}
	if (make_framed(pf, f, e) != 0 || (fd = tempfile_open(e)) < 0)
		return -1;
	if (writeall(fd, pf->framed.data, pf->framed.len) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	err_errno(e, "could not write a temporary file");
	close(fd);
	return -1;
}

int
planfile_call(struct planfile *pf, struct front *f, const struct arglist *words,
	      struct buf *out, int *status, struct err *e)
{
	struct arglist all = {.n = 0};
	struct crew_work work = CREW_WORK(planfile_words(pf, f, &all), NULL);
	int rc = -1;

	arglist_join(&all, words);
	work.argv = all.words;
	work.keep[0] = pf->fd > 0 ? pf->fd : 0;
	work.in = planfile_input(pf, f, e);
	if (work.in >= 0) {
		rc = crew_call(&f->crew, work, out, status, e);
		close(work.in);
	}
	arglist_release(&all);
	return rc;
}

/* ---- making one ---- */

/* Where the programs read, write and complain; -1: where we do. */
struct ends {
	int in, out, err;
};

static int
call(struct front *f, const char *program, const struct arglist *words, struct ends ends,
     struct err *e)
{
	struct crew_work work = CREW_WORK(program, words->words);
	int rc;

	work.in = ends.in;
	work.out = ends.out;
	work.err = ends.err;
	rc = crew_call(&f->crew, work, NULL, &f->status, e);
	if (rc == 0)
		rc = crew_stopped(&f->crew, e);
	return rc != 0 ? -1 : f->status != 0;
}

static int
draft(struct front *f, struct ends ends, struct err *e)
{
	struct arglist words = {.n = 0};
	int rc;

	arglist_add(&words, "portl-extract");
	arglist_add(&words, f->own ? "--make-plan=own" : "--make-plan");
	if (f->job != NULL)
		arglist_addf(&words, "--job=%s", f->job);
	if (f->jobs > 1)
		arglist_addf(&words, "--at-once=%lld", (long long)f->jobs);
	arglist_join(&words, &f->for_extract);
	rc = call(f, f->extract, &words, ends, e);
	arglist_release(&words);
	return rc;
}

static int
complete(struct front *f, struct ends ends, struct err *e)
{
	struct arglist words = {.n = 0};
	const char *program = begin(f, &words);
	char *job = f->job != NULL ? xasprintf("--job=%s", f->job) : NULL;
	struct arglist ours = {.words = &job, .n = job != NULL};
	int rc;

	arglist_add(&words, "--make-plan");
	if (f->jobs > 1)
		arglist_addf(&words, "--at-once=%lld", (long long)f->jobs);
	add_words(f, &ours, &words);
	add_words(f, &f->for_load, &words);
	rc = call(f, program, &words, ends, e);
	arglist_release(&words);
	free(job);
	return rc;
}

/* One after the other, for where the first fails the second has nothing to say. */
static int
make(struct front *f, int out, int messages, struct err *e)
{
	int between = tempfile_open(e);
	int rc = between >= 0 ? draft(f, (struct ends){-1, between, messages}, e) : -1;

	if (rc == 0 && lseek(between, 0, SEEK_SET) != 0)
		rc = err_errno(e, "could not read a temporary file");
	if (rc == 0)
		rc = complete(f, (struct ends){between, out, messages}, e);
	if (between >= 0)
		close(between);
	return rc;
}

int
planfile_make(struct planfile *pf, struct front *f, const char *path, bool told, struct err *e)
{
	struct planfile made = nothing;
	int nobody = -1, rc;

	*pf = nothing;
	if (!told && (nobody = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
		return err_errno(e, "could not open /dev/null");
	made.fd = tempfile_open(e);
	made.path = xasprintf("/dev/fd/%d", made.fd);
	rc = made.fd >= 0 ? make(f, made.fd, nobody, e) : -1;
	if (nobody >= 0)
		close(nobody);
	setenv("PORTL_RUN", "again", 1); /* both have warned */
	if (rc == 0)
		rc = partplan_read(&made.plan, made.path, e);
	if (rc == 0 && path != NULL)
		rc = partplan_write(&made.plan, path, e);
	if (rc == 0 && path != NULL) {
		close(made.fd);
		made.fd = -1;
		free(made.path);
		made.path = xstrdup(path);
	}
	*pf = made;
	return rc;
}

void
planfile_release(struct planfile *pf)
{
	partplan_release(&pf->plan);
	buf_release(&pf->framed);
	free(pf->path);
	if (pf->fd >= 0)
		close(pf->fd);
	*pf = nothing;
}
