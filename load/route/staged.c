/*
 * What has been staged enters the target in key order, so that loaders with
 * overlapping keys queue instead of locking each other out, the first row of
 * each key in a first round, its second row in a second …
 */
#include "load/route/staged.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/stage/plan_rejects.h"
#include "load/rejects/rejects.h"
#include "load/route/inorder.h"
#include "load/route/route.h"
#include "load/stage/plan_stage.h"

#define ROUNDS 200 /* in one message */

int
staged_numbers(struct db *db, const char *sql, int n, const char *const *params,
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

/* "c3" in the temporary table is a column of ours; ${tail} is what has to follow. */
static const struct plan_column *
real_column(const struct route *r, const char *column, const char *tail)
{
	char *end;
	unsigned long n = column[0] == 'c' ? strtoul(column + 1, &end, 10) : 0;

	if (n == 0 || n > r->plan->ncolumns || strcmp(end, tail) != 0)
		return NULL;
	return &r->plan->columns[n - 1];
}

static const char *
real_name(const struct route *r, const char *column)
{
	const struct plan_column *c = real_column(r, column, "");

	return c != NULL ? c->target : NULL;
}

/* The target's name of the column of ours in the text, for the caller to free, or NULL. */
static char *
find_column(const struct route *r, const char *text, size_t len)
{
	char *words = xstrndup(text, len), *rest = words, *column = NULL;
	const char *word, *name;

	while (column == NULL && (word = strsep(&rest, " ,")) != NULL) {
		name = real_name(r, word);
		column = name != NULL ? xstrdup(name) : NULL;
	}
	free(words);
	return column;
}

/*
 * The context is "COPY portl_stage_…, line 1042, column c3: …" in the server's language,
 * which is the superuser's to choose: behind the table's name the first number is the
 * row's, a column's name stands by itself, and a colon precedes the value.
 */
static bool
find_place(const struct route *r, const char *context, const char *table, uint64_t *line,
	   char **column)
{
	const char *at = context != NULL ? strstr(context, table) : NULL;
	char *end;

	if (at == NULL)
		return false;
	at += strlen(table);
	at += strcspn(at, "0123456789\n");
	if (*at == '\0' || *at == '\n')
		return false;
	*line = strtoull(at, &end, 10);
	*column = find_column(r, end, strcspn(end, ":\n"));
	return true;
}

/* Keys of the temporary table are not NULL. */
static void
explain_null_key(const struct route *r, char **column, struct err *e)
{
	const char *name = e->column != NULL ? real_name(r, e->column) : NULL;

	if (name == NULL)
		return; /* a domain's own */
	free(*column);
	*column = xstrdup(name);
	free(e->msg);
	e->msg = xstrdup("a NULL in the key, by which no row can be found");
	free(e->detail);
	e->detail = NULL;
}

/* Its only CHECK is that a value is not longer than the target's type. */
static void
explain_cut(const struct route *r, const char *table, char **column, struct err *e)
{
	size_t len = strlen(table);
	const struct plan_column *c = NULL;

	if (e->constraint != NULL && strncmp(e->constraint, table, len) == 0 &&
	    e->constraint[len] == '_')
		c = real_column(r, e->constraint + len + 1, "_check");
	if (c == NULL)
		return; /* a domain's own */
	free(*column);
	*column = xstrdup(c->target);
	free(e->msg);
	e->msg = xasprintf("value too long for type %s", c->cast_type);
	snprintf(e->sqlstate, sizeof(e->sqlstate), "22001");
	free(e->detail);
	e->detail = NULL;
	free(e->constraint);
	e->constraint = NULL;
}

bool
staged_where(const struct route *r, struct err *e, uint64_t *line, char **column)
{
	char *table = xasprintf("portl_stage_%s", r->plan->stage->id);

	if (!find_place(r, e->context, table, line, column)) {
		free(table);
		return false;
	}
	if (strcmp(e->sqlstate, "23502") == 0)
		explain_null_key(r, column, e);
	if (strcmp(e->sqlstate, "23514") == 0)
		explain_cut(r, table, column, e);
	free(table);
	free(e->column);
	e->column = NULL;
	free(e->context);
	e->context = NULL;
	return true;
}

/* --duplicates=error */
int
staged_refuse_duplicates(const struct route *r, struct err *e)
{
	uint64_t rows[2] = {0, 0};

	if (staged_numbers(r->db, r->plan->stage->twice_sql, 0, NULL, rows, 2, e) != 0)
		return -1;
	if (rows[0] == 0)
		return 0;
	err_set(e, EXIT_DATA, "the key is that of row %" PRIu64 " (--duplicates=error)",
		r->rows_before + rows[1]);
	return route_at(r, rows[0], NULL, e);
}

/* Rows of the batch that are in the temporary table. */
static uint64_t
staged_rows(const struct route *r)
{
	return r->counts.read - r->counts.rejected;
}

bool
staged_names_row(const struct err *e)
{
	static const char *const others[] = {"40", "53", "55", "57", "58"};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(e->sqlstate, others[i], 2) == 0)
			return false;
	return e->code == EXIT_DATA && e->sqlstate[0] != '\0' &&
	       strcmp(e->sqlstate, "23503") != 0;
}

