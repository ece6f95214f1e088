/*
 * A piece is a range of positions within one round.  Its rows go in by one attempt.  When the
 * INSERT fails, one of three things follows:
 * - The server said at which row, and can have meant no other: the rows before that row go in
 *   again, without a savepoint since they are certain to pass, and the row is left out.
 * - The server may have meant another row, as with a foreign key, and names its values: the
 *   first row of the piece with these values is tried alone.
 * - Else the piece is halved, until it is a single row.
 * So a row is left out only if the server refused it behind all rows that came before it.
 *
 * Where the table refers to itself, all rows that lack another, and those that lack these, are
 * found by one query and put behind, and what is left is tried as a whole: to look for them one
 * by one would be as many attempts as there are rows, each of as many rows.
 *
 * Rows that a query says are likely to be refused (suspects.h) are tried apart from all others
 * (apart.h).  Where that would not do, each is tried alone, and a piece ends before it.
 *
 * The size of a piece.  A piece that fails is work done twice; a piece that passes costs as
 * much as COST rows.  Both together cost least where the two are equal, so the size follows
 * from the share of rows refused so far that were no suspects.  There should be few savepoints:
 * once a transaction has released 64, all snapshots on the server take longer until it ends.
 * Where a constraint is checked behind a statement, and rows are updated, a piece is one row:
 * of two rows of one value the second is refused, though the first gets another value later.
 */
#include "load/route/pieces.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/rejects/rejects.h"
#include "load/route/apart.h"
#include "load/route/attempt.h"
#include "load/route/route.h"
#include "load/route/staged.h"
#include "load/route/suspects.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"
#include "load/stage/suspects_sql.h"

#define COST 60    /* of a piece, in rows */
#define FIRST 1000 /* rows to the first that is refused, where that is not known */

struct pieces {
	struct route *r;
	const struct plan *plan;
	const struct plan_stage *st;
	const struct plan_rejects *pr;
	struct attempt try;
	struct suspects suspects;
	struct apart apart;
	uint64_t from, to;  /* the piece: positions, the second is behind it */
	uint64_t end;       /* of the round */
	uint64_t expect;    /* rows to the first that is refused, as long as none is; 0: any */
	uint64_t seen, bad; /* rows so far, and those refused that were no suspects */
	uint64_t suspect;   /* the next position of one */
	uint64_t good;      /* rows before this position should pass, or 0 */
	uint64_t hunt;      /* before this position is a row that does not, or 0 */
	bool guessed;       /* it is guessed to be the last one before that */
	/* self: rows that lack another one are tried again in a round behind all */
	uint64_t again;  /* that round */
	uint64_t behind; /* the last position */
	uint64_t rows;   /* of it */
	bool final;      /* none will be tried again */
	bool untried;    /* a query had some of it put behind … */
	bool one_by_one; /* … so each is tried by itself, whatever that says */
	uint64_t ask_at; /* from this position on it may be asked what lacks others */
	uint64_t stride; /* rows between two such questions, at least */
};

