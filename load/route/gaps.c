/*
 * Numbers that ascend, in a temporary file, so that memory does not grow with them.
 */
#include "load/route/gaps.h"

#include <unistd.h>

#include "common/base/err.h"
#include "common/os/tempfile.h"

#define WIDTH sizeof(uint64_t)

void
gaps_init(struct gaps *g)
{
	g->fd = -1;
	g->n = 0;
}

void
gaps_release(struct gaps *g)
{
	if (g->fd >= 0)
		close(g->fd);
}

/* What the file has is written over. */
void
gaps_reset(struct gaps *g)
{
	g->n = 0;
}

int
gaps_add(struct gaps *g, uint64_t rows, struct err *e)
{
	size_t held = g->n % GAPS_HELD;

	g->held[held] = rows;
	g->n++;
	if (held + 1 < GAPS_HELD)
		return 0;
	if (g->fd < 0 && (g->fd = tempfile_open(e)) < 0)
		return -1;
	if (pwrite(g->fd, g->held, sizeof(g->held), (off_t)((g->n - GAPS_HELD) * WIDTH)) !=
	    (ssize_t)sizeof(g->held))
		return err_errno(e, "could not write a temporary file");
	return 0;
}

static int
get(const struct gaps *g, uint64_t i, uint64_t *rows, struct err *e)
{
	if (i >= g->n - g->n % GAPS_HELD) {
		*rows = g->held[i % GAPS_HELD];
		return 0;
	}
	if (pread(g->fd, rows, WIDTH, (off_t)(i * WIDTH)) != (ssize_t)WIDTH)
		return err_errno(e, "could not read a temporary file");
	return 0;
}

int
gaps_before(const struct gaps *g, uint64_t row, uint64_t *n, struct err *e)
{
	uint64_t low = 0, high = g->n, rows;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (get(g, middle, &rows, e) != 0)
			return -1;
		if (rows < row)
			low = middle + 1;
		else
			high = middle;
	}
	*n = low;
	return 0;
}
