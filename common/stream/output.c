/*
 * Bytes out.  Blocks are written as they come (callers gather them), a pipe is
 * widened to 1 MiB so that both ends can run at once, and a file is only ever
 * seen whole: it is written as NAME.XXXXXX.part, synced and renamed.
 */
#include "common/stream/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/os/livefile.h"

#define PIPE_SIZE (1 << 20) /* bytes */
#define JOB_SIZE (1 << 20)  /* bytes that a thread compresses at a time */

struct output {
	int fd;
	char *path;       /* NULL: standard output */
	char *part;       /* the file's name while it is incomplete, or NULL */
	bool torn;        /* a write went out in part */
	uint64_t bytes;   /* given to output_write() */
	ZSTD_CCtx *zstd;  /* NULL: no compression */
	char *zbuf;       /* compressed bytes on their way out */
	size_t zbuf_size; /* bytes */
};

/* The incomplete file, for the atexit handler: out of memory ends the program from below. */
static char *part_to_remove;

static void
remove_part(void)
{
	if (part_to_remove != NULL)
		unlink(part_to_remove);
}

static const char *
shown_name(const struct output *o)
{
	return o->path != NULL ? o->path : "standard output";
}

static bool
is_stdout(const char *path)
{
	return path == NULL || strcmp(path, "-") == 0;
}

bool
output_is_live(const char *path)
{
	return is_stdout(path) || livefile_is(path);
}

/* A file that is replaced keeps its mode, for it may be private. */
static mode_t
final_mode(const char *path)
{
	struct stat st;
	mode_t mask;

	if (stat(path, &st) == 0)
		return st.st_mode & 0777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

static int
open_part(struct output *o, struct err *e)
{
	static bool registered;
	char *real = livefile_behind(o->path);

	if (real == NULL && errno == ENOMEM)
		xalloc_failed();
	if (real == NULL || o->path[0] == '\0') {
		free(real);
		return err_errno(e, "could not open \"%s\"", o->path);
	}
	free(o->path);
	o->path = real;
	o->part = xasprintf("%s.XXXXXX.part", o->path);
	o->fd = mkostemps(o->part, (int)strlen(".part"), O_CLOEXEC);
	if (o->fd < 0)
		return err_errno(e, "could not create a file beside \"%s\"", o->path);
	part_to_remove = o->part;
	if (!registered)
		atexit(remove_part);
	registered = true;
	if (fchmod(o->fd, final_mode(o->path)) != 0)
		return err_errno(e, "could not set the mode of \"%s\"", o->part);
	return 0;
}

static int
open_stdout(struct output *o, struct err *e)
{
	int size;

	o->fd = STDOUT_FILENO;
	if ((fcntl(o->fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return err_set(e, EXIT_DATA, "standard output is not open for writing");
	size = fcntl(o->fd, F_GETPIPE_SZ);
	if (size > 0 && size < PIPE_SIZE)
		fcntl(o->fd, F_SETPIPE_SZ, PIPE_SIZE); /* refused: still works */
	return 0;
}

struct output *
output_open(const char *path, struct err *e)
{
	struct output *o = xcalloc(1, sizeof(*o));
	int rc = 0;

	o->fd = -1;
	if (is_stdout(path)) {
		rc = open_stdout(o, e);
	} else {
		o->path = xstrdup(path);
		if (!output_is_live(path)) {
			rc = open_part(o, e);
		} else {
			o->fd = livefile_open(path);
			if (o->fd < 0 && intr_pending() != 0) /* a FIFO that nobody reads */
				rc = err_signal(e, intr_pending());
			else if (o->fd < 0)
				rc = err_errno(e, "could not open \"%s\"", path);
		}
	}
	if (rc == 0)
		return o;
	output_free(o);
	return NULL;
}

int
output_try(const char *path, struct err *e)
{
	struct output *o;

	if (path == NULL || output_is_live(path))
		return 0;
	o = output_open(path, e);
	output_free(o);
	return o != NULL ? 0 : -1;
}

static int
write_error(struct output *o, struct err *e)
{
	if (errno == EPIPE)
		return err_reader_gone(e, shown_name(o));
	return err_errno(e, "could not write to %s", shown_name(o));
}

/* Somebody else may have made the descriptor non-blocking; it is theirs as well. */
static void
wait_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	(void)poll(&p, 1, -1); /* the next write finds out what this could not */
}

static int
write_raw(struct output *o, const char *data, size_t len, struct err *e)
{
	const char *start = data;

	while (len > 0) {
		ssize_t n = write(o->fd, data, len);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EAGAIN)
			wait_writable(o->fd);
		else if (errno != EINTR)
			break;
		if (intr_pending() != 0)
			break;
	}
	if (len == 0)
		return 0;
	/* Stopped before the first byte leaves the output whole, unless zstd has moved on. */
	if (intr_pending() == 0 || data > start || o->zstd != NULL)
		o->torn = true;
	return intr_pending() != 0 ? err_signal(e, intr_pending()) : write_error(o, e);
}

/*
 * They begin with the first call and never see a signal, which has to end the waits of the
 * main thread.
 */
static int
start_threads(struct output *o, int threads, struct err *e)
{
	ZSTD_inBuffer in = {NULL, 0, 0};
	ZSTD_outBuffer out = {o->zbuf, o->zbuf_size, 0};
	size_t rc = ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_nbWorkers, threads);
	sigset_t all, before;

	if (ZSTD_isError(rc))
		return err_set(e, EXIT_USAGE, "zstd: %d threads: %s", threads,
			       ZSTD_cParam_getBounds(ZSTD_c_nbWorkers).upperBound > 0
				       ? ZSTD_getErrorName(rc)
				       : "this libzstd was built without them");
	rc = ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_jobSize, JOB_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!ZSTD_isError(rc))
		rc = ZSTD_compressStream2(o->zstd, &out, &in, ZSTD_e_continue);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ZSTD_isError(rc))
		return err_set(e, EXIT_DATA, "zstd: %s", ZSTD_getErrorName(rc));
	return write_raw(o, o->zbuf, out.pos, e);
}

