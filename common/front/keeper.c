/*
 * The name is one line; more than that is not read.
 */
#include "common/front/keeper.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/err.h"

#define NAME_MAX_BYTES 200

/* Read the line; an empty one says that there is none to come. */
static int
read_name(struct keeper *k, struct front *f, int fd, struct err *e)
{
	struct buf name = BUF_INIT;
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	ssize_t n = 1;
	char c = '\0';

	while (c != '\n' && n > 0 && name.len < NAME_MAX_BYTES) {
		ready.revents = 0;
		if (crew_poll(&f->crew, &ready, 1, -1, e) != 0 ||
		    crew_stopped(&f->crew, e) != 0) {
			buf_release(&name);
			return -1;
		}
		n = ready.revents != 0 ? read(fd, &c, 1) : 1;
		if (ready.revents != 0 && n > 0 && c != '\n')
			buf_addc(&name, c);
	}
	if (c == '\n' && name.len > 0)
		k->snapshot = buf_detach(&name);
	buf_release(&name);
	return n < 0 ? err_errno(e, "could not read from a pipe") : 0;
}

/* The end of its input ends who holds the snapshot. */
static void
let_go(struct keeper *k)
{
	if (k->leash >= 0)
		close(k->leash);
	k->leash = -1;
}

int
keeper_start(struct keeper *k, struct front *f, const struct planfile *pf, struct err *e)
{
	struct arglist words = {.n = 0};
	struct crew_work work = CREW_WORK(f->extract, NULL);
	int in[2] = {-1, -1}, out[2] = {-1, -1}, rc = -1;

	*k = KEEPER_INIT;
	arglist_add(&words, "portl-extract");
	arglist_addf(&words, "--plan=%s", pf->path);
	arglist_add(&words, "--hold");
	arglist_join(&words, &f->for_extract);
	if (crew_pipe(in, e) == 0 && crew_pipe(out, e) == 0) {
		work.argv = words.words;
		work.in = in[0];
		work.out = out[1];
		work.keep[0] = pf->fd > 0 ? pf->fd : 0;
		rc = crew_start(&f->crew, &k->child, &work, e);
		close(in[0]);
		close(out[1]);
		k->leash = in[1];
		if (rc == 0)
			rc = read_name(k, f, out[0], e);
		close(out[0]);
	} else if (in[0] >= 0) {
		close(in[0]);
		close(in[1]);
	}
	arglist_release(&words);
	if (rc == 0 && k->snapshot == NULL) {
		let_go(k);
		if (crew_wait(&f->crew, &k->child, e) != 0)
			return -1;
		if (k->child.status == 0)
			return err_set(e, EXIT_DATA, "portl-extract has named no snapshot");
		f->status = k->child.status;
		return 1;
	}
	return rc;
}

bool
keeper_holds(const struct keeper *k)
{
	return k->snapshot != NULL && k->child.pid != 0;
}

void
keeper_release(struct keeper *k, struct front *f)
{
	let_go(k);
	crew_finish(&f->crew, &k->child, SIGTERM);
	free(k->snapshot);
	*k = KEEPER_INIT;
}
