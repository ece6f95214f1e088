/*
 * Rows enter the target in key order, so that loaders with the same keys queue and do not
 * deadlock.  Round 1 is the first row of each key, round 2 the second row of each …; where
 * a key's later rows can be computed, round 2 is what they come to and there are no more.
 */
#include "load/route/apply.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/route/absent.h"
#include "load/route/inorder.h"
#include "load/route/ready.h"
#include "load/route/staged.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

#define ROUNDS 200 /* in one message */

/* What the server has seen of the target, by its own count. */
enum { UPDATED, INSERTED, SEEN };

/* What statements have done to rows. */
struct tally {
	uint64_t written;
	uint64_t before[SEEN];       /* the server's count, without those that are not meant */
	uint64_t updated, unchanged; /* rows that were counted, but perhaps not written */
};

/* Rows of the batch that are in the temporary table. */
static uint64_t
staged_rows(const struct route *r)
{
	return r->counts.read - r->counts.rejected;
}

/* May it come from what happens when all rows are in?  Then no row can be named. */
static bool
is_late(const struct plan_stage *st, const struct err *e)
{
	bool unique = strcmp(e->sqlstate, "23505") == 0 || strcmp(e->sqlstate, "23P01") == 0;

	return (st->facts.after_triggers && e->context != NULL) ||
	       (st->facts.late_unique && unique);
}

/* The server speaks of its command then, and of constraints as they were proposed. */
static void
explain_twice(const struct plan_stage *st, struct err *e)
{
	if (strcmp(e->sqlstate, "21000") != 0 || !st->facts.insert_triggers)
		return;
	free(e->msg);
	e->msg = xstrdup("the key is that of another row, or a trigger has made it so");
	free(e->hint);
	e->hint = xstrdup("A BEFORE INSERT trigger changes keys, or writes to the table; only "
			  "keys as they come in the stream are told apart.");
}

/*
 * The INSERT has failed: the sequence still says how many rows it had taken in,
 * or which was the last, and with the savepoint the temporary table can be read
 * again.
 */
static int
locate_insert(const struct route *r, bool counted, uint64_t *found, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	struct err ignored = ERR_INIT;
	const char *column = NULL;
	uint64_t row = 0;
	int rc;

	explain_twice(st, e);
	route_explain_key(r, e);
	if (!staged_names_row(e) || is_late(st, e) || staged_may_reject(st, e))
		return -1;
	rc = db_exec(r->db, &ignored, "ROLLBACK TO SAVEPOINT portl");
	if (rc == 0)
		rc = staged_numbers(
			r->db, counted ? r->plan->sql[SQL_REACHED] : r->plan->sql[SQL_LAST],
			&row, 1, &ignored);
	if (rc == 0 && row > 0 && counted)
		rc = staged_numbers_of(r->db, r->plan->sql[SQL_FIND], 1, &row, &row, 1,
				       &ignored);
	if (rc == 0 && row > 0)
		rc = staged_cast_column(r, row, e, &column, &ignored);
	err_release(&ignored);
	*found = rc == 0 ? row : 0;
	return column != NULL ? err_prefix(e, "column \"%s\": ", column) : -1;
}

/* All rows, or the first of each key.  ${*written} grows by the rows written. */
static int
insert(const struct route *r, uint64_t *written, uint64_t *row, struct err *e)
{
	if (db_exec(r->db, e, "%s", r->plan->sql[SQL_RESTART]) != 0)
		return -1;
	if (db_exec_rows(r->db, e, r->plan->sql[SQL_INSERT], written) != 0)
		return locate_insert(r, r->plan->sql[SQL_FIND] != NULL, row, e);
	return db_exec(r->db, e, "RELEASE SAVEPOINT portl");
}

/* Rounds from ${from} on, many in one message. */
static int
insert_rounds(const struct route *r, uint64_t from, uint64_t to, uint64_t *written,
	      uint64_t *row, struct err *e)
{
	struct buf sql = BUF_INIT;
	uint64_t round;
	int rc;

	for (round = from; round <= to; round++)
		buf_addf(&sql, "%s%s%" PRIu64 ")", round > from ? "; " : "",
			 r->plan->sql[SQL_ROUND], round);
	rc = db_exec_rows(r->db, e, buf_cstr(&sql), written);
	buf_release(&sql);
	return rc != 0 ? locate_insert(r, false, row, e) : 0;
}

enum { CHANGED, SAME, WRITTEN, CHANGES };

/*
 * What the rows come to whose key an earlier row has: 1, or 0 if all have to be written, so
 * that the server refuses one.  What each would have changed is counted instead of the
 * updates that are made.
 */
static int
insert_latest(const struct route *r, struct tally *t, uint64_t *row, struct err *e)
{
	char *const *sql = r->plan->sql;
	uint64_t changes[CHANGES], nulls = 0;

	if (sql[SQL_LATEST] == NULL)
		return 0;
	if (sql[SQL_NULLS] != NULL && staged_numbers(r->db, sql[SQL_NULLS], &nulls, 1, e) != 0)
		return -1;
	if (nulls > 0)
		return 0;
	if (db_exec(r->db, e, "%s", sql[SQL_RESTART]) != 0)
		return -1;
	if (staged_numbers(r->db, sql[SQL_LATEST], changes, CHANGES, e) != 0)
		return locate_insert(r, false, row, e);
	t->before[UPDATED] += changes[WRITTEN];
	t->updated = changes[CHANGED];
	t->unchanged = changes[SAME];
	return db_exec(r->db, e, "RELEASE SAVEPOINT portl") == 0 ? 1 : -1;
}

