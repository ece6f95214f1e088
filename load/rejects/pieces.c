/*
 * A piece is a range of rows in the order of insertion, within one round.  When
 * it fails at a row, the rows before that one are inserted, the row is left out,
 * and what is behind it is the next piece: each row is inserted twice at most.
 * An error that only comes up behind the last row, by a foreign key or an AFTER
 * trigger, does not tell the row; then the piece is halved until it is one row.
 */
#include "load/rejects/pieces.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/options.h"
#include "load/rejects/plan_rejects.h"
#include "load/rejects/rejects.h"
#include "load/rejects/sift.h"
#include "load/route/route.h"
#include "load/route/staged.h"
#include "load/stage/plan_stage.h"

struct pieces {
	struct route *r;
	const struct plan_stage *st;
	uint64_t from, to; /* the piece: places, the second is behind it */
	uint64_t end;      /* of the round */
	uint64_t bad;      /* a place that is known to be refused, or 0 */
	struct err why;    /* why that is */
	uint64_t at;       /* how far an INSERT that failed has come */
	uint64_t taken, updated, unchanged, written; /* rows so far */
};

static int
numbers(const struct pieces *p, const char *sql, uint64_t *to, int n, struct err *e)
{
	return sql != NULL ? staged_numbers(p->r->db, sql, 0, NULL, to, n, e) : 0;
}

/* What a piece has done; sequences are not undone with what they have counted. */
static int
count(struct pieces *p, uint64_t written, uint64_t updates_before, struct err *e)
{
	uint64_t counted[2] = {0, 0}, updates = UINT64_MAX;

	if (numbers(p, p->st->counts_sql, counted, 2, e) != 0 ||
	    numbers(p, p->st->updates_sql, &updates, 1, e) != 0)
		return -1;
	if (p->st->updates_sql != NULL && updates - updates_before < counted[0])
		counted[0] = updates - updates_before;
	p->updated += counted[0] < written ? counted[0] : written;
	p->unchanged += counted[1];
	p->written += written;
	p->taken += p->to - p->from;
	return 0;
}

static int
insert(struct pieces *p, struct err *e)
{
	char sql[128];
	uint64_t written = 0, updates = 0;

	if (numbers(p, p->st->updates_sql, &updates, 1, e) != 0 ||
	    (p->st->rejects->zero_sql != NULL &&
	     db_exec(p->r->db, e, "%s", p->st->rejects->zero_sql) != 0))
		return -1;
	snprintf(sql, sizeof(sql), "%s%" PRIu64 ", %" PRIu64 ")", p->st->rejects->piece_sql,
		 p->from, p->to);
	if (db_exec_rows(p->r->db, e, sql, &written) != 0)
		return -1;
	return count(p, written, updates, e);
}

/* Returns 1 if the piece is in, 0 if it was refused (p->why, p->at), -1 with ${e} filled. */
static int
try_insert(struct pieces *p, struct err *e)
{
	struct err why = ERR_INIT;

	if (db_exec(p->r->db, e, "%s", p->st->restart_sql) != 0)
		return -1;
	if (insert(p, &why) == 0)
		return db_exec(p->r->db, e, "RELEASE SAVEPOINT portl") == 0 ? 1 : -1;
	if (!rejects_is_for(&why)) {
		err_take(e, &why);
		return -1;
	}
	if (db_exec(p->r->db, e, "ROLLBACK TO SAVEPOINT portl; RELEASE SAVEPOINT portl") != 0 ||
	    numbers(p, p->st->last_sql, &p->at, 1, e) != 0) {
		err_release(&why);
		return -1;
	}
	err_take(&p->why, &why);
	return 0;
}

static int
leave(struct pieces *p, struct err *e)
{
	const struct plan_rejects *pr = p->st->rejects;
	char place[24];
	const char *params[] = {place};
	uint64_t n = 0;
	PGresult *res;

	snprintf(place, sizeof(place), "%" PRIu64, p->from);
	if (staged_numbers(p->r->db, pr->name_sql, 1, params, &n, 1, e) != 0)
		return -1;
	res = db_query(p->r->db, e, pr->leave_sql, 1, params);
	PQclear(res);
	if (res == NULL || sift_note(p->r, n, &p->why, e) != 0)
		return -1;
	p->from++;
	p->to = p->end;
	p->bad = 0;
	err_release(&p->why);
	return 0;
}

/* Does the error tell its row?  What comes up behind the last row looks like that row's. */
static bool
tells(const struct pieces *p)
{
	const struct plan_rejects *pr = p->st->rejects;

	if (p->at < p->from || p->at >= p->to || strcmp(p->why.sqlstate, "23503") == 0)
		return false;
	return !pr->late || p->at + 1 < p->to;
}

/* The piece was refused: make it smaller. */
static int
shrink(struct pieces *p, struct err *e)
{
	const struct plan_rejects *pr = p->st->rejects;

	if (p->to - p->from == 1) {
		p->bad = p->from;
		return 0;
	}
	if (!tells(p)) {
		p->to = p->from + (p->to - p->from) / 2;
		p->bad = 0;
		return 0;
	}
	p->bad = p->to = p->at;
	if (p->from == p->to || pr->late || pr->foreign)
		return 0;
	/* It has taken these before. */
	if (insert(p, e) != 0)
		return -1;
	p->from = p->to;
	return 0;
}

static int
apply_round(struct pieces *p, uint64_t first, uint64_t last, struct err *e)
{
	p->from = first;
	p->to = p->end = last + 1;
	p->bad = 0;
	while (p->from < p->end) {
		int rc;

		if (p->from == p->bad) {
			if (leave(p, e) != 0)
				return -1;
			continue;
		}
		rc = try_insert(p, e);
		if (rc < 0 || (rc == 0 && shrink(p, e) != 0))
			return -1;
		if (rc > 0) {
			uint64_t size = p->to - p->from;

			p->from = p->to;
			if (p->bad == 0)
				p->to = p->end - p->from < 2 * size ? p->end
								    : p->from + 2 * size;
		}
	}
	return 0;
}

int
pieces_apply(struct route *r, struct err *e)
{
	struct pieces p = {.r = r, .st = r->plan->stage, .why = ERR_INIT};
	const struct plan_rejects *pr = p.st->rejects;
	struct route_counts *c = &r->counts;
	PGresult *rounds = NULL;
	int i, rc = db_exec(r->db, e, "%s", pr->line_sql);

	if (rc == 0)
		rounds = db_query(r->db, e, pr->rounds_sql, 0, NULL);
	if (rounds == NULL)
		return -1;
	for (i = 0; rc == 0 && i < PQntuples(rounds); i++)
		rc = apply_round(&p, strtoull(PQgetvalue(rounds, i, 0), NULL, 10),
				 strtoull(PQgetvalue(rounds, i, 1), NULL, 10), e);
	PQclear(rounds);
	err_release(&p.why);
	if (rc != 0)
		return -1;
	c->updated = p.updated;
	c->inserted = p.written - p.updated;
	c->unchanged = p.unchanged;
	if (p.st->once && r->plan->options->conflict > CONFLICT_SKIP)
		c->unchanged += p.taken - p.written;
	c->skipped = c->read - c->rejected - c->inserted - c->updated - c->unchanged;
	return db_exec(r->db, e, "%s", pr->drop_sql);
}