static int
numbers(const struct pieces *p, const char *sql, uint64_t *to, int n, struct err *e)
{
	return sql != NULL ? staged_numbers(p->r->db, sql, to, n, e) : 0;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- rows ---- */

static void
pass(struct pieces *p, uint64_t to)
{
	if (p->suspect >= p->from && p->suspect < to)
		suspects_judge(&p->suspects, p->suspect, false);
	p->seen += to - p->from;
	p->from = to;
}

/* Rows that lack others may find them when all others are in. */
static int
put_behind(struct pieces *p, const char *positions, uint64_t n, struct err *e)
{
	char behind[24], round[24];
	const char *params[] = {positions, behind, round};
	PGresult *res;

	snprintf(behind, sizeof(behind), "%" PRIu64, p->behind);
	snprintf(round, sizeof(round), "%" PRIu64, p->again);
	p->behind += n;
	res = db_query(p->r->db, e, p->plan->sql[SQL_BEHIND], 3, params);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

static int
put_this_behind(struct pieces *p, struct err *e)
{
	char position[24];

	snprintf(position, sizeof(position), "{%" PRIu64 "}", p->from);
	return attempt_flush(&p->try, e) == 0 ? put_behind(p, position, 1, e) : -1;
}

static bool
lacks(const struct pieces *p)
{
	return p->pr->self && !p->final && strcmp(p->try.why.sqlstate, "23503") == 0;
}

/*
 * Put all rows of the round behind that lack others, and those that lack these: what is left
 * may need one another, and is tried together.  1 if there were some, 0, -1.
 */
static int
put_lost_behind(struct pieces *p, struct err *e)
{
	struct suspects_lost lost;
	int rc;

	if (p->from < p->ask_at || p->one_by_one)
		return 0;
	p->ask_at = UINT64_MAX;
	if (attempt_flush(&p->try, e) != 0 ||
	    suspects_lost(p->r, p->from, p->end, &lost, e) != 0)
		return -1;
	rc = lost.n > 0 ? put_behind(p, lost.positions, lost.n, e) : 0;
	free(lost.positions);
	if (rc != 0 || lost.n == 0)
		return rc;
	p->untried = true;
	if (lost.n == SUSPECTS_MOST) /* there may be more */
		p->ask_at = p->from;
	p->hunt = 0;
	p->guessed = false;
	p->good = p->end;
	if (lost.n == lost.of)
		p->from = p->end;
	p->suspect = UINT64_MAX;
	return 1;
}

/* What a cast says does not tell whose value it was. */
static int
name_column(struct pieces *p, struct err *e)
{
	const char *column;

	if (p->try.why.column != NULL || strncmp(p->try.why.sqlstate, "22", 2) != 0 ||
	    p->plan->sql[SQL_CAST] == NULL)
		return 0;
	if (attempt_flush(&p->try, e) != 0 ||
	    staged_cast_column(p->r, p->from, &p->try.why, &column, e) != 0)
		return -1;
	p->try.why.column = xstrdup_null(column);
	return 0;
}

static int
leave_out(struct pieces *p, struct err *e)
{
	if (name_column(p, e) != 0)
		return -1;
	attempt_add_leave(&p->try, p->from);
	if (p->ask_at == UINT64_MAX) /* there may be rows that lack this one */
		p->ask_at = p->from + p->stride;
	return 0;
}

/* The row that the piece begins with was refused, alone or for certain. */
static int
refuse(struct pieces *p, struct err *e)
{
	if (lacks(p) ? put_this_behind(p, e) != 0 : leave_out(p, e) != 0)
		return -1;
	if (p->suspect == p->from)
		suspects_judge(&p->suspects, p->suspect, true);
	else
		p->bad++;
	p->suspect = UINT64_MAX;
	suspects_learn(&p->suspects, &p->try.why);
	pass(p, p->from + 1);
	p->good = p->hunt = 0;
	p->guessed = false;
	return 0;
}

/* May what was said be about no other row than the one that the piece had come to? */
static bool
tells(const struct pieces *p)
{
	if (p->try.at < p->from || p->try.at >= p->to ||
	    strcmp(p->try.why.sqlstate, "23503") == 0)
		return false;
	return !p->pr->late || p->try.at + 1 < p->to;
}

/* Is what the rows before have passed, and this one has not, the same for each alone? */
static bool
is_sure(const struct pieces *p)
{
	return !p->pr->triggers && !p->pr->late && strcmp(p->try.why.sqlstate, "21000") != 0;
}

/* Add to ${sql} the staged columns whose target's names stand there, ", " between them. */
static bool
add_named(const struct pieces *p, const char *names, const char *end, struct buf *sql)
{
	while (names < end) {
		size_t i, len = 0;

		for (i = 0; i < p->plan->ncolumns; i++) {
			const char *name = p->plan->columns[i].target;

			len = name != NULL ? strlen(name) : 0;
			if (len > 0 && strncmp(names, name, len) == 0 &&
			    (names + len == end || strncmp(names + len, ", ", 2) == 0))
				break;
		}
		if (i == p->plan->ncolumns)
			return false;
		buf_addf(sql, ", c%zu", i + 1);
		names += names + len < end ? len + 2 : len;
	}
	return true;
}

/*
 * The detail is "Key (a, b)=(1, 2) …" in any language.  Whichever row of the piece is the
 * first with these values, only the server says whether it is to blame.
 */
static int
guess(const struct pieces *p, uint64_t *position, struct err *e)
{
	const char *detail = p->try.why.detail != NULL ? p->try.why.detail : "";
	const char *names = strchr(detail, '('), *middle = strstr(detail, ")=(");
	const char *end = strrchr(detail, ')');
	struct buf sql = BUF_INIT;
	char from[24], to[24], *text;
	const char *params[] = {from, to, NULL};
	PGresult *res = NULL;
	int rc = 0;

	*position = 0;
	if (strcmp(p->try.why.sqlstate, "23503") != 0 || middle == NULL || end < middle + 3)
		return 0;
	buf_addf(&sql, "%s", p->plan->sql[SQL_GUESS]);
	if (add_named(p, names + 1, middle, &sql)) {
		buf_addf(&sql, ") COLLATE pg_catalog.\"C\"");
		snprintf(from, sizeof(from), "%" PRIu64, p->from);
		snprintf(to, sizeof(to), "%" PRIu64, p->to);
		params[2] = text = xstrndup(middle + 3, (size_t)(end - middle - 3));
		res = db_query(p->r->db, e, buf_cstr(&sql), 3, params);
		free(text);
		rc = res != NULL ? 0 : -1;
		if (res != NULL && PQntuples(res) > 0)
			*position = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
		PQclear(res);
	}
	buf_release(&sql);
	return rc;
}

/* Nothing tells which row of the piece it was.  A guess that was wrong is the last one. */
static int
hunt(struct pieces *p, struct err *e)
{
	uint64_t position = 0;

	if (!p->guessed && guess(p, &position, e) != 0)
		return -1;
	p->guessed = position > 0;
	p->hunt = position > 0 ? position + 1 : p->to;
	p->good = position;
	return 0;
}

/* The piece was refused: look for the row, or go on behind it. */
static int
shrink(struct pieces *p, struct err *e)
{
	int rc = lacks(p) ? put_lost_behind(p, e) : 0;

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (p->to - p->from == 1)
		return refuse(p, e);
	if (!tells(p))
		return hunt(p, e);
	p->hunt = p->try.at + 1;
	p->good = p->try.at;
	if (p->pr->late) /* the rows before have not been looked at to the end */
		return 0;
	if (p->try.at > p->from) {
		p->to = p->try.at;
		attempt_add_rows(&p->try, p->from, p->to);
		pass(p, p->to);
	}
	return is_sure(p) ? refuse(p, e) : 0;
}

/*
 * With one bad row in n, and c = COST, n rows cost c * n / size for pieces and about
 * size / 2 for rows that go in twice; the whole size where a piece fails at its end only.
 */
static uint64_t
best_size(const struct pieces *p)
{
	uint64_t rows = p->bad > 0 ? p->seen : p->seen + p->expect;
	uint64_t bad = p->bad > 0 ? p->bad : 1;
	uint64_t cost = p->pr->late ? COST : 2 * COST, size = 1;

	if (rows == 0)
		return UINT64_MAX;
	if (p->pr->alone)
		return 1;
	while (size * size * bad < cost * rows)
		size *= 2;
	return size;
}

/* Where the next piece ends. */
static uint64_t
next_end(const struct pieces *p)
{
	if (p->one_by_one)
		return p->from + 1;
	if (p->good > p->from)
		return p->good;
	if (p->hunt > p->from)
		return p->from + (p->hunt - p->from + 1) / 2;
	if (p->suspect == p->from)
		return p->from + 1;
	return least(p->suspect, p->from + least(p->end - p->from, best_size(p)));
}

/* Where is the next row that is likely to be refused? */
static int
suspect(struct pieces *p, struct err *e)
{
	if (suspects_due(&p->suspects, p->from) &&
	    (attempt_flush(&p->try, e) != 0 || suspects_ask(&p->suspects, p->from, e) != 0))
		return -1;
	p->suspect = suspects_next(&p->suspects, p->from);
	return 0;
}

/* One piece, or all up to some position with the suspects apart. */
static int
step(struct pieces *p, struct err *e)
{
	int rc = 0;

	if (p->good <= p->from && p->hunt <= p->from) {
		rc = apart_apply(&p->apart, p->from, p->end, &p->to, e);
		if (rc < 0)
			return -1;
		if (rc > 0) {
			p->suspect = UINT64_MAX;
			pass(p, p->to);
			return 0;
		}
		if (suspects_due(&p->suspects, p->from))
			return 0; /* there is more to ask now */
	}
	p->to = next_end(p);
	rc = attempt_rows(&p->try, p->from, p->to, "", e);
	if (rc <= 0)
		return rc < 0 ? -1 : shrink(p, e);
	pass(p, p->to);
	return 0;
}

static int
apply_round(struct pieces *p, uint64_t first, uint64_t last, struct err *e)
{
	p->from = first;
	p->end = last + 1;
	p->good = p->hunt = 0;
	p->guessed = p->untried = false;
	p->ask_at = first;
	p->stride = (last - first) / 64 + 1;
	while (p->from < p->end)
		if (suspect(p, e) != 0 || step(p, e) != 0)
			return -1;
	return attempt_flush(&p->try, e);
}

/*
 * They may need one another: all of them at once to begin with.  When none of a round has gone
 * in or is left out, there is no more to be had; but each has to have been tried.
 */
static int
apply_again(struct pieces *p, uint64_t round, uint64_t first, uint64_t last, uint64_t rows,
	    struct err *e)
{
	bool same = round > PLAN_REJECTS_AGAIN && rows == p->rows;

	p->one_by_one = same && (p->untried || p->one_by_one);
	p->final = same && !p->untried;
	p->rows = rows;
	p->again = round + 1;
	p->seen = p->bad = 0;
	p->expect = 0;
	return apply_round(p, first, last, e);
}

static int
thin(const struct pieces *p, uint64_t round, struct err *e)
{
	return staged_numbers_of(p->r->db, p->plan->sql[SQL_THIN], 1, &round, NULL, 0, e);
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
	res = db_query(p->r->db, e, p->plan->sql[SQL_NEXT], 1, params);
	n = res != NULL ? PQntuples(res) : -1;
	if (*round == 0 && n > 0)
		p->behind = strtoull(PQgetvalue(res, n - 1, 2), NULL, 10);
	for (i = 0; rc == 0 && i < n; i++) {
		uint64_t first = strtoull(PQgetvalue(res, i, 1), NULL, 10);
		uint64_t last = strtoull(PQgetvalue(res, i, 2), NULL, 10);

		*round = strtoull(PQgetvalue(res, i, 0), NULL, 10);
		if (*round >= PLAN_REJECTS_AGAIN) {
			rc = apply_again(p, *round, first, last,
					 strtoull(PQgetvalue(res, i, 3), NULL, 10), e);
			continue;
		}
		rc = apply_round(p, first, last, e);
		if (rc == 0 && p->plan->sql[SQL_THIN] != NULL) {
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
	const struct attempt_counts *in = &p->try.counts;
	struct route_counts *c = &p->r->counts;
	uint64_t rows = 0;

	if (numbers(p, p->plan->sql[SQL_IN_LINE], &rows, 1, e) != 0)
		return -1;
	c->updated = in->updated;
	c->inserted = in->written - in->updated;
	c->unchanged = in->unchanged;
	if (p->st->once && p->plan->rules->conflict->sets)
		c->unchanged += rows - in->written;
	c->skipped = c->read - c->rejected - c->inserted - c->updated - c->unchanged;
	return db_exec(p->r->db, e, "%s", p->plan->sql[SQL_DROP_LINE]);
}

/* The INSERT of all rows has come to the first that is refused, or has not counted. */
static int
prepare(struct pieces *p, const struct err *why, struct err *e)
{
	attempt_init(&p->try, p->r);
	suspects_init(&p->suspects, p->r);
	apart_init(&p->apart, &p->try, &p->suspects);
	if (why == NULL)
		suspects_learn_missing(&p->suspects);
	else
		suspects_learn(&p->suspects, why);
	if (why != NULL && numbers(p, p->plan->sql[SQL_REACHED], &p->expect, 1, e) != 0)
		return -1;
	if (p->expect == 0)
		p->expect = FIRST;
	return db_exec(p->r->db, e, "%s", p->plan->sql[SQL_LINE]);
}

int
pieces_apply(struct route *r, const struct err *why, struct err *e)
{
	struct pieces p = {.r = r,
			   .plan = r->plan,
			   .st = r->plan->stage,
			   .pr = r->plan->stage->rejects,
			   .again = PLAN_REJECTS_AGAIN};
	uint64_t round = 0;
	int rc = prepare(&p, why, e) == 0 ? 1 : -1;

	while (rc > 0)
		rc = apply_rounds(&p, &round, e);
	if (rc == 0)
		rc = finish(&p, e);
	if (rc == 0 && p.plan->sql[SQL_CLEAN] != NULL)
		rc = db_exec(r->db, e, "%s", p.plan->sql[SQL_CLEAN]);
	suspects_release(&p.suspects);
	attempt_release(&p.try);
	return rc;
}
