/*
 * Errors of the temporary table become errors of the target; rows that have one key; the
 * queue of loaders in front of the target.
 */
#include "load/route/staged.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/match/waits.h"
#include "load/rejects/rejects.h"
#include "load/route/copycontext.h"
#include "load/route/route.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

int
staged_numbers_of(struct db *db, const char *sql, int n, const uint64_t *args,
		  uint64_t *numbers, int count, struct err *e)
{
	char text[STAGED_ARGS][24];
	const char *params[STAGED_ARGS];
	PGresult *res;
	int i;

	for (i = 0; i < n; i++) {
		snprintf(text[i], sizeof(text[i]), "%" PRIu64, args[i]);
		params[i] = text[i];
	}
	res = db_query(db, e, sql, n, params);

	if (res == NULL)
		return -1;
	for (i = 0; i < count; i++)
		numbers[i] = PQntuples(res) > 0 ? strtoull(PQgetvalue(res, 0, i), NULL, 10) : 0;
	PQclear(res);
	return 0;
}

int
staged_numbers(struct db *db, const char *sql, uint64_t *numbers, int count, struct err *e)
{
	return staged_numbers_of(db, sql, 0, NULL, numbers, count, e);
}

void
staged_begin(struct staged *s)
{
	s->order = KEYRUN_UNKNOWN;
	s->alone = s->indexed = s->numbered = false;
}

/* What a row takes more than in the target may be too much for a page. */
static void
explain_size(struct err *e)
{
	if (strcmp(e->sqlstate, "54000") == 0 && e->hint == NULL)
		err_hint(e, "Staged, a row has its number with it, which takes 8 bytes; one "
			    "that fits the table without them goes in if no --conflict, no "
			    "--rejects and no cast makes it be staged.");
}

int
staged_number(struct staged *s, struct err *e)
{
	const char *sql = s->base.plan->sql[SQL_NUMBERS];

	if (sql == NULL || s->numbered)
		return 0;
	s->numbered = true;
	if (db_exec(s->base.db, e, "%s", sql) == 0)
		return 0;
	explain_size(e);
	return -1;
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
		column = xstrdup_null(name);
	}
	free(words);
	return column;
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
	const struct rules_by_parts *parts = &r->plan->rules->parts;
	char *table = parts->what != PARTS_NONE
			      ? xstrdup(parts->table.name)
			      : xasprintf("portl_stage_%s", r->plan->stage->id);
	struct copycontext at;

	if (!copycontext_read(e->context, table, &at)) {
		free(table);
		return false;
	}
	*line = at.line;
	*column = find_column(r, at.rest, at.len);
	if (strcmp(e->sqlstate, "23502") == 0)
		explain_null_key(r, column, e);
	if (strcmp(e->sqlstate, "23514") == 0)
		explain_cut(r, table, column, e);
	if (*column == NULL)
		explain_size(e);
	free(table);
	free(e->column);
	e->column = NULL;
	free(e->context);
	e->context = NULL;
	return true;
}

int
staged_locate(struct route *r, struct err *e)
{
	char *column = NULL;
	uint64_t line;

	if (staged_where(r, e, &line, &column))
		route_at_line(r, line, column, e);
	free(column);
	return -1;
}

/* Returns 1 if the cast fails and says the same, 0, -1. */
static int
fails_alike(const struct route *r, const uint64_t *args, const struct err *why, struct err *e)
{
	struct err got = ERR_INIT;
	int rc;

	if (staged_numbers_of(r->db, r->plan->sql[SQL_CAST], 2, args, NULL, 0, &got) == 0)
		return 0;
	rc = got.msg != NULL && strcmp(got.msg, why->msg) == 0;
	err_release(&got);
	return db_exec(r->db, e, "ROLLBACK TO SAVEPOINT portl_cast") == 0 ? rc : -1;
}

