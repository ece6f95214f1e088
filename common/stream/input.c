/*
 * Bytes in.  The first four bytes decide whether the input is zstd (RFC 8878,
 * frame magic); plain input is read straight into the caller's buffer.
 */
#include "common/stream/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"

#define PIPE_SIZE (1 << 20)  /* bytes */
#define RAW_SIZE (256 << 10) /* bytes of compressed input read at a time */

struct input {
	int fd;
	char *name;
	int watch_fd;       /* -1: none */
	short watch_events; /* beside errors */
	int (*on_ready)(void *arg, struct err *e);
	void *arg;
	bool detected; /* the first bytes have been looked at */
	unsigned char peek[4];
	size_t npeek;      /* bytes of peek not yet given out */
	ZSTD_DCtx *zstd;   /* NULL: plain */
	char *raw;         /* compressed bytes, RAW_SIZE */
	ZSTD_inBuffer zin; /* the unread part of raw */
	bool in_frame;     /* the input may not end here */
	bool more_out;     /* zstd may hold output that needs no further input */
};

struct input *
input_open(const char *path, struct err *e)
{
	struct input *in = xcalloc(1, sizeof(*in));

	in->watch_fd = -1;
	if (path == NULL || strcmp(path, "-") == 0) {
		in->fd = STDIN_FILENO;
		in->name = xstrdup("stdin");
		if ((fcntl(in->fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
			err_set(e, EXIT_DATA, "standard input is not open for reading");
	} else {
		in->fd = open(path, O_RDONLY | O_CLOEXEC);
		in->name = xstrdup(path);
		if (in->fd < 0 && intr_pending() != 0) /* a FIFO that nobody writes to */
			err_signal(e, intr_pending());
		else if (in->fd < 0)
			err_errno(e, "could not open \"%s\"", path);
	}
	if (e->code != EXIT_DONE) {
		input_free(in);
		return NULL;
	}
	if (fcntl(in->fd, F_GETPIPE_SZ) > 0 && fcntl(in->fd, F_GETPIPE_SZ) < PIPE_SIZE)
		fcntl(in->fd, F_SETPIPE_SZ, PIPE_SIZE); /* refused: still works */
	return in;
}

void
input_watch(struct input *in, int fd, int (*on_ready)(void *arg, struct err *e), void *arg)
{
	in->watch_fd = fd;
	in->watch_events = POLLIN;
	in->on_ready = on_ready;
	in->arg = arg;
}

static int
reader_gone(void *arg, struct err *e)
{
	(void)arg;
	return err_reader_gone(e, "the output");
}

void
input_watch_output(struct input *in, int fd)
{
	in->watch_fd = fd;
	in->watch_events = 0; /* an error is what tells */
	in->on_ready = reader_gone;
}

/* Returns 1, 0 after ${timeout} ms (-1: never), -1 with ${e} filled. */
static int
wait_readable(struct input *in, int timeout, struct err *e)
{
	struct pollfd fds[2] = {{.fd = in->fd, .events = POLLIN},
				{.fd = in->watch_fd, .events = in->watch_events}};
	int rc;

	for (;;) {
		if (intr_pending() != 0)
			return err_signal(e, intr_pending());
		rc = poll(fds, 2, timeout);
		if (rc == 0)
			return 0;
		if (rc < 0) {
			if (errno == EINTR)
				continue;
			return err_errno(e, "could not wait for %s", in->name);
		}
		if (fds[1].revents != 0 && in->on_ready(in->arg, e) < 0)
			return -1;
		if (fds[0].revents != 0)
			return 1;
	}
}

static ssize_t
read_raw(struct input *in, void *dst, size_t cap, struct err *e)
{
	for (;;) {
		ssize_t n;

		if (wait_readable(in, -1, e) < 0)
			return -1;
		n = read(in->fd, dst, cap);
		if (n >= 0)
			return n;
		if (errno != EINTR && errno != EAGAIN)
			return err_errno(e, "could not read %s", in->name);
	}
}

/* Rows, or what is to be skipped, which the files of some tools begin with. */
static bool
is_frame(const struct input *in)
{
	static const char magic[] = "\x28\xb5\x2f\xfd", skipped[] = "\x2a\x4d\x18";

	if (in->npeek < sizeof(in->peek))
		return false;
	return memcmp(in->peek, magic, 4) == 0 ||
	       ((in->peek[0] & 0xf0) == 0x50 && memcmp(in->peek + 1, skipped, 3) == 0);
}

/* Gather the first four bytes, or fewer if the input is shorter. */
static int
detect(struct input *in, struct err *e)
{
	while (in->npeek < sizeof(in->peek)) {
		ssize_t n = read_raw(in, in->peek + in->npeek, sizeof(in->peek) - in->npeek, e);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		in->npeek += (size_t)n;
	}
	in->detected = true;
	if (!is_frame(in))
		return 0;
	in->zstd = ZSTD_createDCtx();
	if (in->zstd == NULL)
		return err_set(e, EXIT_DATA, "could not set up zstd: out of memory");
	in->raw = xmalloc(RAW_SIZE);
	memcpy(in->raw, in->peek, in->npeek);
	in->zin = (ZSTD_inBuffer){in->raw, in->npeek, 0};
	in->npeek = 0;
	return 0;
}

int
input_wait(struct input *in, int timeout, struct err *e)
{
	if (in->npeek > 0 || in->more_out || in->zin.pos < in->zin.size)
		return 1;
	return wait_readable(in, timeout, e);
}

static int
zstd_failed(const struct input *in, size_t rc, struct err *e)
{
	if (ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge) {
		err_set(e, EXIT_STREAM,
			"%s: the zstd data need more memory than is given to them", in->name);
		return err_hint(e,
				"They were compressed with a larger window (zstd --long); put "
				"`zstd -dc --long=31 |` in front.");
	}
	err_set(e, EXIT_STREAM, "%s: the zstd data are damaged: %s", in->name,
		ZSTD_getErrorName(rc));
	return err_hint(e,
			"If a terminal is in the way, it changes bytes: leave out -t of ssh or "
			"docker.");
}

static ssize_t
read_zstd(struct input *in, char *dst, size_t cap, struct err *e)
{
	ZSTD_outBuffer out = {dst, cap, 0};

	while (out.pos == 0) {
		size_t rc, before = in->zin.pos;

		if (in->zin.pos == in->zin.size && !in->more_out) {
			ssize_t n = read_raw(in, in->raw, RAW_SIZE, e);

			if (n < 0)
				return -1;
			if (n == 0 && in->in_frame) {
				err_set(e, EXIT_STREAM, "%s: the zstd data are cut off",
					in->name);
				e->cut = true;
				return -1;
			}
			if (n == 0)
				return 0;
			in->zin = (ZSTD_inBuffer){in->raw, (size_t)n, 0};
			before = 0;
		}
		rc = ZSTD_decompressStream(in->zstd, &out, &in->zin);
		if (ZSTD_isError(rc))
			return zstd_failed(in, rc, e);
		/* A call for output that is not there says nothing about frames. */
		if (in->zin.pos > before || out.pos > 0)
			in->in_frame = rc != 0;
		in->more_out = out.pos == out.size;
	}
	return (ssize_t)out.pos;
}

ssize_t
input_read(struct input *in, char *dst, size_t cap, struct err *e)
{
	if (!in->detected && detect(in, e) != 0)
		return -1;
	if (in->zstd != NULL)
		return read_zstd(in, dst, cap, e);
	if (in->npeek > 0) {
		size_t n = in->npeek < cap ? in->npeek : cap;

		memcpy(dst, in->peek, n);
		memmove(in->peek, in->peek + n, in->npeek - n);
		in->npeek -= n;
		return (ssize_t)n;
	}
	return read_raw(in, dst, cap, e);
}

off_t
input_size(const struct input *in)
{
	struct stat st;

	return fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 ? st.st_size
										: -1;
}

double
input_share(const struct input *in)
{
	off_t size = input_size(in), at = size > 0 ? lseek(in->fd, 0, SEEK_CUR) : -1;

	return at < 0 ? -1 : at < size ? (double)at / (double)size : 1;
}

const char *
input_name(const struct input *in)
{
	return in->name;
}

int
input_is_terminal(const struct input *in)
{
	return isatty(in->fd);
}

void
input_free(struct input *in)
{
	if (in == NULL)
		return;
	if (in->fd > STDERR_FILENO)
		close(in->fd);
	ZSTD_freeDCtx(in->zstd);
	free(in->raw);
	free(in->name);
	free(in);
}
