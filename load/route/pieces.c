/*
 * A piece is a range of rows in the order of insertion, within one round, that goes in
 * under a savepoint.  When it fails at a row, and what is said can be about no other,
 * the rows before that one go in again, for certain, and without a savepoint.  Where the
 * server may have meant another row, as with a foreign key, pieces are halved until one
 * is a single row.  So what is left out is what the server has refused behind all that
 * came before it.
 *
 * Pieces grow while all goes well and shrink when it does not.  Large ones do more work
 * twice; small ones take more savepoints, and from 64 on that a transaction has released,
 * all snapshots of the server take longer until it ends: two to three for each row that
 * is left out.
 */
#include "load/route/pieces.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/rejects/rejects.h"
#include "load/route/route.h"
#include "load/route/staged.h"
#include "load/stage/plan_rejects.h"
#include "load/stage/plan_stage.h"

#define FIRST 1000 /* rows of the first piece */
#define LEAST 16   /* rows of a piece, unless a row is looked for */

struct pieces {
	struct route *r;
	const struct plan_stage *st;
	const struct plan_rejects *pr;
	uint64_t from, to; /* the piece: places, the second is behind it */
	uint64_t end;      /* of the round */
	uint64_t size;     /* rows for a piece where nothing is known of them */
	uint64_t good;     /* rows before this place should pass, or 0 */
	uint64_t hunt;     /* before this place is a row that does not, or 0 */
	bool open;         /* the savepoint of the last piece is not released yet */
	uint64_t at;       /* how far an INSERT that failed has come, or 0 */
	struct err why;    /* it failed */
	uint64_t updated, unchanged, written; /* rows so far */
	/* self: rows that lack another one are tried again in a round behind all */
	uint64_t again;  /* that round */
	uint64_t behind; /* the last place */
	bool taken;      /* some of the round went in */
	bool final;      /* none will be tried again */
};

static int
numbers(const struct pieces *p, const char *sql, uint64_t *to, int n, struct err *e)
{
	return sql != NULL ? staged_numbers(p->r->db, sql, 0, NULL, to, n, e) : 0;
}

/* ---- one piece ---- */

/* What a piece has done; sequences are not undone with what they have counted. */
static int
count(struct pieces *p, uint64_t written, uint64_t updates_before, struct err *e)
{
	uint64_t counted[2] = {0, 0}, updates = UINT64_MAX;

	if (numbers(p, p->r->plan->sql[SQL_COUNTS], counted, 2, e) != 0 ||
	    numbers(p, p->r->plan->sql[SQL_UPDATES], &updates, 1, e) != 0)
		return -1;
	if (p->r->plan->sql[SQL_UPDATES] != NULL && updates - updates_before < counted[0])
		counted[0] = updates - updates_before;
	p->updated += counted[0] < written ? counted[0] : written;
	p->unchanged += counted[1];
	p->written += written;
	p->taken = true;
	return 0;
}

static int
insert(struct pieces *p, struct err *e)
{
	char sql[128];
	uint64_t written = 0, updates = 0;

	if (numbers(p, p->r->plan->sql[SQL_UPDATES], &updates, 1, e) != 0)
		return -1;
	snprintf(sql, sizeof(sql), "%s%" PRIu64 ", %" PRIu64 ")", p->r->plan->sql[SQL_PIECE],
		 p->from, p->to);
	if (db_exec_rows(p->r->db, e, sql, &written) != 0)
		return -1;
	return count(p, written, updates, e);
}

static const char *
zero(const struct pieces *p)
{
	return p->r->plan->sql[SQL_ZERO] != NULL ? p->r->plan->sql[SQL_ZERO] : "";
}

/* Rows that have been in before, and pass again. */
static int
insert_surely(struct pieces *p, struct err *e)
{
	if (p->r->plan->sql[SQL_ZERO] != NULL && db_exec(p->r->db, e, "%s", zero(p)) != 0)
		return -1;
	return insert(p, e);
}

static int
release(struct pieces *p, struct err *e)
{
	if (!p->open)
		return 0;
	p->open = false;
	return db_exec(p->r->db, e, "RELEASE SAVEPOINT portl");
}

