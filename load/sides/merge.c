/*
 * Most rows are equal, and equal rows are equal bytes: a row of the target that the stream's
 * bytes begin with is the stream's next row, whatever its fields are.  Only where that fails
 * are keys looked at.
 */
#include "load/sides/merge.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "common/stream/stream_chunk.h"
#include "load/sides/tuple.h"
#include "load/sides/tuplekey.h"

#define PIECE ((size_t)4096) /* bytes of a row that was cut, at first */

/* ---- the target's rows ---- */

static int
end_of_rows(struct merge *m, struct err *e)
{
	m->row = NULL;
	if (m->rows.counted == m->nrows)
		return 0;
	return err_set(e, EXIT_DATA,
		       "the server says it sent %" PRIu64 " rows, but %" PRIu64 " have come",
		       m->rows.counted, m->nrows);
}

/* The row at ${next} of the block, or that of the next block. */
static int
take_row(struct merge *m, const char *next, struct err *e)
{
	const char *end = m->rows.bytes.data + m->rows.len;

	if (next == end) {
		switch (rowblock_fill(&m->rows, m->db, -1, e)) {
		case DB_ROW:
			m->nrows += m->rows.rows;
			break;
		case DB_ROWS_END:
			return end_of_rows(m, e);
		default:
			return -1;
		}
		next = m->rows.bytes.data;
		end = next + m->rows.len;
	}
	m->row = next;
	m->row_end = tuple_end(m->order->text, next, end);
	return m->row_end != NULL
		       ? 0
		       : err_set(e, EXIT_DATA, "the server's COPY data end inside a row");
}

int
merge_begin(struct merge *m, struct db *db, const char *sql, size_t nfields,
	    struct tuplekey *order, const struct merge_told *told, struct err *e)
{
	*m = (struct merge){.db = db, .order = order, .told = *told};
	rowblock_init(&m->rows, !order->text, (int)nfields);
	return db_copy_out(db, e, sql) == 0 ? take_row(m, m->rows.bytes.data, e) : -1;
}

/* ---- the stream's rows ---- */

/* A key comes after all before it, or the header is not true. */
static int
check_order(struct merge *m, const char *row, const char *end, struct err *e)
{
	int order;

	if (m->last == NULL)
		return 0;
	order = tuplekey_compare(m->order, m->last, m->last_end, row, end);
	if (order < 0)
		return 0;
	if (order == 0)
		return err_set(e, EXIT_STREAM, "two rows of the stream have one key");
	err_set(e, EXIT_STREAM,
		"the rows of the stream are not in the order that its header tells");
	return err_hint(e, "Rows that were sorted or changed on the way need --edited.");
}

/* Both have the key. */
static int
compare_pair(struct merge *m, const char *row, const char *end, struct err *e)
{
	int rc = 0;

	if (end - row == m->row_end - m->row && memcmp(row, m->row, (size_t)(end - row)) == 0)
		m->equal++;
	else
		rc = m->told.row(m->told.arg, MERGE_DIFFERENT, row, end, m->row, m->row_end, e);
	return rc == 0 ? take_row(m, m->row_end, e) : -1;
}

/* The target's row at hand. */
static int
tell_extra(struct merge *m, struct err *e)
{
	return m->told.row(m->told.arg, MERGE_EXTRA, m->row, m->row_end, NULL, NULL, e);
}

static int
compare_row(struct merge *m, const char *row, const char *end, struct err *e)
{
	int rc = 0;

	if (check_order(m, row, end, e) != 0)
		return -1;
	while (rc == 0 && m->row != NULL) {
		int order = tuplekey_compare(m->order, row, end, m->row, m->row_end);

		if (order < 0)
			break;
		if (order == 0)
			return compare_pair(m, row, end, e);
		rc = tell_extra(m, e);
		if (rc == 0)
			rc = take_row(m, m->row_end, e);
	}
	return rc == 0 ? m->told.row(m->told.arg, MERGE_MISSING, row, end, NULL, NULL, e) : -1;
}

/* Take the row at ${*p} if all of it is there: 1, 0 if not, -1. */
static int
take_one(struct merge *m, const char **p, const char *end, struct err *e)
{
	size_t len = m->row != NULL ? (size_t)(m->row_end - m->row) : 0;
	const char *row = *p;

	if (len > 0 && (size_t)(end - row) >= len && memcmp(row, m->row, len) == 0) {
		*p = row + len;
		m->equal++;
		if (take_row(m, m->row_end, e) != 0)
			return -1;
	} else {
		const char *stop = tuple_end(m->order->text, row, end);

		if (stop == NULL)
			return 0;
		if (compare_row(m, row, stop, e) != 0)
			return -1;
		*p = stop;
	}
	m->last = row;
	m->last_end = *p;
	return 1;
}

/* What is behind a chunk's end is gone with the next one. */
static void
keep_last(struct merge *m)
{
	if (m->last == NULL || m->last == m->last_kept.data)
		return;
	m->last_kept.len = 0;
	buf_add(&m->last_kept, m->last, (size_t)(m->last_end - m->last));
	m->last = m->last_kept.data;
	m->last_end = m->last + m->last_kept.len;
}

/* The row that an earlier chunk has begun; ${*p} comes out behind it. */
static int
complete_cut(struct merge *m, const char **p, const char *end, struct err *e)
{
	size_t piece = PIECE;

	while (m->cut.len > 0 && *p < end) {
		size_t n = (size_t)(end - *p) < piece ? (size_t)(end - *p) : piece;
		const char *row;
		int rc;

		buf_add(&m->cut, *p, n);
		*p += n;
		piece *= 2;
		row = m->cut.data;
		rc = take_one(m, &row, m->cut.data + m->cut.len, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		keep_last(m);
		*p -= m->cut.data + m->cut.len - row;
		m->cut.len = 0;
	}
	return 0;
}

int
merge_write(struct merge *m, const struct stream_chunk *chunk, struct err *e)
{
	const char *p = chunk->data, *end = p + chunk->len;
	int rc = 1;

	if (chunk->rows == 0) { /* inside a row that is larger than a chunk */
		buf_add(&m->cut, p, chunk->len);
		return 0;
	}
	if (complete_cut(m, &p, end, e) != 0)
		return -1;
	while (p < end && rc > 0)
		rc = take_one(m, &p, end, e);
	if (rc < 0)
		return -1;
	keep_last(m);
	buf_add(&m->cut, p, (size_t)(end - p));
	return 0;
}

int
merge_end(struct merge *m, struct err *e)
{
	while (m->row != NULL) {
		if (tell_extra(m, e) != 0 || take_row(m, m->row_end, e) != 0)
			return -1;
	}
	return 0;
}

void
merge_release(struct merge *m)
{
	rowblock_release(&m->rows);
	buf_release(&m->cut);
	buf_release(&m->last_kept);
}
