/*
 * Running the queries of plan_rejects.  One that fails by itself, as a CHECK that
 * divides by zero does, is given up: what it would have found is found row by row.
 */
#include "load/rejects/sift.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/rejects/plan_rejects.h"
#include "load/rejects/rejects.h"
#include "load/route/route.h"
#include "load/route/staged.h"
#include "load/stage/plan_stage.h"

int
sift_note(struct route *r, uint64_t row, const struct err *why, struct err *e)
{
	r->counts.rejected++;
	return rejects_note(r->rejects, r->input, r->rows_before + row, NULL, why, e);
}

static int
query_row(struct route *r, const char *sql, uint64_t row, struct err *e)
{
	char number[24];
	const char *params[] = {number};
	PGresult *res;

	snprintf(number, sizeof(number), "%" PRIu64, row);
	res = db_query(r->db, e, sql, 1, params);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

int
sift_row(struct route *r, uint64_t row, const struct err *why, struct err *e)
{
	if (query_row(r, r->plan->stage->rejects->move_sql, row, e) != 0)
		return -1;
	return sift_note(r, row, why, e);
}

/* Undo what was done since the savepoint "portl" and that itself. */
static int
back(struct route *r, struct err *e)
{
	return db_exec(r->db, e, "ROLLBACK TO SAVEPOINT portl; RELEASE SAVEPOINT portl");
}

/* The rows that one query has found and left out. */
static int
note_found(struct route *r, const PGresult *res, struct err *e)
{
	const struct plan_rejects *pr = r->plan->stage->rejects;
	int i;

	for (i = 0; i < PQntuples(res); i++) {
		const struct plan_reason *reason =
			&pr->reasons[strtoul(PQgetvalue(res, i, 1), NULL, 10)];
		struct err why = {.code = EXIT_DATA,
				  .msg = reason->msg,
				  .column = reason->column,
				  .constraint = reason->constraint};

		memcpy(why.sqlstate, reason->sqlstate, sizeof(why.sqlstate));
		if (sift_note(r, strtoull(PQgetvalue(res, i, 0), NULL, 10), &why, e) != 0)
			return -1;
	}
	return 0;
}

/* May the same query find more? */
static bool
is_more(const struct plan_sift *sift, const PGresult *res)
{
	int found = PQntuples(res);

	if (found == 0 || sift->once)
		return found == PLAN_SIFT_MOST;
	return PQnfields(res) < 4 || atoll(PQgetvalue(res, 0, 3)) > found;
}

/* Until a query finds nothing more, if what it leaves out may leave others in the lurch. */
static int
run_sift(struct route *r, const struct plan_sift *sift, struct err *e)
{
	struct err own = ERR_INIT;
	bool again = true;
	int found, rc = 0;

	while (rc == 0 && again) {
		PGresult *res;

		if (db_exec(r->db, e, "SAVEPOINT portl") != 0)
			return -1;
		res = db_query(r->db, &own, sift->sql, 0, NULL);
		found = res != NULL ? PQntuples(res) : 0;
		if (res != NULL && found > 0)
			rc = db_exec(r->db, e, "RELEASE SAVEPOINT portl");
		else if (own.code == EXIT_DONE || own.code == EXIT_DATA)
			rc = back(r, e);
		else
			rc = -1;
		again = res != NULL && is_more(sift, res);
		if (rc == 0 && res != NULL)
			rc = note_found(r, res, e);
		if (rc == 0 && r->counts.rejected > r->counts.read)
			rc = err_set(e, EXIT_DATA, "more rows are refused than were read");
		PQclear(res);
	}
	if (rc != 0 && e->code == EXIT_DONE)
		err_take(e, &own);
	err_release(&own);
	return rc;
}

/*
 * What is not of the type goes first.  Rows that are bad by themselves go before those that
 * find no partner, and these before those that meet an equal one, which might be bad itself.
 */
static int
rank(const char *sqlstate)
{
	if (strncmp(sqlstate, "22", 2) == 0)
		return 0;
	if (strcmp(sqlstate, "23502") == 0 || strcmp(sqlstate, "23514") == 0)
		return 1;
	return strcmp(sqlstate, "23505") == 0 ? 3 : 2;
}

/* Row by row from one that cannot be cast to the next. */
static int
find_casts(struct route *r, struct err *e)
{
	const struct plan_rejects *pr = r->plan->stage->rejects;
	const struct plan_stage *st = r->plan->stage;
	struct err why = ERR_INIT;
	uint64_t from = 1, row = 0;
	int rc = db_exec(r->db, e, "%s", pr->index_sql) == 0 ? 1 : -1;

	while (rc > 0) {
		if (db_exec(r->db, e, "%s", st->restart_sql) != 0)
			return -1;
		if (query_row(r, pr->casts_sql, from, &why) == 0)
			return db_exec(r->db, e, "RELEASE SAVEPOINT portl");
		rc = -1;
		if (!rejects_is_for(&why)) {
			err_take(e, &why);
		} else if (back(r, e) == 0 &&
			   staged_numbers(r->db, st->last_sql, 0, NULL, &row, 1, e) == 0 &&
			   sift_row(r, row, &why, e) == 0) {
			from = row + 1;
			rc = 1;
		}
		err_release(&why);
	}
	return rc;
}

int
sift_casts(struct route *r, struct err *e)
{
	const struct plan_rejects *pr = r->plan->stage->rejects;
	struct err why = ERR_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; i < pr->nsifts; i++)
		if (rank(pr->sifts[i].sqlstate) == 0 && run_sift(r, &pr->sifts[i], e) != 0)
			return -1;
	if (pr->cast_sql == NULL)
		return 0;
	if (db_exec(r->db, e, "SAVEPOINT portl") != 0)
		return -1;
	if (staged_numbers(r->db, pr->cast_sql, 0, NULL, NULL, 0, &why) == 0)
		return db_exec(r->db, e, "RELEASE SAVEPOINT portl");
	if (rejects_is_for(&why)) {
		rc = back(r, e) == 0 ? find_casts(r, e) : -1;
		err_release(&why);
		return rc;
	}
	err_take(e, &why);
	return -1;
}

int
sift_constraints(struct route *r, const struct err *why, struct err *e)
{
	const struct plan_rejects *pr = r->plan->stage->rejects;
	size_t i;

	for (i = 0; i < pr->nsifts; i++) {
		int kind = rank(pr->sifts[i].sqlstate);

		if (kind > 0 && kind <= rank(why->sqlstate) &&
		    run_sift(r, &pr->sifts[i], e) != 0)
			return -1;
	}
	return 0;
}
