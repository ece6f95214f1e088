/*
 * Most rows are equal, and equal rows are equal bytes: a row of the target that the stream's
 * bytes begin with is the stream's next row, whatever its fields are.  Only where that fails
 * are keys looked at.
 */
#include "load/verify/merge.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "common/pg/keyorder.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "common/stream/stream_chunk.h"
#include "common/base/xalloc.h"
#include "load/match/plan.h"
#include "load/verify/compared.h"
#include "load/verify/tally.h"
#include "load/verify/tuple.h"

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
	m->row_end = tuple_end(m->c->plan->text, next, end);
	return m->row_end != NULL
		       ? 0
		       : err_set(e, EXIT_DATA, "the server's COPY data end inside a row");
}

/* In the order of the stream. */
static void
add_order(const struct compared *c, const struct db *db, struct buf *sql)
{
	char **names = xcalloc(c->order.n, sizeof(*names));
	size_t i;

	for (i = 0; i < c->order.n; i++)
		names[i] = c->plan->columns[compared_column(c, c->order.list[i].field)].target;
	keyorder_add(c->plan->rel, names, c->order.n, db, sql);
	free(names);
}

int
merge_begin(struct merge *m, struct db *db, struct compared *c, struct tally *tally,
	    struct err *e)
{
	struct buf sql = BUF_INIT;
	size_t nfields = compared_field(c, c->plan->ncolumns);
	int rc;

	*m = (struct merge){.db = db, .c = c, .tally = tally};
	rowblock_init(&m->rows, !c->plan->text, (int)nfields);
	buf_adds(&sql, "COPY (");
	compared_rows(c, &sql);
	add_order(c, db, &sql);
	buf_addf(&sql, ") TO STDOUT (FORMAT %s)", c->plan->text ? "text" : "binary");
	rc = db_copy_out(db, e, buf_cstr(&sql));
	buf_release(&sql);
	return rc == 0 ? take_row(m, m->rows.bytes.data, e) : -1;
}

/* ---- the stream's rows ---- */

/* A key comes after all before it, or the header is not true. */
static int
check_order(struct merge *m, const char *row, const char *end, struct err *e)
{
	int order;

	if (m->last == NULL)
		return 0;
	order = tuplekey_compare(&m->c->order, m->last, m->last_end, row, end);
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
		m->tally->counts.equal++;
	else
		rc = tally_row(m->tally, DIFFERENCE_DIFFERENT, row, end, m->row, m->row_end, e);
	return rc == 0 ? take_row(m, m->row_end, e) : -1;
}

static int
compare_row(struct merge *m, const char *row, const char *end, struct err *e)
{
	int rc = 0;

	if (check_order(m, row, end, e) != 0)
		return -1;
	while (rc == 0 && m->row != NULL) {
		int order = tuplekey_compare(&m->c->order, row, end, m->row, m->row_end);

		if (order < 0)
			break;
		if (order == 0)
			return compare_pair(m, row, end, e);
		if (m->c->extras)
			rc = tally_row(m->tally, DIFFERENCE_EXTRA, m->row, m->row_end, NULL,
				       NULL, e);
		if (rc == 0)
			rc = take_row(m, m->row_end, e);
	}
	return rc == 0 ? tally_row(m->tally, DIFFERENCE_MISSING, row, end, NULL, NULL, e) : -1;
}

/* Take the row at ${*p} if all of it is there: 1, 0 if not, -1. */
static int
take_one(struct merge *m, const char **p, const char *end, struct err *e)
{
	size_t len = m->row != NULL ? (size_t)(m->row_end - m->row) : 0;
	const char *row = *p;

	if (len > 0 && (size_t)(end - row) >= len && memcmp(row, m->row, len) == 0) {
		*p = row + len;
		m->tally->counts.equal++;
		if (take_row(m, m->row_end, e) != 0)
			return -1;
	} else {
		const char *stop = tuple_end(m->c->plan->text, row, end);

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
		if (m->c->extras && tally_row(m->tally, DIFFERENCE_EXTRA, m->row, m->row_end,
					      NULL, NULL, e) != 0)
			return -1;
		if (take_row(m, m->row_end, e) != 0)
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