/* Returns 1 if the piece is in, 0 if it was refused (p->why, p->at), -1 with ${e} filled. */
static int
try_insert(struct pieces *p, struct err *e)
{
	err_release(&p->why);
	if (db_exec(p->r->db, e, "%s%s; %s", p->open ? "RELEASE SAVEPOINT portl; " : "",
		    p->r->plan->sql[SQL_RESTART], zero(p)) != 0)
		return -1;
	p->open = true;
	if (insert(p, &p->why) == 0)
		return 1;
	if (rejects_is_for(&p->why)) {
		p->open = false;
		if (db_exec(p->r->db, e,
			    "ROLLBACK TO SAVEPOINT portl; RELEASE SAVEPOINT portl") != 0 ||
		    numbers(p, p->r->plan->sql[SQL_LAST], &p->at, 1, e) != 0)
			return -1;
		if (p->at > 0)
			return 0;
	}
	err_take(e, &p->why); /* no row is to blame */
	return -1;
}

/* ---- rows ---- */

/* A row that lacks another may find it when all others are in. */
static int
put_behind(struct pieces *p, struct err *e)
{
	char at[24], to[24], round[24];
	const char *params[] = {at, to, round};
	PGresult *res;

	snprintf(at, sizeof(at), "%" PRIu64, p->from);
	snprintf(to, sizeof(to), "%" PRIu64, ++p->behind);
	snprintf(round, sizeof(round), "%" PRIu64, p->again);
	res = db_query(p->r->db, e, p->r->plan->sql[SQL_BEHIND], 3, params);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

static int
leave_out(struct pieces *p, struct err *e)
{
	char sql[128];
	uint64_t n = 0;

	snprintf(sql, sizeof(sql), "%s%" PRIu64 ")", p->r->plan->sql[SQL_LEAVE], p->from);
	if (numbers(p, sql, &n, 1, e) != 0)
		return -1;
	p->r->counts.rejected++;
	return rejects_note(p->r->rejects, p->r->input, p->r->rows_before + n, NULL, &p->why,
			    e);
}

/* The row that the piece begins with was refused, alone or for certain. */
static int
refuse(struct pieces *p, struct err *e)
{
	bool lacks = p->pr->self && !p->final && strcmp(p->why.sqlstate, "23503") == 0;

	if ((lacks ? put_behind(p, e) : leave_out(p, e)) != 0)
		return -1;
	p->from++;
	p->good = p->hunt = 0;
	p->size = p->size / 2 > LEAST ? p->size / 2 : LEAST;
	return 0;
}

/* May what was said be about no other row than the one that the piece had come to? */
static bool
tells(const struct pieces *p)
{
	if (p->at < p->from || p->at >= p->to || strcmp(p->why.sqlstate, "23503") == 0)
		return false;
	return !p->pr->late || p->at + 1 < p->to;
}

/* Is what the rows before have passed, and this one has not, the same for each alone? */
static bool
is_sure(const struct pieces *p)
{
	return !p->pr->triggers && !p->pr->late && strcmp(p->why.sqlstate, "21000") != 0;
}

/* The piece was refused: look for the row, or go on behind it. */
static int
shrink(struct pieces *p, struct err *e)
{
	if (p->to - p->from == 1)
		return refuse(p, e);
	if (!tells(p)) {
		p->good = 0;
		p->hunt = p->to;
		return 0;
	}
	p->hunt = p->at + 1;
	p->good = p->at;
	if (p->pr->late) /* the rows before have not been looked at to the end */
		return 0;
	if (p->at > p->from) {
		p->to = p->at;
		if (insert_surely(p, e) != 0)
			return -1;
		p->from = p->to;
	}
	return is_sure(p) ? refuse(p, e) : 0;
}

/* Where the next piece ends. */
static uint64_t
next_end(const struct pieces *p)
{
	if (p->good > p->from)
		return p->good;
	if (p->hunt > p->from)
		return p->from + (p->hunt - p->from + 1) / 2;
	return p->end - p->from < p->size ? p->end : p->from + p->size;
}

static int
apply_round(struct pieces *p, uint64_t first, uint64_t last, struct err *e)
{
	p->from = first;
	p->end = last + 1;
	p->good = p->hunt = 0;
	p->taken = false;
	while (p->from < p->end) {
		int rc;

		p->to = next_end(p);
		rc = try_insert(p, e);
		if (rc < 0 || (rc == 0 && shrink(p, e) != 0))
			return -1;
		if (rc == 0)
			continue;
		if (p->to - p->from >= p->size)
			p->size *= 2;
		p->from = p->to;
	}
	return 0;
}

/* They may need one another: all of them at once to begin with. */
static int
apply_again(struct pieces *p, uint64_t round, uint64_t first, uint64_t last, struct err *e)
{
	p->final = round > PLAN_REJECTS_AGAIN && !p->taken;
	p->again = round + 1;
	p->size = last + 1 - first;
	return apply_round(p, first, last, e);
}

static int
thin(const struct pieces *p, uint64_t round, struct err *e)
{
	char number[24];
	const char *params[] = {number};
	PGresult *res;

	snprintf(number, sizeof(number), "%" PRIu64, round);
	res = db_query(p->r->db, e, p->r->plan->sql[SQL_THIN], 1, params);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

/* Rounds behind ${*round}, which becomes the last one applied; 0 if there are none, 1, -1. */
static int
apply_rounds(struct pieces *p, uint64_t *round, struct err *e)
{
	char number[24];
	const char *params[] = {number};
	PGresult *res;
	int i, n, rc = 0;

	snprintf(number, sizeof(number), "%" PRIu64, *round);
	res = db_query(p->r->db, e, p->r->plan->sql[SQL_NEXT], 1, params);
	n = res != NULL ? PQntuples(res) : -1;
	if (*round == 0 && n > 0)
		p->behind = strtoull(PQgetvalue(res, n - 1, 2), NULL, 10);
	for (i = 0; rc == 0 && i < n; i++) {
		uint64_t first = strtoull(PQgetvalue(res, i, 1), NULL, 10);
		uint64_t last = strtoull(PQgetvalue(res, i, 2), NULL, 10);

		*round = strtoull(PQgetvalue(res, i, 0), NULL, 10);
		if (*round >= PLAN_REJECTS_AGAIN) {
			rc = apply_again(p, *round, first, last, e);
			continue;
		}
		rc = apply_round(p, first, last, e);
		if (rc == 0 && p->r->plan->sql[SQL_THIN] != NULL) {
			rc = thin(p, *round, e);
			n = i + 1; /* the others may have gone */
		}
	}
	PQclear(res);
	if (n > 0)
		return rc == 0 ? 1 : -1;
	return n;
}

static int
finish(struct pieces *p, struct err *e)
{
	struct route_counts *c = &p->r->counts;
	uint64_t rows = 0;

	if (release(p, e) != 0 || numbers(p, p->r->plan->sql[SQL_IN_LINE], &rows, 1, e) != 0)
		return -1;
	c->updated = p->updated;
	c->inserted = p->written - p->updated;
	c->unchanged = p->unchanged;
	if (p->st->once && p->r->plan->rules->conflict->sets)
		c->unchanged += rows - p->written;
	c->skipped = c->read - c->rejected - c->inserted - c->updated - c->unchanged;
	return db_exec(p->r->db, e, "%s", p->r->plan->sql[SQL_DROP_LINE]);
}

int
pieces_apply(struct route *r, struct err *e)
{
	struct pieces p = {.r = r,
			   .st = r->plan->stage,
			   .pr = r->plan->stage->rejects,
			   .why = ERR_INIT,
			   .size = FIRST,
			   .again = PLAN_REJECTS_AGAIN};
	uint64_t round = 0;
	int rc = db_exec(r->db, e, "%s", r->plan->sql[SQL_LINE]) == 0 ? 1 : -1;

	while (rc > 0)
		rc = apply_rounds(&p, &round, e);
	if (rc == 0)
		rc = finish(&p, e);
	if (rc == 0 && r->plan->sql[SQL_CLEAN] != NULL)
		rc = db_exec(r->db, e, "%s", r->plan->sql[SQL_CLEAN]);
	err_release(&p.why);
	return rc;
}