/* May it come from what happens when all rows are in?  Then no row can be named. */
static bool
is_late(const struct plan_stage *st, const struct err *e)
{
	bool unique = strcmp(e->sqlstate, "23505") == 0 || strcmp(e->sqlstate, "23P01") == 0;

	return (st->after_triggers && e->context != NULL) || (st->late_unique && unique);
}

bool
staged_is_sifted(const struct plan_stage *st, const struct err *e)
{
	return st->rejects != NULL && rejects_is_for(e);
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
	char place[24];
	const char *params[] = {place};
	uint64_t row = 0;
	int rc;

	if (!staged_names_row(e) || is_late(st, e) || staged_is_sifted(st, e))
		return -1;
	rc = db_exec(r->db, &ignored, "ROLLBACK TO SAVEPOINT portl");
	if (rc == 0)
		rc = staged_numbers(r->db, counted ? st->reached_sql : st->last_sql, 0, NULL,
				    &row, 1, &ignored);
	if (rc == 0 && row > 0 && counted) {
		snprintf(place, sizeof(place), "%" PRIu64, row);
		rc = staged_numbers(r->db, st->find_sql, 1, params, &row, 1, &ignored);
	}
	err_release(&ignored);
	*found = rc == 0 ? row : 0;
	return -1;
}

/* All rows, or the first of each key.  ${*written} grows by the rows written. */
static int
insert(const struct route *r, uint64_t *written, uint64_t *row, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;

	if (db_exec(r->db, e, "%s", st->restart_sql) != 0)
		return -1;
	if (db_exec_rows(r->db, e, st->insert_sql, written) != 0)
		return locate_insert(r, st->find_sql != NULL, row, e);
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
			 r->plan->stage->round_sql, round);
	rc = db_exec_rows(r->db, e, buf_cstr(&sql), written);
	buf_release(&sql);
	return rc != 0 ? locate_insert(r, false, row, e) : 0;
}

/*
 * The rows whose key an earlier row has, if there are any.  One savepoint for
 * all: more than 64 would slow down every snapshot that the server takes.
 */
static int
insert_rest(struct route *r, uint64_t *written, uint64_t *row, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	uint64_t reached = 0, rounds = 0, round;

	if (st->rest_sql == NULL)
		return 0;
	if (!st->look_first &&
	    staged_numbers(r->db, st->reached_sql, 0, NULL, &reached, 1, e) != 0)
		return -1;
	if (reached == staged_rows(r))
		return 0;
	if (db_exec(r->db, e, "%s", st->rest_sql) != 0 ||
	    staged_numbers(r->db, st->rounds_sql, 0, NULL, &rounds, 1, e) != 0 ||
	    db_exec(r->db, e, "%s", st->restart_sql) != 0)
		return -1;
	for (round = 2; round <= rounds; round += ROUNDS)
		if (insert_rounds(r, round,
				  round + ROUNDS <= rounds ? round + ROUNDS - 1 : rounds,
				  written, row, e) != 0)
			return -1;
	return db_exec(r->db, e, "RELEASE SAVEPOINT portl; %s", st->drop_rest_sql);
}