int
staged_cast_column(const struct route *r, uint64_t position, const struct err *why,
		   const char **column, struct err *e)
{
	const struct plan *plan = r->plan;
	uint64_t args[] = {position, 0};
	int found = 0;
	size_t i;

	*column = NULL;
	if (plan->sql[SQL_CAST] == NULL || strncmp(why->sqlstate, "22", 2) != 0)
		return 0;
	if (db_exec(r->db, e, "SAVEPOINT portl_cast") != 0)
		return -1;
	for (i = 0; found == 0 && i < plan->ncolumns; i++) {
		if (plan->columns[i].target == NULL || plan->columns[i].way == PLAN_SAME)
			continue;
		args[1] = i;
		found = fails_alike(r, args, why, e);
		if (found > 0)
			*column = plan->columns[i].target;
	}
	return found < 0 ? -1 : db_exec(r->db, e, "RELEASE SAVEPOINT portl_cast");
}

/* --duplicates=error */
int
staged_refuse_duplicates(const struct route *r, struct err *e)
{
	uint64_t rows[2] = {0, 0}, earlier;

	if (r->plan->sql[SQL_TWICE] == NULL)
		return 0;
	if (staged_numbers(r->db, r->plan->sql[SQL_TWICE], rows, 2, e) != 0)
		return -1;
	if (rows[0] == 0)
		return 0;
	if (route_number(r, rows[1], &earlier, e) != 0)
		return -1;
	err_set(e, EXIT_DATA, "the key is that of row %" PRIu64 " (--duplicates=error)",
		earlier);
	return route_at(r, rows[0], NULL, e);
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

bool
staged_may_reject(const struct plan_stage *st, const struct err *e)
{
	return st->rejects != NULL && rejects_is_for(e);
}

int
staged_forget(struct route *r, struct err *e)
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

/* Where lock_timeout says how long, the transaction is lost when the time is over. */
static int
await(struct db *db, const char *sql, bool limited, int *ms, struct err *e)
{
	if (!limited)
		return *ms > 0 || waits_long(db, ms, e) == 0 ? waits_try(db, sql, *ms, e) : -1;
	if (db_exec_one(db, e, sql) == 0)
		return 0;
	if (strcmp(e->sqlstate, "55P03") != 0)
		return -1;
	err_release(e);
	err_set(e, EXIT_DATA,
		"another loader writes the table, and the time to wait for locks is over");
	snprintf(e->sqlstate, sizeof(e->sqlstate), "55P03");
	return -1;
}

/*
 * Wait for a loader that writes in another order, as long as lock_timeout lets us, and so that
 * the server sees it, for that one may wait for what we have written.  A lock in our way that
 * is no such loader's is passed by: while it is there nobody can be alone, and rows go in
 * sorted.  What is asked twice has not just ended in between.
 */
static int
join_queue(struct db *db, char *const *sql, struct err *e)
{
	uint64_t answer[2] = {0, 0}; /* the second is lock_timeout */
	int strangers = 0, ms = 0, rc = 1;

	while (rc > 0) {
		if (staged_numbers(db, sql[SQL_QUEUE], answer, 2, e) != 0)
			return -1;
		strangers += answer[0] == 2;
		if (answer[0] == 1 || strangers == 2)
			return 0;
		if (answer[0] == 0)
			rc = await(db, sql[SQL_AWAIT], answer[1] > 0, &ms, e);
	}
	return rc;
}

int
staged_queue(struct staged *s, struct err *e)
{
	bool ordered = s->order == KEYRUN_ASCENDING || s->order == KEYRUN_MIXED;
	char *const *sql = s->base.plan->sql;
	struct db *db = s->base.db;
	uint64_t alone = 0;

	if (sql[SQL_ALONE] != NULL && !ordered &&
	    staged_numbers(db, sql[SQL_ALONE], &alone, 1, e) != 0)
		return -1;
	s->alone = alone != 0;
	if (!s->alone && sql[SQL_QUEUE] != NULL && join_queue(db, sql, e) != 0)
		return -1;
	return sql[SQL_LOCK_OLD] != NULL ? db_exec(db, e, "%s", sql[SQL_LOCK_OLD]) : 0;
}
