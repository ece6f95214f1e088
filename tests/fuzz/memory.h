/*
 * Streams without files.  Memory in the place of common/stream/output.c: what stream_writer
 * and partplan call is here, so that the linker does not look for it there.  And bytes as a
 * file.
 */
#ifndef TESTS_FUZZ_MEMORY_H
#define TESTS_FUZZ_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/stream/output.h"

struct output {
	struct buf bytes;
};

int
output_write(struct output *o, const void *data, size_t len, struct err *e)
{
	(void)e;
	buf_add(&o->bytes, data, len);
	return 0;
}

int
output_flush(struct output *o, struct err *e)
{
	(void)o;
	(void)e;
	return 0;
}

int
output_watch_fd(const struct output *o)
{
	(void)o;
	return -1;
}

int
output_is_whole(const struct output *o)
{
	(void)o;
	return 1;
}

/* A file that holds the bytes until the next call. */
static const char *
memory_path(const void *data, size_t len)
{
	static char path[32];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("bytes", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, len, 0) != (ssize_t)len)
		abort();
	return path;
}

#endif /* TESTS_FUZZ_MEMORY_H */
