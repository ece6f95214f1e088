/*
 * A message is some statements; a second one asks how far an INSERT came that failed.
 */
#include "load/route/attempt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/rejects/rejects.h"
#include "load/route/route.h"
#include "load/stage/plan_stage.h"

static const char back[] = "ROLLBACK TO SAVEPOINT portl";
static const char release[] = "RELEASE SAVEPOINT portl";

void
attempt_init(struct attempt *a, struct route *r)
{
	*a = (struct attempt){.r = r, .plan = r->plan, .why = ERR_INIT, .sql = BUF_INIT};
}

void
attempt_release(struct attempt *a)
{
	buf_release(&a->sql);
	err_release(&a->why);
}

/* ---- messages ---- */

static void
next(struct attempt *a, enum attempt_step step)
{
	buf_adds(&a->sql, a->nsteps > 0 ? "; " : "");
	a->steps[a->nsteps++] = step;
}

/* One statement more, unless it is NULL. */
static void
add(struct attempt *a, enum attempt_step step, const char *sql)
{
	if (sql == NULL)
		return;
	next(a, step);
	buf_adds(&a->sql, sql);
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
take(struct attempt *a, enum attempt_step step, PGresult *res, struct err *e)
{
	switch (step) {
	case ATTEMPT_BEFORE:
		a->before = number(res, 0);
		break;
	case ATTEMPT_INSERT:
		a->rows = strtoull(PQcmdTuples(res), NULL, 10);
		a->counts.written += a->rows;
		break;
	case ATTEMPT_AFTER:
		a->rows = least(a->rows, number(res, 0) - a->before);
		break;
	case ATTEMPT_COUNTS:
		a->counts.updated += least(a->rows, number(res, 0));
		a->counts.unchanged += number(res, 1);
		break;
	case ATTEMPT_LEFT:
		return route_reject(a->r, number(res, 0), NULL, &a->why, e);
	case ATTEMPT_AT:
		a->at = number(res, 0);
		break;
	case ATTEMPT_QUIET:
		break;
	}
	return 0;
}

/* Send the message.  Returns how many statements passed; ${why} the next one did not; -1. */
static int
run(struct attempt *a, struct err *why, struct err *e)
{
	PGresult *results[ATTEMPT_STEPS];
	int n = db_exec_each(a->r->db, why, buf_cstr(&a->sql), results, a->nsteps);
	int i, rc = 0;

	for (i = 0; i < n; i++) {
		if (rc == 0)
			rc = take(a, a->steps[i], results[i], e);
		PQclear(results[i]);
	}
	a->sql.len = 0;
	a->nsteps = 0;
	return rc == 0 ? n : -1;
}

int
attempt_flush(struct attempt *a, struct err *e)
{
	return a->nsteps > 0 && (run(a, e, e) < 0 || e->code != EXIT_DONE) ? -1 : 0;
}

/* ---- INSERTs ---- */

/*
 * What counts what the INSERT does stands around it.  Returns which statement of the message
 * the INSERT itself is.
 */
static int
add_insert(struct attempt *a, const char *zero, const char *sql)
{
	int index;

	add(a, ATTEMPT_QUIET, zero);
	add(a, ATTEMPT_BEFORE, a->plan->sql[SQL_UPDATES]);
	index = a->nsteps;
	add(a, ATTEMPT_INSERT, sql);
	add(a, ATTEMPT_AFTER, a->plan->sql[SQL_UPDATES]);
	add(a, ATTEMPT_COUNTS, a->plan->sql[SQL_COUNTS]);
	return index;
}

static int
add_rows(struct attempt *a, uint64_t from, uint64_t to, const char *except)
{
	struct buf sql = BUF_INIT;
	int index;

	if (to - from == 1)
		buf_addf(&sql, "%s%" PRIu64 ")", a->plan->sql[SQL_PIECE_ROW], from);
	else
		buf_addf(&sql, "%s%" PRIu64 ", %" PRIu64 ", '{%s}')", a->plan->sql[SQL_PIECE],
			 from, to, except);
	index = add_insert(a, a->plan->sql[SQL_ZERO], buf_cstr(&sql));
	buf_release(&sql);
	return index;
}

void
attempt_add_rows(struct attempt *a, uint64_t from, uint64_t to)
{
	add_rows(a, from, to, "");
}

void
attempt_add_leave(struct attempt *a, uint64_t position)
{
	next(a, ATTEMPT_LEFT);
	buf_addf(&a->sql, "%s'{%" PRIu64 "}')", a->plan->sql[SQL_LEAVE], position);
}

/* The server has refused the INSERT, which is statement ${trial}: for a row's sake? */
static bool
is_refused(struct attempt *a, int n, int trial, struct err *why)
{
	err_take(&a->why, why);
	return n == trial && rejects_is_for(&a->why);
}

/*
 * How far had it come?  A constraint (class 23) is broken by a row, and no trigger could
 * raise it for the statement: of a single row nothing need be asked.
 */
static int
look(struct attempt *a, uint64_t from, uint64_t to, struct err *e)
{
	add(a, ATTEMPT_QUIET, back);
	add(a, ATTEMPT_QUIET, release);
	if (to - from == 1 && !a->plan->stage->rejects->triggers &&
	    strncmp(a->why.sqlstate, "23", 2) == 0) {
		a->at = from;
		return 0;
	}
	add(a, ATTEMPT_AT, a->plan->sql[SQL_LAST]);
	return attempt_flush(a, e);
}

int
attempt_rows(struct attempt *a, uint64_t from, uint64_t to, const char *except, struct err *e)
{
	struct err why = ERR_INIT;
	int trial, all, n;

	add(a, ATTEMPT_QUIET, "SAVEPOINT portl");
	trial = add_rows(a, from, to, except);
	all = a->nsteps;
	n = run(a, &why, e);
	err_release(&a->why);
	if (n == all)
		add(a, ATTEMPT_QUIET, release);
	if (n == all || n < 0) {
		err_release(&why);
		return n < 0 ? -1 : 1;
	}
	if (is_refused(a, n, trial, &why)) {
		if (look(a, from, to, e) != 0)
			return -1;
		if (a->at > 0)
			return 0;
	}
	err_take(e, &a->why); /* no row is to blame */
	return -1;
}

/* Sequences are set back only where they count what becomes of rows. */
int
attempt_row(struct attempt *a, uint64_t position, struct err *e)
{
	const char *zero = a->plan->sql[SQL_COUNTS] != NULL ? a->plan->sql[SQL_ZERO] : NULL;
	struct err why = ERR_INIT;
	char sql[128];
	int trial, all, n;

	add(a, ATTEMPT_QUIET, a->open ? back : "SAVEPOINT portl");
	snprintf(sql, sizeof(sql), "%s%" PRIu64 ")", a->plan->sql[SQL_PIECE_ROW], position);
	trial = add_insert(a, zero, sql);
	all = a->nsteps;
	n = run(a, &why, e);
	err_release(&a->why);
	a->open = n != all;
	if (n == all)
		add(a, ATTEMPT_QUIET, release);
	if (n == all || n < 0) {
		err_release(&why);
		return n < 0 ? -1 : 1;
	}
	if (is_refused(a, n, trial, &why))
		return 0;
	err_take(e, &a->why);
	return -1;
}

void
attempt_close(struct attempt *a)
{
	if (!a->open)
		return;
	add(a, ATTEMPT_QUIET, back);
	add(a, ATTEMPT_QUIET, release);
	a->open = false;
}