/* One savepoint for all: more than 64 would slow down every snapshot that the server takes. */
static int
insert_all_rounds(const struct route *r, struct tally *t, uint64_t *row, struct err *e)
{
	uint64_t rounds = 0, round;

	if (db_exec(r->db, e, "%s", r->plan->sql[SQL_REST]) != 0 ||
	    staged_numbers(r->db, r->plan->sql[SQL_ROUNDS], &rounds, 1, e) != 0 ||
	    db_exec(r->db, e, "%s", r->plan->sql[SQL_RESTART]) != 0)
		return -1;
	for (round = 2; round <= rounds; round += ROUNDS)
		if (insert_rounds(r, round,
				  round + ROUNDS <= rounds ? round + ROUNDS - 1 : rounds,
				  &t->written, row, e) != 0)
			return -1;
	return db_exec(r->db, e, "RELEASE SAVEPOINT portl; %s", r->plan->sql[SQL_DROP_REST]);
}

/* The rows whose key an earlier row has, if there are any. */
static int
insert_rest(const struct route *r, struct tally *t, uint64_t *row, struct err *e)
{
	uint64_t reached = 0;
	int rc;

	if (r->plan->sql[SQL_REST] == NULL)
		return 0;
	if (!r->plan->stage->look_first &&
	    staged_numbers(r->db, r->plan->sql[SQL_REACHED], &reached, 1, e) != 0)
		return -1;
	if (reached == staged_rows(r))
		return 0;
	rc = insert_latest(r, t, row, e);
	if (rc != 0)
		return rc > 0 ? 0 : -1;
	return insert_all_rounds(r, t, row, e);
}

/* An attempt that was undone counts, too. */
static int
see(const struct route *r, uint64_t *seen, struct err *e)
{
	const char *sql = r->plan->sql[SQL_UPDATES];

	seen[UPDATED] = seen[INSERTED] = 0;
	return sql != NULL ? staged_numbers(r->db, sql, seen, SEEN, e) : 0;
}

/*
 * Where the server counts less than it has written (rows are kept elsewhere), nobody knows
 * which of the rows were there.
 *
 * Rows that a trigger suppressed, or that are not newer, are skipped.  An update
 * that a trigger suppressed was counted before that; the server's own count of
 * updates knows, unless triggers update the target, too.  Where
 * there is nothing to set, rows that were there are unchanged: those that the
 * INSERT took in and did not write, for no trigger has been in between.
 */
static int
count(struct route *r, const struct tally *t, bool in_order, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	struct route_counts *c = &r->counts;
	uint64_t written = t->written, rows = staged_rows(r) - t->updated - t->unchanged;
	uint64_t counted[2] = {st->plain ? written : 0, 0}, reached = written, seen[SEEN];

	if (r->plan->sql[SQL_COUNTS] != NULL &&
	    staged_numbers(r->db, r->plan->sql[SQL_COUNTS], counted, 2, e) != 0)
		return -1;
	if (r->plan->sql[SQL_UPDATES] != NULL) {
		if (see(r, seen, e) != 0)
			return -1;
		seen[UPDATED] -= t->before[UPDATED];
		seen[INSERTED] -= t->before[INSERTED];
		if (seen[UPDATED] < counted[0])
			counted[0] = seen[UPDATED];
		c->vague = (int64_t)(seen[UPDATED] + seen[INSERTED]) < (int64_t)written;
	}
	if (st->plain && st->newer < 0)
		counted[1] = rows - written;
	if (st->once && r->plan->rules->conflict->sets) {
		reached = rows;
		if (!in_order &&
		    staged_numbers(r->db, r->plan->sql[SQL_REACHED], &reached, 1, e) != 0)
			return -1;
	}
	c->updated = counted[0] < written ? counted[0] : written;
	c->inserted = written - c->updated;
	c->updated += t->updated;
	c->unchanged = counted[1] + reached - written + t->unchanged;
	c->skipped = staged_rows(r) - c->inserted - c->updated - c->unchanged;
	return 0;
}

int
apply_staged(struct staged *s, uint64_t *row, struct err *e)
{
	struct route *r = &s->base;
	struct tally t = {0};
	int in_order;

	*row = 0;
	if (see(r, t.before, e) != 0)
		return -1;
	in_order = inorder_insert(s, &t.written, e);
	if (in_order < 0)
		return -1;
	if (in_order == 0 &&
	    (staged_number(s, e) != 0 || see(r, t.before, e) != 0 ||
	     insert(r, &t.written, row, e) != 0 || insert_rest(r, &t, row, e) != 0))
		return -1;
	return count(r, &t, in_order, e);
}

static int
find_absent(struct staged *s, struct err *e)
{
	struct route *r = &s->base;
	bool rows = r->plan->rules->keys != KEYS_ALONE;

	if (r->absent != NULL && rows && r->plan->sql[SQL_ABSENT] != NULL &&
	    inorder_index(s, e) != 0)
		return -1;
	return absent_find(r, e);
}

int
apply_batch(struct staged *s, uint64_t *row, struct err *e)
{
	struct route *r = &s->base;

	*row = 0;
	if ((r->plan->sql[SQL_TWICE] != NULL && staged_number(s, e) != 0) ||
	    staged_refuse_duplicates(r, e) != 0 ||
	    ready_target(r->db, r->plan, r->first, e) != 0 || find_absent(s, e) != 0)
		return -1;
	if (r->plan->rules->keys == KEYS_ALONE)
		r->counts.skipped = r->counts.read;
	else if (staged_queue(s, e) != 0 || apply_staged(s, row, e) != 0)
		return -1;
	return absent_trust(r, e);
}
