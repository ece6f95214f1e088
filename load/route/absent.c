/*
 * Nothing is deleted before its number is known and allowed.
 */
#include "load/route/absent.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/talk/log.h"
#include "load/match/plan.h"
#include "load/route/route.h"
#include "load/route/staged.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"

/* By the extended protocol, for the user's text may be in it; ${*rows} are those written. */
static int
run(struct db *db, const char *sql, uint64_t *rows, struct err *e)
{
	uint64_t before = db->rows_written;

	if (db_exec_one(db, e, sql) != 0)
		return -1;
	*rows = db->rows_written - before;
	return 0;
}

/* How many may be deleted. */
static uint64_t
most(const struct absent *a, const struct rules_absent_rows *rules)
{
	uint64_t share = (uint64_t)rules->most;

	if (!rules->percent)
		return share;
	if (share >= 100)
		return UINT64_MAX;
	return a->present / 100 * share + a->present % 100 * share / 100;
}

static int
refuse(const struct absent *a, const struct plan *plan, struct err *e)
{
	const struct rules_absent_rows *rules = &plan->rules->absent;
	char *of = rules->percent ? xasprintf(" of %" PRIu64, a->present) : xstrdup("");

	err_set(e, EXIT_DATA,
		"%" PRIu64 "%s rows of \"%s\"%s are not in the stream, more than "
		"--max-delete=%" PRId64 "%s lets be deleted",
		a->rows, of, plan->target.name, rules->scope != NULL ? " in its scope" : "",
		rules->most, rules->percent ? "%" : "");
	free(of);
	err_detail(e, "Nothing is committed.");
	return err_hint(e, "If they are gone indeed, allow more with --max-delete.");
}

static int
check(const struct absent *a, const struct plan *plan, struct err *e)
{
	return a->rows > most(a, &plan->rules->absent) ? refuse(a, plan, e) : 0;
}

/* The server names the constraint. */
static void
explain(struct err *e)
{
	if (strcmp(e->sqlstate, "23503") == 0 && e->hint == NULL)
		err_hint(e, "Rows of another table refer to rows that are not in the stream: "
			    "load that table first, or both as a set.");
}

static int
delete_rows(struct absent *a, struct db *db, const struct plan *plan, const char *sql,
	    struct err *e)
{
	a->done = true;
	if (a->rows == 0)
		return 0;
	if (db_exec_rows(db, e, sql, &a->deleted) != 0) {
		explain(e);
		return -1;
	}
	if (a->deleted < a->rows)
		log_warning("%" PRIu64
			    " rows of \"%s\" are not in the stream and still there: a "
			    "trigger or a policy has kept them",
			    a->rows - a->deleted, plan->target.name);
	return 0;
}

static void
tell(const struct absent *a, const struct plan *plan)
{
	log_event("absent", json_pack("{s:I}", "rows", (json_int_t)a->rows),
		  "%" PRIu64 " rows of \"%s\" are not in the stream", a->rows,
		  plan->target.name);
	if (plan->rel->row_security && plan->rules->absent.scope == NULL)
		log_warning("rows of \"%s\" that row security hides from this role stay, "
			    "whether they are in the stream or not (--scope says which rows "
			    "are meant)",
			    plan->target.name);
}

static int
find(struct absent *a, struct db *db, const struct plan *plan, struct err *e)
{
	char *const *sql = plan->sql;
	uint64_t still = 0;

	if (!a->found) {
		a->sql = xstrdup_null(sql[SQL_DELETE_LAST]);
		a->found = true;
		return run(db, sql[SQL_ABSENT], &a->rows, e);
	}
	if (run(db, sql[SQL_STILL], &still, e) != 0)
		return -1;
	a->rows -= still;
	return 0;
}

/* No more than the rule has to know, which INT64_MAX is for all. */
static int
count_present(struct absent *a, struct db *db, const struct plan *plan, uint64_t enough,
	      struct err *e)
{
	const char *sql = plan->sql[SQL_PRESENT];

	if (a->counted || sql == NULL)
		return 0;
	a->counted = true;
	enough = enough < INT64_MAX - a->added ? enough + a->added : INT64_MAX;
	if (staged_numbers_of(db, sql, 1, &enough, &a->present, 1, e) != 0)
		return -1;
	a->present = a->present > a->added ? a->present - a->added : 0;
	return 0;
}

