/*
 * A piece is a range of positions within one round.  Its rows go in by one INSERT under a
 * savepoint.  When the INSERT fails, one of three things follows:
 * - The server said at which row, and can have meant no other: the rows before that row go in
 *   again, without a savepoint since they are certain to pass, and the row is left out.
 * - The server may have meant another row, as with a foreign key, and names its values: the
 *   first row of the piece with these values is tried alone.
 * - Else the piece is halved, until it is a single row.
 * So a row is left out only if the server refused it behind all rows that came before it.
 *
 * A row that a query says is likely to be refused (suspects.h) is tried alone, and a piece
 * ends before it.
 *
 * The statements that follow from a refusal are sent in one message with the next piece.  A
 * second message asks how far a piece came that failed.
 *
 * The size of a piece.  A piece that fails is work done twice; a piece that passes costs as
 * much as COST rows.  Both together cost least where the two are equal, so the size follows
 * from the share of rows refused so far that were no suspects.  There should be few savepoints:
 * once a transaction has released 64, all snapshots on the server take longer until it ends.
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
#include "load/route/route.h"
#include "load/route/staged.h"
#include "load/route/suspects.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

#define COST 60    /* of a piece, in rows */
#define FIRST 1000 /* rows to the first that is refused, where that is not known */
#define STEPS 16   /* statements of a message, at most */

/* What a statement's result says. */
enum step {
	STEP_QUIET,
	STEP_BEFORE, /* updates of the target before an INSERT */
	STEP_INSERT, /* its rows */
	STEP_AFTER,  /* updates of the target behind it */
	STEP_COUNTS, /* its updated and unchanged rows */
	STEP_LEFT,   /* the number of the row that is left out */
	STEP_AT,     /* how far an INSERT has come */
};

struct pieces {
	struct route *r;
	const struct plan *plan;
	const struct plan_stage *st;
	const struct plan_rejects *pr;
	uint64_t from, to;  /* the piece: positions, the second is behind it */
	uint64_t end;       /* of the round */
	uint64_t expect;    /* rows to the first that is refused, as long as none is; 0: any */
	uint64_t seen, bad; /* rows so far, and those refused that were no suspects */
	uint64_t suspect;   /* the next position of one */
	struct suspects suspects;
	uint64_t good;  /* rows before this position should pass, or 0 */
	uint64_t hunt;  /* before this position is a row that does not, or 0 */
	bool guessed;   /* it is guessed to be the last one before that */
	uint64_t at;    /* how far an INSERT that failed has come, or 0 */
	struct err why; /* it failed */
	struct buf sql; /* the statements of the next message */
	enum step steps[STEPS];
	int nsteps;
	uint64_t before,
		rows; /* of the last INSERT: updates before it, rows it may have updated */
	uint64_t updated, unchanged, written; /* rows so far */
	/* self: rows that lack another one are tried again in a round behind all */
	uint64_t again;  /* that round */
	uint64_t behind; /* the last position */
	bool taken;      /* some of the round went in */
	bool final;      /* none will be tried again */
};

static int
numbers(const struct pieces *p, const char *sql, uint64_t *to, int n, struct err *e)
{
	return sql != NULL ? staged_numbers(p->r->db, sql, to, n, e) : 0;
}

/* ---- messages ---- */

/* One statement more, unless it is NULL. */
static void
add(struct pieces *p, enum step step, const char *sql)
{
	if (sql == NULL)
		return;
	buf_addf(&p->sql, "%s%s", p->nsteps > 0 ? "; " : "", sql);
	p->steps[p->nsteps++] = step;
}

/* Returns which statement of the message the INSERT itself is. */
static int
add_insert(struct pieces *p)
{
	char sql[128];
	int index;

	snprintf(sql, sizeof(sql), "%s%" PRIu64 ", %" PRIu64 ")", p->plan->sql[SQL_PIECE],
		 p->from, p->to);
	add(p, STEP_QUIET, p->plan->sql[SQL_ZERO]);
	add(p, STEP_BEFORE, p->plan->sql[SQL_UPDATES]);
	index = p->nsteps;
	add(p, STEP_INSERT, sql);
	add(p, STEP_AFTER, p->plan->sql[SQL_UPDATES]);
	add(p, STEP_COUNTS, p->plan->sql[SQL_COUNTS]);
	return index;
}

