/*
 * The bytes that are not settled move to the front of the file when those behind us are no
 * fewer, so that each moves once on average.
 */
#include "load/route/kept.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/tempfile.h"
#include "common/rows/pgcopy.h"
#include "common/stream/stream_chunk.h"

#define BLOCK ((size_t)256 * 1024)

void
kept_init(struct kept *k)
{
	*k = (struct kept){.fd = -1};
}

void
kept_release(struct kept *k)
{
	if (k->fd >= 0)
		close(k->fd);
	free(k->block);
}

int
kept_begin(struct kept *k, bool text, struct err *e)
{
	if (k->fd < 0 && (k->fd = tempfile_open(e)) < 0)
		return -1;
	if (k->block == NULL)
		k->block = xmalloc(BLOCK);
	k->text = text;
	k->start = k->whole = k->end = 0;
	k->rows = 0;
	return 0;
}

static int
write_at(const struct kept *k, const char *data, size_t len, off_t at, struct err *e)
{
	while (len > 0) {
		ssize_t n = pwrite(k->fd, data, len, at);

		if (n < 0)
			return err_errno(e, "could not write a temporary file");
		at += n;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t
kept_read(struct kept *k, off_t from, off_t to, struct err *e)
{
	size_t len = to - from < (off_t)BLOCK ? (size_t)(to - from) : BLOCK;
	ssize_t n = pread(k->fd, k->block, len, from);

	if (n <= 0)
		return err_errno(e, "could not read a temporary file");
	return n;
}

/* Move what is not settled to the front, if that is no more than what is behind us. */
static int
compact(struct kept *k, struct err *e)
{
	off_t from, to = 0;

	if (k->start == 0 || k->end - k->start > k->start)
		return 0;
	for (from = k->start; from < k->end;) {
		ssize_t n = kept_read(k, from, k->end, e);

		if (n < 0 || write_at(k, k->block, (size_t)n, to, e) != 0)
			return -1;
		from += n;
		to += n;
	}
	k->whole -= k->start;
	k->end -= k->start;
	k->start = 0;
	if (ftruncate(k->fd, k->end) != 0)
		return err_errno(e, "could not shorten a temporary file");
	return 0;
}

int
kept_add(struct kept *k, const struct stream_chunk *chunk, struct err *e)
{
	if (compact(k, e) != 0 || write_at(k, chunk->data, chunk->len, k->end, e) != 0)
		return -1;
	if (chunk->rows > 0)
		k->whole = k->end + (off_t)chunk->whole;
	k->end += (off_t)chunk->len;
	k->rows += chunk->rows;
	return 0;
}

/* Walk over ${len} bytes of the block, which stand at ${at}, to where row ${rows} ends. */
static int
walk(const struct kept *k, size_t len, off_t at, struct pgcopy_scan *scan, uint64_t rows,
     struct kept_run *run, size_t *used, struct err *e)
{
	const char *p = k->block, *end = p + len, *stop;
	uint64_t before = scan->rows;

	if (!k->text) {
		scan->stop = rows;
		if (pgcopy_scan(scan, p, len, used, e) != 0)
			return -1;
		if (scan->rows > before)
			*run = (struct kept_run){scan->rows, at + (off_t)scan->whole};
		return 0;
	}
	*used = len;
	while (run->rows < rows && (stop = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p = stop + 1;
		*run = (struct kept_run){run->rows + 1, at + (p - k->block)};
	}
	return 0;
}

/* The first rows, at most ${rows}, of which none but the first ends behind ${limit}. */
int
kept_measure(struct kept *k, uint64_t rows, off_t limit, struct kept_run *run, struct err *e)
{
	struct pgcopy_scan scan;
	off_t at = k->start, stop = limit < k->whole ? limit : k->whole;

	*run = (struct kept_run){0, k->start};
	pgcopy_scan_init(&scan, -1);
	while (run->rows < rows && at < k->whole) {
		size_t used = 0;
		ssize_t n;

		if (at >= stop && run->rows > 0)
			return 0;
		if (at >= stop) {
			stop = k->whole;
			rows = 1;
		}
		n = kept_read(k, at, stop, e);
		if (n < 0 || walk(k, (size_t)n, at, &scan, rows, run, &used, e) != 0)
			return -1;
		at += (off_t)used;
		if (used == 0) /* the beginning of a number */
			stop = at;
	}
	return 0;
}

void
kept_pass(struct kept *k, const struct kept_run *run)
{
	k->start = run->to;
	k->rows -= run->rows;
}