/* Of so many rows, those that are absent are a share that is allowed. */
static uint64_t
enough_present(const struct absent *a, const struct rules_absent_rows *rules)
{
	uint64_t share = (uint64_t)rules->most;

	if (share == 0 || a->rows > INT64_MAX / 200)
		return INT64_MAX;
	return (a->rows * 100 + share - 1) / share;
}

/* They are found, and nobody else says more. */
static int
settle(struct absent *a, struct db *db, const struct plan *plan, struct err *e)
{
	if ((a->rows > 0 &&
	     count_present(a, db, plan, enough_present(a, &plan->rules->absent), e) != 0))
		return -1;
	tell(a, plan);
	if (check(a, plan, e) != 0)
		return -1;
	return plan->sql[SQL_DELETE] != NULL
		       ? delete_rows(a, db, plan, plan->sql[SQL_DELETE], e)
		       : 0;
}

int
absent_find(struct route *r, struct err *e)
{
	const struct plan *plan = r->plan;
	struct absent *a = r->absent;

	if (a == NULL)
		return 0;
	if (plan->sql[SQL_ABSENT] != NULL && !plan->rules->absent.several)
		return find(a, r->db, plan, e) == 0 ? settle(a, r->db, plan, e) : -1;
	if (count_present(a, r->db, plan, INT64_MAX, e) != 0)
		return -1;
	/* else keys follow */
	return plan->sql[SQL_ABSENT] != NULL ? find(a, r->db, plan, e) : 0;
}

int
absent_take(struct route *r, uint64_t rows, struct err *e)
{
	struct absent *a = r->absent;

	a->sql = xstrdup_null(r->plan->sql[SQL_DELETE_LAST]);
	a->found = true;
	a->rows = rows;
	return settle(a, r->db, r->plan, e);
}

void
absent_added(struct route *r)
{
	if (r->absent != NULL && r->plan->stage->counts_late)
		r->absent->added += r->counts.inserted;
}

/* By what, other than that rows are gone from it, the table may lack a key of the stream. */
static char *
suspicion(const struct plan *plan)
{
	const struct plan_stage *st = plan->stage;
	size_t j;

	if (st->facts.insert_triggers)
		return xstrdup("A BEFORE INSERT trigger may change keys or leave rows out");
	for (j = 0; j < st->nkey && plan->columns[st->key[j]].way == PLAN_SAME; j++)
		;
	return xasprintf("The key's column \"%s\" is cast from %s, and may have been written "
			 "otherwise",
			 plan->columns[st->key[j]].target,
			 plan->columns[st->key[j]].stage_type);
}

int
absent_trust(struct route *r, struct err *e)
{
	bool alone = r->plan->rules->keys == KEYS_ALONE;
	uint64_t lost = 0;
	char *by;

	if (r->absent == NULL || r->plan->sql[SQL_LOST] == NULL || r->absent->rows == 0)
		return 0;
	if (staged_numbers(r->db, r->plan->sql[SQL_LOST], &lost, 1, e) != 0)
		return -1;
	if (lost == 0)
		return 0;
	err_set(e, EXIT_DATA, "--delete: a key of the stream is not in \"%s\"%s",
		r->plan->target.name, alone ? "" : " when its row has been written");
	by = suspicion(r->plan);
	err_hint(e, "%s, so that it cannot be told which rows are absent.%s", by,
		 alone ? " Where rows are gone from the table, a run of all rows brings them "
			 "back (portl-extract --since=none)."
		       : "");
	free(by);
	return -1;
}

bool
absent_waits(const struct absent *a)
{
	return a->found && !a->done;
}

int
absent_finish(struct absent *a, struct db *db, const struct plan *plan, struct err *e)
{
	if (plan->rules->absent.several)
		tell(a, plan);
	return check(a, plan, e) != 0 ? -1 : delete_rows(a, db, plan, a->sql, e);
}

void
absent_release(struct absent *a)
{
	free(a->sql);
	*a = (struct absent){.sql = NULL};
}