int
output_compress(struct output *o, int level, int threads, struct err *e)
{
	size_t rc;

	o->zstd = ZSTD_createCCtx();
	if (o->zstd == NULL)
		return err_set(e, EXIT_DATA, "could not set up zstd: out of memory");
	rc = ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(rc))
		rc = ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_checksumFlag, 1);
	if (ZSTD_isError(rc))
		return err_set(e, EXIT_USAGE, "zstd: %s", ZSTD_getErrorName(rc));
	o->zbuf_size = ZSTD_CStreamOutSize();
	o->zbuf = xmalloc(o->zbuf_size);
	return threads > 0 ? start_threads(o, threads, e) : 0;
}

static int
write_zstd(struct output *o, const void *data, size_t len, ZSTD_EndDirective mode,
	   struct err *e)
{
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {o->zbuf, o->zbuf_size, 0};

		left = ZSTD_compressStream2(o->zstd, &out, &in, mode);
		if (ZSTD_isError(left))
			return err_set(e, EXIT_DATA, "zstd: %s", ZSTD_getErrorName(left));
		if (write_raw(o, o->zbuf, out.pos, e) != 0)
			return -1;
	} while (mode == ZSTD_e_continue ? in.pos < in.size : left > 0);
	return 0;
}

int
output_write(struct output *o, const void *data, size_t len, struct err *e)
{
	o->bytes += len;
	if (o->zstd != NULL)
		return write_zstd(o, data, len, ZSTD_e_continue, e);
	return write_raw(o, data, len, e);
}

int
output_flush(struct output *o, struct err *e)
{
	return o->zstd != NULL ? write_zstd(o, NULL, 0, ZSTD_e_flush, e) : 0;
}

static char *
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A rename is only as durable as its directory. */
static int
sync_directory(const char *dir, const char *path, struct err *e)
{
	int fd, rc = 0;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		rc = err_errno(e, "could not bring the directory of \"%s\" to disk", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int
output_sync(struct output *o, struct err *e)
{
	if (o->part != NULL && fsync(o->fd) != 0)
		return err_errno(e, "could not bring \"%s\" to disk", o->part);
	return 0;
}

int
output_rewind(struct output *o, uint64_t bytes, struct err *e)
{
	if (ftruncate(o->fd, (off_t)bytes) != 0 || lseek(o->fd, (off_t)bytes, SEEK_SET) < 0)
		return err_errno(e, "could not shorten \"%s\"", o->part);
	o->bytes = bytes;
	return 0;
}

static int
publish_part(struct output *o, struct err *e)
{
	char *dir;
	int rc;

	if (output_sync(o, e) != 0)
		return -1;
	dir = directory_of(o->path); /* before: nothing may fail between the name and its end */
	rc = rename(o->part, o->path);
	if (rc != 0) {
		err_errno(e, "could not rename \"%s\" to \"%s\"", o->part, o->path);
	} else {
		part_to_remove = NULL;
		free(o->part);
		o->part = NULL;
		rc = sync_directory(dir, o->path, e);
	}
	free(dir);
	return rc;
}

int
output_finish(struct output *o, struct err *e)
{
	int fd = o->fd;

	if (o->zstd != NULL && write_zstd(o, NULL, 0, ZSTD_e_end, e) != 0)
		return -1;
	if (o->part != NULL && publish_part(o, e) != 0)
		return -1;
	o->fd = -1;
	if (close(fd) != 0)
		return err_errno(e, "could not close %s", shown_name(o));
	return 0;
}

int
output_watch_fd(const struct output *o)
{
	return o->part == NULL ? o->fd : -1;
}

int
output_is_whole(const struct output *o)
{
	return !o->torn && o->fd >= 0;
}

uint64_t
output_bytes(const struct output *o)
{
	return o->bytes;
}

void
output_free(struct output *o)
{
	if (o == NULL)
		return;
	if (o->part != NULL) {
		unlink(o->part);
		part_to_remove = NULL;
	}
	if (o->fd >= 0)
		close(o->fd);
	ZSTD_freeCCtx(o->zstd);
	free(o->zbuf);
	free(o->part);
	free(o->path);
	free(o);
}