/* An attempt that was undone counts, too. */
static int
count_updates(const struct route *r, uint64_t *updates, struct err *e)
{
	const char *sql = r->plan->stage->updates_sql;

	*updates = 0;
	return sql != NULL ? staged_numbers(r->db, sql, 0, NULL, updates, 1, e) : 0;
}

/*
 * Rows that a trigger suppressed, or that are not newer, are skipped.  An update
 * that a trigger suppressed was counted before that; the server's own count of
 * updates knows, unless triggers update the target, too.  Where
 * there is nothing to set, rows that were there are unchanged: those that the
 * INSERT took in and did not write, for no trigger has been in between.
 */
static int
count(struct route *r, uint64_t written, uint64_t updates_before, bool in_order, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	struct route_counts *c = &r->counts;
	uint64_t counted[2] = {st->plain ? written : 0, 0}, reached = written, updates = 0;

	if (st->counts_sql != NULL &&
	    staged_numbers(r->db, st->counts_sql, 0, NULL, counted, 2, e) != 0)
		return -1;
	if (st->updates_sql != NULL) {
		if (count_updates(r, &updates, e) != 0)
			return -1;
		if (updates - updates_before < counted[0])
			counted[0] = updates - updates_before;
	}
	if (st->plain && st->newer < 0)
		counted[1] = staged_rows(r) - written;
	if (st->once && r->plan->rules->conflict->sets) {
		reached = staged_rows(r);
		if (!in_order &&
		    staged_numbers(r->db, st->reached_sql, 0, NULL, &reached, 1, e) != 0)
			return -1;
	}
	c->updated = counted[0] < written ? counted[0] : written;
	c->inserted = written - c->updated;
	c->unchanged = counted[1] + reached - written;
	c->skipped = staged_rows(r) - c->inserted - c->updated - c->unchanged;
	return 0;
}

int
staged_forget(const struct route *r, struct err *e)
{
	static const char sql[] = "SELECT name FROM pg_catalog.pg_prepared_statements"
				  " WHERE pg_catalog.right(name, 16) OPERATOR(pg_catalog.=) $1";
	const char *params[] = {r->plan->stage->id};
	PGresult *res = db_query(r->db, e, sql, 1, params);
	int i, rc = res != NULL ? 0 : -1;

	for (i = 0; rc == 0 && i < PQntuples(res); i++)
		rc = db_exec(r->db, e, "DEALLOCATE %s", PQgetvalue(res, i, 0));
	PQclear(res);
	return rc;
}

int
staged_queue(struct route *r, struct err *e)
{
	const struct plan_stage *st = r->plan->stage;
	bool ordered = r->order == KEYRUN_ASCENDING || r->order == KEYRUN_MIXED;
	uint64_t alone = 0;

	if (st->alone_sql != NULL && !ordered &&
	    staged_numbers(r->db, st->alone_sql, 0, NULL, &alone, 1, e) != 0)
		return -1;
	r->alone = alone != 0;
	return r->alone || st->queue_sql == NULL ? 0 : db_exec(r->db, e, "%s", st->queue_sql);
}

int
staged_apply(struct route *r, uint64_t *row, struct err *e)
{
	uint64_t written = 0, updates;
	int in_order;

	*row = 0;
	if (count_updates(r, &updates, e) != 0)
		return -1;
	in_order = inorder_insert(r, &written, e);
	if (in_order < 0)
		return -1;
	if (in_order == 0 &&
	    (count_updates(r, &updates, e) != 0 || insert(r, &written, row, e) != 0 ||
	     insert_rest(r, &written, row, e) != 0))
		return -1;
	return count(r, written, updates, in_order, e);
}
