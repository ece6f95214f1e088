/*
 * Rows are staged while they come; the target is not touched before the batch
 * is complete.  Then the rows enter it in key order, so that loaders with
 * overlapping keys queue instead of locking each other out, the first row of
 * each key in a first round, its second row in a second …
 */
#include "load/route_staged.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/db.h"
#include "common/err.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "load/options.h"
#include "load/plan.h"
#include "load/plan_stage.h"
#include "load/target.h"

/* The number in row 0 of a query's result. */
static int
query_numbers(struct db *db, const char *sql, int n, const char *const *params,
	      uint64_t *numbers, int count, struct err *e)
{
	PGresult *res = db_query(db, e, sql, n, params);
	int i;

	if (res == NULL)
		return -1;
	for (i = 0; i < count; i++)
		numbers[i] = PQntuples(res) > 0 ? strtoull(PQgetvalue(res, 0, i), NULL, 10) : 0;
	PQclear(res);
	return 0;
}

/* "c3" in the temporary table is a column of ours. */
static const char *
real_name(const struct route *r, const char *column)
{
	char *end;
	unsigned long n = strtoul(column + 1, &end, 10);

	if (column[0] != 'c' || *end != '\0' || n == 0 || n > r->plan->ncolumns)
		return NULL;
	return r->plan->columns[n - 1].target;
}

/* The only constraint of the temporary table is that keys are not NULL. */
static void
explain_null_key(const struct route *r, uint64_t line, struct err *e)
{
	const char *quoted = e->msg != NULL ? strchr(e->msg, '"') : NULL;
	char *column = quoted != NULL ? xstrndup(quoted + 1, strcspn(quoted + 1, "\""))
				      : xstrdup("");
	const char *name = real_name(r, column);

	free(column);
	if (name == NULL)
		return; /* a domain's own */
	free(e->msg);
	e->msg = xstrdup("a NULL in the key, by which no row can be found");
	free(e->detail);
	e->detail = NULL;
	route_at(r, line, name, e);
}

static int
staged_locate(struct route *r, struct err *e)
{
	char *table = xasprintf("portl_stage_%s", r->plan->stage->id);
	char *column = NULL, *msg = e->msg;
	uint64_t line;

	if (feed_where(e, table, &line, &column)) {
		if (strcmp(e->sqlstate, "23502") == 0)
			explain_null_key(r, line, e);
		if (e->msg == msg)
			route_at(r, line, column != NULL ? real_name(r, column) : NULL, e);
		free(e->context);
		e->context = NULL;
	}
	free(column);
	free(table);
	return -1;
}

static int
staged_begin(struct route *r, struct err *e)
{
	if (db_exec(r->db, e, "%s", r->plan->stage->create_sql) != 0)
		return -1;
	return feed_begin(&r->feed, r->db, r->plan->copy_sql, r->plan->text, e);
}

/* --duplicates=error */
static int
refuse_duplicates(const struct route *r, struct err *e)
{
	uint64_t rows[2] = {0, 0};

	if (query_numbers(r->db, r->plan->stage->twice_sql, 0, NULL, rows, 2, e) != 0)
		return -1;
	if (rows[0] == 0)
		return 0;
	err_set(e, EXIT_DATA, "the key is that of row %" PRIu64 " (--duplicates=error)",
		r->rows_before + rows[1]);
	return route_at(r, rows[0], NULL, e);
}

/* An error that a row's own statement raises, not a trigger after all of them. */
static bool
names_row(const struct err *e)
{
	return e->code == EXIT_DATA && e->sqlstate[0] != '\0' &&
	       strcmp(e->sqlstate, "23503") != 0;
}

/*
 * The INSERT has failed: the counter still says how many rows it had taken, and
 * with the savepoint the temporary table can be read again.
 */
