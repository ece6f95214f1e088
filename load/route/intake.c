/*
 * The parts of a COPY.  A part grows with the number of parts before it, for a
 * transaction with more than 64 subtransactions slows every snapshot that the
 * server takes: 60 parts hold more than 10 TB.
 */
#include "load/route/intake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/os/tempfile.h"
#include "common/pg/db.h"
#include "common/stream/stream_chunk.h"
#include "common/rows/pgcopy.h"
#include "load/match/plan.h"
#include "load/rejects/rejects.h"
#include "load/route/feed.h"
#include "load/route/route.h"
#include "load/route/staged.h"
#include "load/stage/plan_stage.h"

#define PART_MIN ((off_t)4 << 20) /* bytes */
#define BLOCK ((size_t)256 * 1024)

void
intake_init(struct intake *in, struct rejects *rejects)
{
	*in = (struct intake){.rejects = rejects, .fd = -1, .refused = ERR_INIT};
	gaps_init(&in->gaps);
}

void
intake_release(struct intake *in)
{
	if (in->fd >= 0)
		close(in->fd);
	gaps_release(&in->gaps);
	err_release(&in->refused);
}

static int
keep(struct intake *in, const char *data, size_t len, struct err *e)
{
	while (len > 0) {
		ssize_t n = pwrite(in->fd, data, len, in->end);

		if (n < 0)
			return err_errno(e, "could not write a temporary file");
		in->end += n;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static ssize_t
read_back(const struct intake *in, char *block, off_t from, off_t to, struct err *e)
{
	size_t len = to - from < (off_t)BLOCK ? (size_t)(to - from) : BLOCK;
	ssize_t n = pread(in->fd, block, len, from);

	if (n <= 0)
		return err_errno(e, "could not read a temporary file");
	return n;
}

/* ---- where rows end ---- */

/* How far the ${rows} next rows from ${from} on reach. */
static off_t
skip_rows(const struct intake *in, bool text, off_t from, uint64_t rows, struct err *e)
{
	struct pgcopy_scan scan;
	char *block = xmalloc(BLOCK);
	ssize_t n = 0;

	pgcopy_scan_init(&scan, -1);
	while (rows > 0 && (n = read_back(in, block, from, in->whole, e)) > 0) {
		size_t used = (size_t)n;

		if (text) {
			const char *p = block, *stop;

			while (rows > 0 &&
			       (stop = memchr(p, '\n', (size_t)(block + n - p))) != NULL) {
				p = stop + 1;
				rows--;
			}
			used = rows == 0 ? (size_t)(p - block) : used;
		} else {
			uint64_t before = scan.rows;

			scan.stop = scan.rows + rows;
			if (pgcopy_scan(&scan, block, (size_t)n, &used, e) != 0)
				n = -1;
			rows -= scan.rows - before;
		}
		if (n < 0)
			break;
		from += (off_t)used;
	}
	free(block);
	return n < 0 ? -1 : from;
}

/* ---- sending ---- */

static int
send_file(const struct intake *in, struct route *r, off_t from, off_t to, struct err *e)
{
	char *block = xmalloc(BLOCK);
	int rc = 0;

	while (rc == 0 && from < to) {
		ssize_t n = read_back(in, block, from, to, e);

		rc = n < 0 ? -1 : feed_write(&r->feed, block, (size_t)n, e);
		from += n;
	}
	free(block);
	return rc;
}

/* The rows' numbers are not undone by ROLLBACK, and some may be left out. */
static int
number_rows(const struct intake *in, struct route *r, const char *before, struct err *e)
{
	return db_exec(r->db, e, "%s%s%" PRIu64 ", false)", before, r->plan->sql[SQL_NUMBER],
		       in->base + 1);
}

static int
begin_part(struct intake *in, struct route *r, struct err *e)
{
	if (number_rows(in, r, "SAVEPOINT portl_copy; ", e) != 0)
		return -1;
	return feed_begin(&r->feed, r->db, r->plan->sql[SQL_STAGE_COPY], r->plan->text, e);
}

/* Rows that COPY took before are sent without a savepoint. */
static int
send_again(const struct intake *in, struct route *r, off_t to, struct err *e)
{
	uint64_t rows = 0;

	if (db_exec(r->db, e,
		    "ROLLBACK TO SAVEPOINT portl_copy; RELEASE SAVEPOINT portl_copy") != 0)
		return -1;
	if (to == in->start)
		return 0;
	if (number_rows(in, r, "", e) != 0 ||
	    feed_begin(&r->feed, r->db, r->plan->sql[SQL_STAGE_COPY], r->plan->text, e) != 0 ||
	    send_file(in, r, in->start, to, e) != 0)
		return -1;
	return feed_end(&r->feed, &rows, e);
}

static int
set_aside(const struct intake *in, uint64_t n, off_t from, off_t to, struct err *e)
{
	struct buf row = BUF_INIT;
	int rc = 0;

	while (rc == 0 && from < to) {
		ssize_t got = read_back(in, buf_reserve(&row, BLOCK), from, to, e);

		rc = got < 0 ? -1 : 0;
		row.len += got > 0 ? (size_t)got : 0;
		from += got;
	}
	if (rc == 0)
		rc = rejects_spool(in->rejects, n, row.data, row.len, e);
	buf_release(&row);
	return rc;
}

/*
 * COPY has refused row ${line} of the part, which is here as a whole: what is
 * before it goes into the table, it itself to the rejects, and what is behind it
 * makes the next part.
 */
static int
leave_out(struct intake *in, struct route *r, uint64_t line, const char *column, struct err *e)
{
	off_t row, behind;

	row = skip_rows(in, r->plan->text, in->start, line - 1, e);
	behind = row >= 0 ? skip_rows(in, r->plan->text, row, 1, e) : -1;
	if (behind < 0 || send_again(in, r, row, e) != 0 ||
	    set_aside(in, in->base + line, row, behind, e) != 0)
		return -1;
	if (route_reject(r, in->base + line, column, &in->refused, e) != 0)
		return -1;
	in->base += line;
	in->rows -= line;
	in->start = behind;
	err_release(&in->refused);
	if (begin_part(in, r, e) != 0)
		return -1;
	if (send_file(in, r, in->start, in->end, &in->refused) == 0)
		return 0;
	return intake_note(in, &in->refused);
}

/* Does COPY take the first ${rows} rows of the part?  1, 0 (in->refused says why), -1. */
static int
takes(struct intake *in, struct route *r, uint64_t rows, struct err *e)
{
	off_t to = skip_rows(in, r->plan->text, in->start, rows, e);
	uint64_t taken = 0;

	err_release(&in->refused);
	if (to < 0 || number_rows(in, r, "ROLLBACK TO SAVEPOINT portl_copy; ", e) != 0 ||
	    feed_begin(&r->feed, r->db, r->plan->sql[SQL_STAGE_COPY], r->plan->text, e) != 0)
		return -1;
	if (send_file(in, r, in->start, to, &in->refused) == 0 &&
	    feed_end(&r->feed, &taken, &in->refused) == 0)
		return 1;
	if (rejects_is_for(&in->refused))
		return 0;
	err_take(e, &in->refused);
	return -1;
}

/*
 * COPY writes many rows at once, and only then are they found to be too large for a page
 * (class 54): the row that it names is the last one of them.  The one that it means is the
 * last of the fewest rows that it does not take.
 */
static int
find_large(struct intake *in, struct route *r, uint64_t *line, struct err *e)
{
	uint64_t good = 0, middle;
	int rc = 0;

	while (rc >= 0 && *line - good > 1) {
		middle = good + (*line - good) / 2;
		rc = takes(in, r, middle, e);
		if (rc > 0)
			good = middle;
		else
			*line = middle;
	}
	if (rc > 0) /* so that it says why */
		rc = takes(in, r, *line, e);
	return rc < 0 ? -1 : 0;
}

/* Deal with what COPY has refused, unless that row is not here as a whole yet. */
static int
recover(struct intake *in, struct route *r, struct err *e)
{
	while (in->refused.code != EXIT_DONE) {
		char *column = NULL;
		uint64_t line = 0;
		bool found = staged_where(r, &in->refused, &line, &column) && line > 0;
		bool large = strncmp(in->refused.sqlstate, "54", 2) == 0 && column == NULL;
		int rc = 0;

		if (large && in->rows > 0 && line > in->rows)
			line = in->rows; /* at the end it has counted one more */
		if (found && line > in->rows) {
			free(column);
			return 0;
		}
		if (found && rejects_is_for(&in->refused)) {
			if (large)
				rc = find_large(in, r, &line, e);
			if (rc == 0)
				rc = leave_out(in, r, line, column, e);
		} else {
			err_take(e, &in->refused);
			rc = found ? route_at(r, in->base + line, column, e) : -1;
		}
		free(column);
		if (rc != 0) {
			if (e->code == EXIT_DONE)
				err_take(e, &in->refused);
			return -1;
		}
	}
	return 0;
}

int
intake_note(struct intake *in, struct err *e)
{
	if (!rejects_is_for(e))
		return -1;
	if (e != &in->refused)
		err_take(&in->refused, e);
	return 0;
}

/* ---- a batch ---- */

int
intake_begin(struct intake *in, struct route *r, struct err *e)
{
	if (in->fd < 0 && (in->fd = tempfile_open(e)) < 0)
		return -1;
	in->start = in->end = in->whole = 0;
	in->base = in->rows = 0;
	in->parts = 0;
	gaps_reset(&in->gaps);
	r->gaps = &in->gaps;
	return begin_part(in, r, e);
}

static off_t
part_size(const struct intake *in)
{
	off_t size = PART_MIN;
	int i;

	for (i = 0; i < in->parts; i++)
		size += size / 4;
	return size;
}

/* The whole rows make a part; whatever the server still says about it, it says now. */
static int
end_part(struct intake *in, struct route *r, struct err *e)
{
	uint64_t rows = 0;

	while (recover(in, r, e) == 0) {
		if (in->refused.code != EXIT_DONE) {
			err_take(e, &in->refused);
			return -1;
		}
		if (feed_end(&r->feed, &rows, &in->refused) == 0) {
			in->parts++;
			return db_exec(r->db, e, "RELEASE SAVEPOINT portl_copy");
		}
	}
	return -1;
}

static int
next_part(struct intake *in, struct route *r, const char *rest, size_t len, struct err *e)
{
	if (end_part(in, r, e) != 0)
		return -1;
	in->base += in->rows;
	in->rows = 0;
	in->start = in->end = in->whole = 0;
	if (ftruncate(in->fd, 0) != 0)
		return err_errno(e, "could not empty a temporary file");
	if (begin_part(in, r, e) != 0 || keep(in, rest, len, e) != 0)
		return -1;
	if (len > 0 && feed_write(&r->feed, rest, len, &in->refused) != 0)
		return recover(in, r, e);
	return 0;
}

/* The row cannot be read, so that it is not sent. */
static int
refuse(struct intake *in, struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	uint64_t sent = in->base + in->rows, row = r->rows_before + sent + in->gaps.n + 1;

	r->counts.rejected++;
	if (gaps_add(&in->gaps, sent, e) != 0)
		return -1;
	return rejects_note_line(in->rejects, r->input, row, chunk->data, chunk->len,
				 chunk->fault, e);
}

int
intake_write(struct intake *in, struct route *r, const struct stream_chunk *chunk,
	     struct err *e)
{
	bool full = chunk->rows > 0 && in->end - in->start >= part_size(in);
	size_t now = full ? chunk->whole : chunk->len;

	if (chunk->fault != NULL)
		return refuse(in, r, chunk, e);
	if (keep(in, chunk->data, now, e) != 0)
		return -1;
	in->rows += chunk->rows;
	if (chunk->rows > 0)
		in->whole = in->end - (off_t)(now - chunk->whole);
	if ((in->refused.code != EXIT_DONE ||
	     feed_write(&r->feed, chunk->data, now, &in->refused) != 0) &&
	    recover(in, r, e) != 0)
		return -1;
	return full ? next_part(in, r, chunk->data + now, chunk->len - now, e) : 0;
}

int
intake_end(struct intake *in, struct route *r, struct err *e)
{
	return end_part(in, r, e);
}
