/*
 * Each query runs under a savepoint and is undone, so that nothing it does or says matters,
 * and under a search_path on which only the system's names are: what the catalog gives as
 * a constraint's text was written under that.
 */
#include "load/route/suspects.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/route/route.h"
#include "load/stage/suspects_sql.h"

#define WRONG 100 /* suspects that were none, and more than that were: it is not worth it */

static const enum statement statements[PLAN_SUSPECTS] = {
	[SUSPECT_VALUES] = SQL_CUT_VALUES,
	[SUSPECT_REFERENCES] = SQL_CUT_REFS,
	[SUSPECT_TWICE] = SQL_CUT_TWICE,
};

/* ${*res} is NULL where the query itself failed, for a reason that does not matter. */
static int
ask(struct db *db, const char *sql, int n, const char *const *params, PGresult **res,
    struct err *e)
{
	struct err why = ERR_INIT;

	if (db_exec(db, e,
		    "SAVEPOINT portl_ask; SET LOCAL search_path TO pg_catalog, pg_temp; "
		    "SET LOCAL client_min_messages = error") != 0)
		return -1;
	*res = db_query(db, &why, sql, n, params);
	if (why.signal != 0 || db_is_lost(db) || strncmp(why.sqlstate, "57", 2) == 0) {
		err_take(e, &why);
		return -1;
	}
	err_release(&why);
	if (db_exec(db, e, "ROLLBACK TO SAVEPOINT portl_ask; RELEASE SAVEPOINT portl_ask") == 0)
		return 0;
	PQclear(*res);
	return -1;
}

int
suspects_missing(const struct route *r, struct err *e)
{
	const char *sql = r->plan->sql[SQL_MISSING], *params[] = {"0", NULL};
	PGresult *res = NULL;
	int found;

	if (sql == NULL)
		return 0;
	if (ask(r->db, sql, 2, params, &res, e) != 0)
		return -1;
	found = res != NULL && PQntuples(res) > 0;
	PQclear(res);
	return found;
}

int
suspects_lost(const struct route *r, uint64_t from, uint64_t to, struct suspects_lost *lost,
	      struct err *e)
{
	const char *sql = r->plan->sql[SQL_LACKING];
	char first[24], behind[24];
	const char *params[] = {first, NULL, behind};
	PGresult *res = NULL;

	*lost = (struct suspects_lost){.n = 0};
	if (sql == NULL)
		return 0;
	snprintf(first, sizeof(first), "%" PRIu64, from);
	snprintf(behind, sizeof(behind), "%" PRIu64, to);
	if (ask(r->db, sql, 3, params, &res, e) != 0)
		return -1;
	if (res != NULL && PQntuples(res) == 1) {
		lost->positions = xstrdup(PQgetvalue(res, 0, 0));
		lost->n = strtoull(PQgetvalue(res, 0, 1), NULL, 10);
		lost->of = strtoull(PQgetvalue(res, 0, 2), NULL, 10);
	}
	PQclear(res);
	return 0;
}

void
suspects_init(struct suspects *s, const struct route *r)
{
	*s = (struct suspects){.r = r};
}

void
suspects_release(struct suspects *s)
{
	int i;

	for (i = 0; i < PLAN_SUSPECTS; i++) {
		free(s->kinds[i].positions);
		buf_release(&s->kinds[i].names);
	}
}

/* One element more of an array's text, unless it is there; true if it was not. */
static bool
add_name(struct buf *names, const char *name)
{
	struct buf element = BUF_INIT;
	bool is_new;

	buf_adds(&element, "\"");
	for (; *name != '\0'; name++)
		buf_addf(&element, *name == '"' || *name == '\\' ? "\\%c" : "%c", *name);
	buf_adds(&element, "\"");
	is_new = strstr(buf_cstr(names), buf_cstr(&element)) == NULL;
	if (is_new)
		buf_addf(names, "%s%s", names->len > 0 ? "," : "", buf_cstr(&element));
	buf_release(&element);
	return is_new;
}

/* Which kind of constraint says so, or PLAN_SUSPECTS. */
static enum plan_suspects
kind_of(const char *sqlstate)
{
	if (strcmp(sqlstate, "23514") == 0 || strcmp(sqlstate, "23502") == 0)
		return SUSPECT_VALUES;
	if (strcmp(sqlstate, "23503") == 0)
		return SUSPECT_REFERENCES;
	return strcmp(sqlstate, "23505") == 0 ? SUSPECT_TWICE : PLAN_SUSPECTS;
}

void
suspects_learn(struct suspects *s, const struct err *why)
{
	enum plan_suspects kind = kind_of(why->sqlstate);
	struct suspects_kind *k = &s->kinds[kind];
	bool named = kind != SUSPECT_VALUES && why->constraint != NULL;

	if (kind == PLAN_SUSPECTS || s->r->plan->sql[statements[kind]] == NULL || k->all)
		return;
	k->all = !named;
	if (named && !add_name(&k->names, why->constraint))
		return;
	k->n = 0;
	k->due = true;
}