static int
locate_insert(const struct route *r, uint64_t round, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	struct err ignored = ERR_INIT;
	char round_text[24], place_text[24];
	const char *params[] = {place_text, NULL};
	uint64_t place = 0, row = 0;
	int rc;

	if (!names_row(e))
		return -1;
	rc = db_exec(r->db, &ignored, "ROLLBACK TO SAVEPOINT portl");
	if (rc == 0)
		rc = query_numbers(r->db, st->reached_sql, 0, NULL, &place, 1, &ignored);
	if (rc == 0 && place > 0) {
		snprintf(place_text, sizeof(place_text), "%" PRIu64, place);
		snprintf(round_text, sizeof(round_text), "%" PRIu64, round);
		if (round > 1) {
			params[0] = round_text;
			params[1] = place_text;
		}
		rc = query_numbers(r->db, round > 1 ? st->find_rest_sql : st->find_sql,
				   round > 1 ? 2 : 1, params, &row, 1, &ignored);
	}
	err_release(&ignored);
	return rc == 0 && row > 0 ? route_at(r, row, NULL, e) : -1;
}

/* One INSERT.  ${*written} grows by the rows that it wrote. */
static int
insert_round(const struct route *r, uint64_t round, uint64_t *written, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	const char *sql = round > 1 ? st->insert_rest_sql : st->insert_sql;
	char text[24];
	const char *params[] = {text};
	PGresult *res;

	if (db_exec(r->db, e, "%s", st->restart_sql) != 0)
		return -1;
	log_info("SQL: %s", sql);
	snprintf(text, sizeof(text), "%" PRIu64, round);
	res = db_query(r->db, e, sql, round > 1, params);
	if (res == NULL)
		return locate_insert(r, round, e);
	*written += strtoull(PQcmdTuples(res), NULL, 10);
	PQclear(res);
	return db_exec(r->db, e, "RELEASE SAVEPOINT portl");
}

/* The rows whose key an earlier row has, if there are any. */
static int
insert_rest(const struct route *r, uint64_t *written, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	uint64_t reached = 0, rounds = 0, round;

	if (st->rest_sql == NULL)
		return 0;
	if (!st->look_first &&
	    query_numbers(r->db, st->reached_sql, 0, NULL, &reached, 1, e) != 0)
		return -1;
	if (reached == r->counts.read)
		return 0;
	if (db_exec(r->db, e, "%s", st->rest_sql) != 0 ||
	    query_numbers(r->db, st->rounds_sql, 0, NULL, &rounds, 1, e) != 0)
		return -1;
	for (round = 2; round <= rounds; round++)
		if (insert_round(r, round, written, e) != 0)
			return -1;
	return db_exec(r->db, e, "%s", st->drop_rest_sql);
}

/*
 * Rows that a trigger suppressed, or that are not newer, are skipped.  Where
 * there is nothing to set, rows that were there are unchanged: those that the
 * INSERT took in and did not write, for no trigger has been in between.
 */
static int
count(struct route *r, uint64_t written, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	struct route_counts *c = &r->counts;
	uint64_t counted[2] = {0, 0}, reached = written;

	if (st->counts_sql != NULL &&
	    query_numbers(r->db, st->counts_sql, 0, NULL, counted, 2, e) != 0)
		return -1;
	if (st->once && r->plan->options->conflict > CONFLICT_SKIP &&
	    query_numbers(r->db, st->reached_sql, 0, NULL, &reached, 1, e) != 0)
		return -1;
	c->updated = counted[0] < written ? counted[0] : written;
	c->inserted = written - c->updated;
	c->unchanged = counted[1] + reached - written;
	c->skipped = c->read - c->inserted - c->updated - c->unchanged;
	return 0;
}

static int
staged_end(struct route *r, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	uint64_t staged = 0, written = 0;

	if (feed_end(&r->feed, &staged, e) != 0)
		return staged_locate(r, e);
	if (st->twice_sql != NULL && refuse_duplicates(r, e) != 0)
		return -1;
	if (target_prepare(r->db, r->plan, r->first, e) != 0)
		return -1;
	if (st->lock_sql != NULL && db_exec(r->db, e, "%s", st->lock_sql) != 0)
		return -1;
	if (insert_round(r, 1, &written, e) != 0 || insert_rest(r, &written, e) != 0 ||
	    count(r, written, e) != 0)
		return -1;
	return db_exec(r->db, e, "%s", st->drop_sql);
}

const struct route_ops route_staged_ops = {
	.begin = staged_begin,
	.locate = staged_locate,
	.end = staged_end,
};
