/*
 * The wrappers of the routes' functions, and messages that name the row.
 */
#include "load/route/route.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/stream/stream_chunk.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/rejects/rejects.h"
#include "load/route/gaps.h"

#define COPY_ROWS 1000 /* MAX_BUFFERED_TUPLES, rows that COPY writes at once */

void
route_init(struct route *r, const struct route_ops *ops, struct db *db, const struct plan *plan,
	   const char *input)
{
	*r = (struct route){.ops = ops, .db = db, .plan = plan, .input = input};
}

int
route_begin(struct route *r, uint64_t rows_before, bool first, struct err *e)
{
	r->rows_before = rows_before;
	r->first = first;
	r->counts = (struct route_counts){.read = 0};
	return r->ops->begin(r, e);
}

int
route_write(struct route *r, const struct stream_chunk *chunk, struct err *e)
{
	if (r->ops->write == NULL)
		return err_set(e, EXIT_STREAM, "rows come where all are staged");
	r->counts.read += chunk->rows;
	return r->ops->write(r, chunk, e);
}

int
route_locate(struct route *r, struct err *e)
{
	return r->ops->locate != NULL ? r->ops->locate(r, e) : -1;
}

void
route_explain_key(const struct route *r, struct err *e)
{
	const struct load_rules *rules = r->plan->rules;

	if (strcmp(e->sqlstate, "23505") != 0 || e->hint != NULL)
		return;
	if (!rules->conflict->has_key)
		err_hint(e,
			 "A row with this key is in the table, or came before. Use --conflict "
			 "to skip or overwrite, or --truncate to replace all rows.");
	else if (rules->keys == KEYS_FOLLOW && rules->absent.what != ABSENT_STAY)
		err_hint(e, "A row that is gone may still have this value: where keys follow "
			    "(--with-keys), absent rows are deleted behind the others. A run "
			    "of all rows (portl-extract --since=none, without --with-keys) "
			    "deletes them first, unless foreign keys refer to the table.");
}

int
route_has_work(struct route *r, struct err *e)
{
	(void)r;
	(void)e;
	return 0;
}

int
route_close(struct route *r, struct err *e)
{
	return r->ops->close(r, e);
}

int
route_end(struct route *r, struct err *e)
{
	const struct route_counts *c = &r->counts;
	uint64_t sum;

	if (r->ops->end(r, e) != 0)
		return -1;
	sum = c->inserted + c->updated + c->unchanged + c->skipped + c->rejected;
	if (sum == c->read && c->skipped <= c->read)
		return 0;
	return err_set(e, EXIT_DATA,
		       "%" PRIu64 " rows were read, but the server counts %" PRIu64, c->read,
		       sum);
}

int
route_number(const struct route *r, uint64_t row, uint64_t *number, struct err *e)
{
	uint64_t gaps = 0;

	if (r->gaps != NULL && gaps_before(r->gaps, row, &gaps, e) != 0)
		return -1;
	*number = r->rows_before + row + gaps;
	return 0;
}

int
route_reject(struct route *r, uint64_t row, const char *column, const struct err *why,
	     struct err *e)
{
	uint64_t number;

	if (route_number(r, row, &number, e) != 0)
		return -1;
	r->counts.rejected++;
	return rejects_note(r->rejects, r->input, number, column, why, e);
}

/* Lines of a CSV file are no fewer than its rows, and more where a field has several. */
static void
tell_line(const struct route *r, uint64_t number, struct err *e)
{
	const struct header *h = r->plan->header;
	bool is_stdin;
	char *before;

	if (h == NULL || h->file == NULL || h->first_line <= 0)
		return;
	is_stdin = strcmp(h->file, "-") == 0;
	before = e->detail != NULL ? xasprintf("%s\n", e->detail) : xstrdup("");
	err_detail(e,
		   "%sIn %s%s%s the row is at line %" PRIu64
		   ", or behind it if lines before are blank or fields go over several.",
		   before, is_stdin ? "" : "the file \"",
		   is_stdin ? "portl-extract's standard input" : h->file, is_stdin ? "" : "\"",
		   (uint64_t)h->first_line + number - r->others - 1);
	free(before);
}

int
route_at(const struct route *r, uint64_t row, const char *column, struct err *e)
{
	struct err ignored = ERR_INIT;
	uint64_t number;

	if (column != NULL)
		err_prefix(e, "column \"%s\": ", column);
	if (route_number(r, row, &number, &ignored) == 0) {
		tell_line(r, number, e);
		return err_prefix(e, "%s:%" PRIu64 ": ", r->input, number);
	}
	err_release(&ignored);
	return err_prefix(e, "%s: ", r->input);
}

int
route_at_line(const struct route *r, uint64_t line, const char *column, struct err *e)
{
	uint64_t last = line < r->counts.read ? line : r->counts.read; /* it may be one on */
	uint64_t first = last > COPY_ROWS ? last - COPY_ROWS + 1 : 1;

	/* of an index, the constraint is named, and the row is the one */
	if (strcmp(e->sqlstate, "54000") != 0 || column != NULL || e->constraint != NULL)
		return route_at(r, line, column, e);
	if (first >= last)
		return route_at(r, first, NULL, e);
	return err_prefix(e, "%s: one of rows %" PRIu64 " to %" PRIu64 ": ", r->input,
			  r->rows_before + first, r->rows_before + last);
}

void
route_forget(struct route *r)
{
	struct err ignored = ERR_INIT;

	session_rollback(r->db);
	if (r->ops->forget != NULL && PQtransactionStatus(r->db->conn) == PQTRANS_IDLE &&
	    r->ops->forget(r, &ignored) != 0) {
		/* the end of the session takes it along just as well */
	}
	err_release(&ignored);
}

void
route_free(struct route *r)
{
	if (r != NULL)
		r->ops->free(r);
}
