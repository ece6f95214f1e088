/*
 * A window is some suspects with all rows between them.  All others go in first, then each
 * suspect in stream order.  This is what would have become of them in stream order:
 *
 * - No trigger, no foreign key to the table itself, no update that mends what another row of
 *   the statement has broken: rows meet in unique indexes and exclusion constraints only, and
 *   where rows have keys (--conflict) by these.
 * - A row that breaks another constraint is refused wherever it stands, and leaves no trace.
 * - A row that a unique index refuses meets a row of the target or one before it.  One behind
 *   it cannot be among the others: the query that asks about this index has found all rows
 *   that are equal to an earlier one.  Whatever that query does not know for certain undoes
 *   the window.
 * - A row that is taken behind all others would have been taken before some of them, and does
 *   not stand in their way.  With --conflict it might have changed what they find.
 *
 * What the server says of rows is noted when the window is done, so that it can be undone.
 */
#include "load/route/apart.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/route/attempt.h"
#include "load/route/route.h"
#include "load/route/suspects.h"
#include "load/stage/plan_stage.h"

#define WINDOW 1000 /* suspects; what the server says of each takes some 500 bytes */

struct window {
	uint64_t from, to;
	uint64_t positions[WINDOW]; /* suspects; once they are tried, only those refused */
	struct err why[WINDOW];
	size_t n;
};

void
apart_init(struct apart *x, struct attempt *try, struct suspects *suspects)
{
	const struct plan_rejects *pr = try->plan->stage->rejects;

	*x = (struct apart){.try = try, .suspects = suspects};
	if (pr->triggers || pr->self || pr->alone)
		x->not_before = UINT64_MAX;
}

static void
add_positions(const struct window *w, struct buf *text)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		buf_addf(text, "%s%" PRIu64, i > 0 ? "," : "", w->positions[i]);
}

/* 1, 0 if some row is refused that is no suspect, -1. */
static int
put_others(struct apart *x, const struct window *w, struct err *e)
{
	struct buf text = BUF_INIT;
	int rc;

	add_positions(w, &text);
	rc = attempt_rows(x->try, w->from, w->to, buf_cstr(&text), e);
	buf_release(&text);
	if (rc != 0)
		return rc;
	suspects_learn(x->suspects, &x->try->why);
	if (!suspects_due(x->suspects, w->from))
		x->not_before = UINT64_MAX; /* there may be many more of that kind */
	return 0;
}

/* Would the row be refused among those before it, too? */
static bool
is_sure(const struct apart *x, uint64_t position)
{
	const struct err *why = &x->try->why;

	if (strcmp(why->sqlstate, "23505") == 0)
		return suspects_knows(x->suspects, why, position);
	return strcmp(why->sqlstate, "23502") == 0 || strcmp(why->sqlstate, "23503") == 0 ||
	       strcmp(why->sqlstate, "23514") == 0;
}

/* 1, 0 if what became of one might depend on the order, -1. */
static int
try_suspects(struct apart *x, struct window *w, struct err *e)
{
	bool keyed = x->try->plan->stage->nkey > 0;
	size_t i, refused = 0, tried = w->n;
	int rc = 1;

	for (i = 0, w->n = 0; i < tried; i++) {
		uint64_t position = w->positions[i];

		rc = attempt_row(x->try, position, e);
		if (rc < 0 || (rc > 0 && keyed) || (rc == 0 && !is_sure(x, position)))
			break;
		suspects_judge(x->suspects, position, rc == 0);
		if (rc > 0)
			continue;
		w->positions[refused] = position;
		err_take(&w->why[refused], &x->try->why);
		w->n = ++refused;
	}
	attempt_close(x->try);
	return i == tried ? 1 : (rc < 0 ? -1 : 0);
}

static int
note(struct apart *x, const struct window *w, const PGresult *res, struct err *e)
{
	struct route *r = x->try->r;
	size_t i;

	for (i = 0; i < w->n; i++) {
		uint64_t n = strtoull(PQgetvalue(res, (int)i, 0), NULL, 10);

		if (route_reject(r, n, NULL, &w->why[i], e) != 0)
			return -1;
	}
	return 0;
}

static int
leave_out(struct apart *x, const struct window *w, struct err *e)
{
	struct buf sql = BUF_INIT;
	PGresult *res;
	int rc = -1;

	if (w->n == 0)
		return 0;
	buf_adds(&sql, x->try->plan->sql[SQL_LEAVE]);
	buf_adds(&sql, "'{");
	add_positions(w, &sql);
	buf_adds(&sql, "}')");
	res = db_query(x->try->r->db, e, buf_cstr(&sql), 0, NULL);
	if (res != NULL && (size_t)PQntuples(res) == w->n)
		rc = note(x, w, res, e);
	else if (res != NULL)
		err_set(e, EXIT_DATA,
			"a row that was refused has gone from the temporary table");
	PQclear(res);
	buf_release(&sql);
	return rc;
}

static int
undo(struct apart *x, struct err *e)
{
	if (attempt_flush(x->try, e) != 0)
		return -1;
	return db_exec(x->try->r->db, e,
		       "ROLLBACK TO SAVEPOINT portl_apart; RELEASE SAVEPOINT portl_apart");
}

static int
apply(struct apart *x, struct window *w, struct err *e)
{
	struct attempt_counts before = x->try->counts;
	int rc;

	if (attempt_flush(x->try, e) != 0 ||
	    db_exec(x->try->r->db, e, "SAVEPOINT portl_apart") != 0)
		return -1;
	rc = put_others(x, w, e);
	if (rc > 0 && (rc = try_suspects(x, w, e)) == 0)
		x->not_before = w->to;
	if (rc < 0)
		return -1;
	if (rc == 0) {
		x->try->counts = before;
		return undo(x, e);
	}
	if (attempt_flush(x->try, e) != 0 ||
	    db_exec(x->try->r->db, e, "RELEASE SAVEPOINT portl_apart") != 0)
		return -1;
	return leave_out(x, w, e) == 0 ? 1 : -1;
}

int
apart_apply(struct apart *x, uint64_t from, uint64_t end, uint64_t *to, struct err *e)
{
	struct window *w;
	size_t i;
	int rc = 0;

	if (from < x->not_before)
		return 0;
	w = xcalloc(1, sizeof(*w));
	w->from = from;
	w->to = end;
	w->n = suspects_window(x->suspects, from, &w->to, w->positions, WINDOW);
	if (w->n > 0)
		rc = apply(x, w, e);
	*to = w->to;
	for (i = 0; i < WINDOW; i++)
		err_release(&w->why[i]);
	free(w);
	return rc;
}