void
suspects_learn_missing(struct suspects *s)
{
	s->kinds[SUSPECT_REFERENCES].all = s->kinds[SUSPECT_REFERENCES].due = true;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The next one at or behind ${from}, or NULL. */
static const uint64_t *
next_position(struct suspects_kind *k, uint64_t from)
{
	while (k->next < k->n && k->positions[k->next] < from)
		k->next++;
	return k->next < k->n ? &k->positions[k->next] : NULL;
}

static bool
is_due(const struct suspects_kind *k, uint64_t from)
{
	return k->due && (k->n == 0 || k->positions[k->n - 1] < from);
}

bool
suspects_due(const struct suspects *s, uint64_t from)
{
	int i;

	for (i = 0; i < PLAN_SUSPECTS; i++)
		if (is_due(&s->kinds[i], from))
			return true;
	return false;
}

/* A query gives all there are or the most that are fetched at once. */
static void
keep(struct suspects_kind *k, const PGresult *res)
{
	size_t i;

	k->n = res != NULL ? (size_t)PQntuples(res) : 0;
	k->next = 0;
	k->due = k->n >= SUSPECTS_MOST;
	free(k->positions);
	k->positions = xcalloc(k->n + 1, sizeof(*k->positions));
	for (i = 0; i < k->n; i++)
		k->positions[i] = strtoull(PQgetvalue(res, (int)i, 0), NULL, 10);
}

int
suspects_ask(struct suspects *s, uint64_t from, struct err *e)
{
	char position[24], *names;
	const char *params[] = {position, NULL};
	int i, rc;

	snprintf(position, sizeof(position), "%" PRIu64, from);
	for (i = 0; i < PLAN_SUSPECTS; i++) {
		PGresult *res = NULL;

		if (!is_due(&s->kinds[i], from))
			continue;
		names = s->kinds[i].all ? NULL
					: xasprintf("{%s}", buf_cstr(&s->kinds[i].names));
		params[1] = names;
		rc = ask(s->r->db, s->r->plan->sql[statements[i]], i == SUSPECT_VALUES ? 1 : 2,
			 params, &res, e);
		free(names);
		if (rc != 0)
			return -1;
		keep(&s->kinds[i], res);
		PQclear(res);
	}
	return 0;
}

uint64_t
suspects_next(struct suspects *s, uint64_t from)
{
	uint64_t first = UINT64_MAX;
	int i;

	for (i = 0; i < PLAN_SUSPECTS; i++) {
		const uint64_t *position = next_position(&s->kinds[i], from);

		if (position != NULL && *position < first)
			first = *position;
	}
	return first;
}

size_t
suspects_window(struct suspects *s, uint64_t from, uint64_t *end, uint64_t *positions,
		size_t max)
{
	uint64_t position;
	size_t i, n = 0;

	for (i = 0; i < PLAN_SUSPECTS; i++) {
		const struct suspects_kind *k = &s->kinds[i];

		if (k->due && k->n > 0 && k->positions[k->n - 1] < *end)
			*end = k->positions[k->n - 1] + 1; /* nobody has asked further */
	}
	position = suspects_next(s, from);
	for (; position < *end && n < max; position = suspects_next(s, position + 1))
		positions[n++] = position;
	if (position < *end)
		*end = position;
	for (i = 0; i < PLAN_SUSPECTS; i++)
		s->kinds[i].next = 0;
	return n;
}

/* An index that the query leaves out is named by the server, but not in the query. */
bool
suspects_knows(struct suspects *s, const struct err *why, uint64_t position)
{
	struct suspects_kind *k = &s->kinds[SUSPECT_TWICE];
	const char *query = s->r->plan->stage->suspects[SUSPECT_TWICE];
	struct buf name = BUF_INIT;
	bool known;

	if (query == NULL || why->constraint == NULL || k->n == 0 ||
	    bsearch(&position, k->positions, k->n, sizeof(position), compare) == NULL)
		return false;
	ident_add_literal(&name, why->constraint);
	buf_adds(&name, " = ANY ($2)");
	known = strstr(query, buf_cstr(&name)) != NULL;
	name.len = 0;
	add_name(&name, why->constraint);
	known = known && (k->all || strstr(buf_cstr(&k->names), buf_cstr(&name)) != NULL);
	buf_release(&name);
	return known;
}

void
suspects_judge(struct suspects *s, uint64_t position, bool refused)
{
	int i;

	for (i = 0; i < PLAN_SUSPECTS; i++) {
		struct suspects_kind *k = &s->kinds[i];
		const uint64_t *at = next_position(k, position);

		if (at == NULL || *at != position)
			continue;
		k->right += refused;
		k->wrong += !refused;
		if (k->wrong < WRONG || k->wrong < k->right)
			continue;
		k->n = 0;
		k->due = false;
		k->all = true;
	}
}
