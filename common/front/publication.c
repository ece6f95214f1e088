/*
 * The last stream begins where the first part did: portl-load knows, portl-extract is told.
 */
#include "common/front/publication.h"

#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/front/pair.h"
#include "common/front/piece.h"
#include "common/os/tempfile.h"

/* The first line that is a document, if it is not all one: a command of --via may talk, too. */
static json_t *
parse(struct buf *text)
{
	json_t *doc = text->len > 0 ? json_loadb(text->data, text->len, 0, NULL) : NULL;
	char *rest = buf_cstr(text), *line;

	while (doc == NULL && (line = strsep(&rest, "\n")) != NULL)
		doc = json_loads(line, 0, NULL);
	buf_release(text);
	return doc;
}

/* Returns a descriptor with the positions of all parts; 1 in ${*rc}: f->status says why not. */
static int
ask_positions(struct planfile *pf, struct front *f, int *rc, struct err *e)
{
	struct arglist words = {.n = 0};
	struct buf text = BUF_INIT;
	int fd = -1;

	arglist_add(&words, "--print-position");
	*rc = planfile_call(pf, f, &words, &text, &f->status, e);
	if (*rc == 0 && f->status != 0)
		*rc = 1;
	if (*rc == 0 && (fd = tempfile_open(e)) < 0)
		*rc = -1;
	if (*rc == 0 && write(fd, text.data, text.len) != (ssize_t)text.len)
		*rc = err_errno(e, "could not write a temporary file");
	arglist_release(&words);
	buf_release(&text);
	return fd;
}

/* One receipt is for people: that of the run. */
static void
add_publish(const struct front *f, struct arglist *words)
{
	arglist_add(words, "--publish");
	arglist_add(words, "--summary=-");
	if (!arglist_has(&f->for_load, "--quiet") && !arglist_has(&f->for_load, "--verbose"))
		arglist_add(words, "--quiet");
}

static int
catch_up(struct planfile *pf, struct front *f, int since, int out, struct err *e)
{
	struct arglist extract = {.n = 0}, load = {.n = 0};
	struct crew_work left = CREW_WORK(f->extract, NULL), right = left;
	struct pair pair;
	int rc;

	arglist_add(&extract, "portl-extract");
	arglist_addf(&extract, "--plan=%s", pf->path);
	arglist_add(&extract, "--catch-up");
	arglist_addf(&extract, "--since=@/dev/fd/%d", since);
	arglist_join(&extract, &f->for_extract);
	right.program = planfile_words(pf, f, &load);
	add_publish(f, &load);
	left.argv = extract.words;
	left.keep[0] = since;
	left.keep[1] = right.keep[0] = pf->fd > 0 ? pf->fd : 0;
	left.preface = planfile_preface(pf, f);
	right.argv = load.words;
	right.out = out;
	rc = pair_start(f, &pair, left, right, e);
	if (rc == 0)
		rc = pair_wait(f, &pair, e);
	/* where it is published already nothing is read */
	f->status = pair.load.status == EXIT_DONE ? EXIT_DONE : pair_status(&pair);
	arglist_release(&extract);
	arglist_release(&load);
	return rc;
}

static int
publish_own(struct planfile *pf, struct front *f, struct buf *text, struct err *e)
{
	int rc, since = ask_positions(pf, f, &rc, e), out = -1;
	char piece[4096];
	ssize_t n;

	if (rc == 0 && (out = tempfile_open(e)) < 0)
		rc = -1;
	if (rc == 0)
		rc = catch_up(pf, f, since, out, e);
	if (out >= 0 && lseek(out, 0, SEEK_SET) == 0)
		while ((n = read(out, piece, sizeof(piece))) > 0)
			buf_add(text, piece, (size_t)n);
	if (since >= 0)
		close(since);
	if (out >= 0)
		close(out);
	return rc < 0 ? -1 : 0;
}

int
publication_make(struct planfile *pf, struct front *f, json_t **receipt, struct err *e)
{
	struct arglist words = {.n = 0};
	struct buf text = BUF_INIT;
	int rc;

	add_publish(f, &words);
	if (pf->plan.snapshot == PARTPLAN_OWN)
		rc = publish_own(pf, f, &text, e);
	else
		rc = planfile_call(pf, f, &words, &text, &f->status, e);
	arglist_release(&words);
	*receipt = parse(&text);
	if (rc == 0 && f->status == EXIT_DONE)
		f->status = piece_said(*receipt);
	if (rc == 0 && f->status != 0)
		rc = crew_stopped(&f->crew, e);
	return rc;
}

static void
note_done(const json_t *list, size_t nparts, bool *done, size_t *n)
{
	size_t i;

	*n = 0;
	memset(done, 0, nparts * sizeof(*done));
	for (i = 0; i < json_array_size(list); i++) {
		const json_t *part = json_array_get(list, i);
		json_int_t number = json_integer_value(json_object_get(part, "number"));
		const char *state = json_string_value(json_object_get(part, "status"));

		if (number < 1 || (uint64_t)number > nparts || state == NULL ||
		    strcmp(state, "done") != 0 || done[number - 1])
			continue;
		done[number - 1] = true;
		++*n;
	}
}

int
publication_done(struct planfile *pf, struct front *f, bool *done, size_t *n, struct err *e)
{
	struct arglist words = {.n = 0};
	struct buf text = BUF_INIT;
	json_t *doc;
	int rc;

	arglist_add(&words, "--list-parts");
	arglist_add(&words, "--json");
	rc = planfile_call(pf, f, &words, &text, &f->status, e);
	arglist_release(&words);
	doc = parse(&text);
	if (rc == 0)
		rc = crew_stopped(&f->crew, e);
	if (rc == 0 && f->status == 0) {
		const json_t *list = json_object_get(doc, "parts");

		note_done(list, pf->plan.nparts, done, n);
		if (json_is_true(json_object_get(doc, "published"))) {
			memset(done, 1, pf->plan.nparts * sizeof(*done));
			*n = pf->plan.nparts;
		}
		if (!json_is_array(list))
			rc = err_set(e, EXIT_DATA,
				     "portl-load does not say which parts there "
				     "are");
	}
	json_decref(doc);
	return rc != 0 ? -1 : f->status != 0;
}

int
publication_drop(struct planfile *pf, struct front *f, struct err *e)
{
	struct arglist words = {.n = 0};
	int rc;

	arglist_add(&words, "--drop-parts");
	rc = planfile_call(pf, f, &words, NULL, &f->status, e);
	arglist_release(&words);
	return rc;
}