static uint64_t
number(const PGresult *res, int column)
{
	return PQntuples(res) > 0 ? strtoull(PQgetvalue(res, 0, column), NULL, 10) : 0;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* An attempt that was undone counts with the server's updates, too. */
static int
take(struct pieces *p, enum step step, PGresult *res, struct err *e)
{
	switch (step) {
	case STEP_BEFORE:
		p->before = number(res, 0);
		break;
	case STEP_INSERT:
		p->rows = strtoull(PQcmdTuples(res), NULL, 10);
		p->written += p->rows;
		p->taken = true;
		break;
	case STEP_AFTER:
		p->rows = least(p->rows, number(res, 0) - p->before);
		break;
	case STEP_COUNTS:
		p->updated += least(p->rows, number(res, 0));
		p->unchanged += number(res, 1);
		break;
	case STEP_LEFT:
		p->r->counts.rejected++;
		return rejects_note(p->r->rejects, p->r->input,
				    p->r->rows_before + number(res, 0), NULL, &p->why, e);
	case STEP_AT:
		p->at = number(res, 0);
		break;
	case STEP_QUIET:
		break;
	}
	return 0;
}

/* Send the message.  Returns how many statements passed; ${why} the next one did not; -1. */
static int
run(struct pieces *p, struct err *why, struct err *e)
{
	PGresult *results[STEPS];
	int n = db_exec_each(p->r->db, why, buf_cstr(&p->sql), results, p->nsteps);
	int i, rc = 0;

	for (i = 0; i < n; i++) {
		if (rc == 0)
			rc = take(p, p->steps[i], results[i], e);
		PQclear(results[i]);
	}
	p->sql.len = 0;
	p->nsteps = 0;
	return rc == 0 ? n : -1;
}

/* Send what is left to be sent, none of which can fail for a row's sake. */
static int
flush(struct pieces *p, struct err *e)
{
	return p->nsteps > 0 && (run(p, e, e) < 0 || e->code != EXIT_DONE) ? -1 : 0;
}

/* ---- one piece ---- */

static void
pass(struct pieces *p, uint64_t to)
{
	if (p->suspect >= p->from && p->suspect < to)
		suspects_judge(&p->suspects, p->suspect, false);
	p->seen += to - p->from;
	p->from = to;
}

/*
 * The piece has been refused: how far had it come?  A constraint (class 23) is broken by a
 * row, and no trigger could raise it for the statement: of a single row nothing need be asked.
 */
static int
look(struct pieces *p, struct err *e)
{
	add(p, STEP_QUIET, "ROLLBACK TO SAVEPOINT portl");
	add(p, STEP_QUIET, "RELEASE SAVEPOINT portl");
	if (p->to - p->from == 1 && !p->pr->triggers &&
	    strncmp(p->why.sqlstate, "23", 2) == 0) {
		p->at = p->from;
		return 0;
	}
	add(p, STEP_AT, p->plan->sql[SQL_LAST]);
	return flush(p, e);
}

/* Returns 1 if the piece is in, 0 if it was refused (p->why, p->at), -1 with ${e} filled. */
static int
try_insert(struct pieces *p, struct err *e)
{
	struct err why = ERR_INIT;
	int trial, all, n;

	add(p, STEP_QUIET, "SAVEPOINT portl");
	trial = add_insert(p);
	all = p->nsteps;
	n = run(p, &why, e);
	err_release(&p->why);
	if (n == all)
		add(p, STEP_QUIET, "RELEASE SAVEPOINT portl");
	if (n == all || n < 0) {
		err_release(&why);
		return n < 0 ? -1 : 1;
	}
	err_take(&p->why, &why);
	if (n == trial && rejects_is_for(&p->why)) {
		if (look(p, e) != 0)
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
	uint64_t args[] = {p->from, ++p->behind, p->again};

	return staged_numbers_of(p->r->db, p->plan->sql[SQL_BEHIND], 3, args, NULL, 0, e);
}

/* What a cast says does not tell whose value it was. */
static int
name_column(struct pieces *p, struct err *e)
{
	const char *column;

	if (p->why.column != NULL || strncmp(p->why.sqlstate, "22", 2) != 0 ||
	    p->plan->sql[SQL_CAST] == NULL)
		return 0;
	if (flush(p, e) != 0 || staged_cast_column(p->r, p->from, &p->why, &column, e) != 0)
		return -1;
	p->why.column = xstrdup_null(column);
	return 0;
}

static int
leave_out(struct pieces *p, struct err *e)
{
	char sql[128];

	if (name_column(p, e) != 0)
		return -1;
	snprintf(sql, sizeof(sql), "%s%" PRIu64 ")", p->plan->sql[SQL_LEAVE], p->from);
	add(p, STEP_LEFT, sql);
	return 0;
}

/* The row that the piece begins with was refused, alone or for certain. */
static int
refuse(struct pieces *p, struct err *e)
{
	bool lacks = p->pr->self && !p->final && strcmp(p->why.sqlstate, "23503") == 0;

	if (lacks ? flush(p, e) != 0 || put_behind(p, e) != 0 : leave_out(p, e) != 0)
		return -1;
	if (p->suspect == p->from)
		suspects_judge(&p->suspects, p->suspect, true);
	else
		p->bad++;
	p->suspect = UINT64_MAX;
	suspects_learn(&p->suspects, &p->why);
	pass(p, p->from + 1);
	p->good = p->hunt = 0;
	p->guessed = false;
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
	const char *detail = p->why.detail != NULL ? p->why.detail : "";
	const char *names = strchr(detail, '('), *middle = strstr(detail, ")=(");
	const char *end = strrchr(detail, ')');
	struct buf sql = BUF_INIT;
	char from[24], to[24], *text;
	const char *params[] = {from, to, NULL};
	PGresult *res = NULL;
	int rc = 0;

	*position = 0;
	if (strcmp(p->why.sqlstate, "23503") != 0 || middle == NULL || end < middle + 3)
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
		*position = res != NULL ? number(res, 0) : 0;
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
	if (p->to - p->from == 1)
		return refuse(p, e);
	if (!tells(p))
		return hunt(p, e);
	p->hunt = p->at + 1;
	p->good = p->at;
	if (p->pr->late) /* the rows before have not been looked at to the end */
		return 0;
	if (p->at > p->from) {
		p->to = p->at;
		add_insert(p);
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
	while (size * size * bad < cost * rows)
		size *= 2;
	return size;
}

/* Where the next piece ends. */
static uint64_t
next_end(const struct pieces *p)
{
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
	    (flush(p, e) != 0 || suspects_ask(&p->suspects, p->from, e) != 0))
		return -1;
	p->suspect = suspects_next(&p->suspects, p->from);
	return 0;
}

static int
apply_round(struct pieces *p, uint64_t first, uint64_t last, struct err *e)
{
	p->from = first;
	p->end = last + 1;
	p->good = p->hunt = 0;
	p->guessed = p->taken = false;
	while (p->from < p->end) {
		int rc;

		if (suspect(p, e) != 0)
			return -1;
		p->to = next_end(p);
		rc = try_insert(p, e);
		if (rc < 0 || (rc == 0 && shrink(p, e) != 0))
			return -1;
		if (rc > 0)
			pass(p, p->to);
	}
	return flush(p, e);
}

/* They may need one another: all of them at once to begin with. */
static int
apply_again(struct pieces *p, uint64_t round, uint64_t first, uint64_t last, struct err *e)
{
	p->final = round > PLAN_REJECTS_AGAIN && !p->taken;
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
			rc = apply_again(p, *round, first, last, e);
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
	struct route_counts *c = &p->r->counts;
	uint64_t rows = 0;

	if (numbers(p, p->plan->sql[SQL_IN_LINE], &rows, 1, e) != 0)
		return -1;
	c->updated = p->updated;
	c->inserted = p->written - p->updated;
	c->unchanged = p->unchanged;
	if (p->st->once && p->plan->rules->conflict->sets)
		c->unchanged += rows - p->written;
	c->skipped = c->read - c->rejected - c->inserted - c->updated - c->unchanged;
	return db_exec(p->r->db, e, "%s", p->plan->sql[SQL_DROP_LINE]);
}

/* The INSERT of all rows has come to the first that is refused, or has not counted. */
static int
prepare(struct pieces *p, const struct err *why, struct err *e)
{
	suspects_init(&p->suspects, p->r);
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
			   .why = ERR_INIT,
			   .sql = BUF_INIT,
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
	buf_release(&p.sql);
	err_release(&p.why);
	return rc;
}
