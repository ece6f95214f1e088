/*
 * Any bytes as a stream or a set: read to the end or refused, never more; and
 * what is accepted twice in other pieces is the same twice.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/rows/pgcopy.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/stream/stream_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
read_one(struct stream_reader *r, const bool *keep, size_t nkeep, struct buf *rows,
	 struct err *e)
{
	struct stream_chunk chunk;
	int rc = stream_reader_begin(r, e);

	if (rc == 0 && keep != NULL && stream_reader_header(r) != NULL &&
	    stream_reader_header(r)->schema.ncolumns == nkeep)
		stream_reader_select(r, keep, nkeep);
	while (rc == 0 && (rc = stream_reader_next(r, &chunk, e)) > 0) {
		buf_add(rows, chunk.data, chunk.len);
		rc = 0;
	}
	return rc;
}

/* A stream, or all members of a set. */
static int
read_all(const char *path, const bool *keep, size_t nkeep, struct buf *rows, uint64_t *count)
{
	struct err e = ERR_INIT;
	struct input *in = input_open(path, &e);
	struct stream_reader *r = stream_reader_new(in, 0);
	size_t i, n = 1;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		rc = read_one(r, keep, nkeep, rows, &e);
		if (rc == 0 && stream_reader_set(r) != NULL)
			n = stream_reader_set(r)->total;
	}
	if (rc == 0 && e.code == EXIT_DONE)
		rc = stream_reader_finish(r, &e);
	if ((rc != 0) != (e.code != EXIT_DONE))
		abort(); /* an error without a message, or the other way round */
	*count = stream_reader_rows(r);
	stream_reader_free(r);
	input_free(in);
	err_release(&e);
	return rc;
}

/* Accepted binary rows must be whole tuples, as many as were counted. */
static void
check_rows(const struct buf *rows, uint64_t count)
{
	struct pgcopy_scan s;
	struct err e = ERR_INIT;
	size_t passed = 0;

	pgcopy_scan_init(&s, -1);
	if (rows->len > 0 && (pgcopy_scan(&s, rows->data, rows->len, &passed, &e) != 0 ||
			      passed != rows->len || s.in_row || s.done))
		abort();
	if (s.rows != count)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const bool keep[2] = {true, false};
	int fd = memfd_create("stream", 0);
	char path[32];
	struct buf rows = BUF_INIT, fewer = BUF_INIT;
	uint64_t count = 0, again = 0;
	int rc;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = read_all(path, NULL, 0, &rows, &count);
	if (rc == 0 && size > 0 && memmem(data, size, "\"manifest\"", 10) == NULL &&
	    data[0] == 'P' && memmem(data, size, "\"text\"", 6) == NULL)
		check_rows(&rows, count);
	if ((read_all(path, keep, 2, &fewer, &again) == 0) != (rc == 0) ||
	    (rc == 0 && count != again))
		abort();
	close(fd);
	buf_release(&rows);
	buf_release(&fewer);
	return 0;
}
