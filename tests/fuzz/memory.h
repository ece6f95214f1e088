/*
 * Streams without files.  Memory in the place of common/stream/output.c: what stream_writer
 * calls is here, so that the linker does not look for it there.  And bytes as an input.
 */
#ifndef TESTS_FUZZ_MEMORY_H
#define TESTS_FUZZ_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/stream/input.h"
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

static struct input *
memory_open(const struct buf *bytes)
{
	static char path[32];
	static int fd = -1;
	struct err e = ERR_INIT;
	struct input *in;

	if (fd < 0) {
		fd = memfd_create("stream", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) != 0 ||
	    pwrite(fd, bytes->data, bytes->len, 0) != (ssize_t)bytes->len)
		abort();
	in = input_open(path, &e);
	if (in == NULL)
		abort();
	return in;
}

#endif /* TESTS_FUZZ_MEMORY_H */
