/*
 * This is allowed if rows came in key order, or if no other loader writes the target.  MERGE
 * also needs each key to come once.  One INSERT … ON CONFLICT does not where rows that are
 * there stay as they are (--conflict=skip): of the rows of one key the first is inserted and
 * the others are skipped.
 */
#include "load/route/inorder.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "load/match/plan.h"
#include "load/rules/rules.h"
#include "load/route/staged.h"
#include "load/stage/plan_stage.h"

/* Do rows of one key come out right in a single statement that keeps what is there? */
static bool
keeps_first(const struct route *r)
{
	const struct load_rules *o = r->plan->rules;

	return r->plan->stage->once &&
	       (o->conflict->keeps || o->duplicates != DUPLICATES_FIRST);
}

enum { THERE, MANY, FACTS };

static int
ask(const struct route *r, uint64_t *facts, struct err *e)
{
	return staged_numbers(r->db, r->plan->sql[SQL_THERE], facts, FACTS, e);
}

/* A unique index refuses a key that comes twice. */
static int
index_keys(struct staged *s, struct err *e)
{
	struct db *db = s->base.db;
	struct err why = ERR_INIT;

	if (db_exec(db, &why, "SAVEPOINT portl; %s; RELEASE SAVEPOINT portl",
		    s->base.plan->sql[SQL_INDEX]) == 0) {
		s->indexed = true;
		if (s->order != KEYRUN_ASCENDING)
			s->order = KEYRUN_DISTINCT;
		return 0;
	}
	if (strcmp(why.sqlstate, "23505") != 0) {
		err_take(e, &why);
		return -1;
	}
	err_release(&why);
	s->order = KEYRUN_TWICE;
	return db_exec(db, e, "ROLLBACK TO SAVEPOINT portl; RELEASE SAVEPOINT portl");
}

int
inorder_index(struct staged *s, struct err *e)
{
	const struct route *r = &s->base;
	uint64_t facts[FACTS];

	if (s->indexed || !r->plan->stage->merges || s->order == KEYRUN_MIXED ||
	    s->order == KEYRUN_TWICE)
		return 0;
	if (ask(r, facts, e) != 0)
		return -1;
	return facts[THERE] && facts[MANY] ? index_keys(s, e) : 0;
}

/*
 * Whether the rows can be taken as they came: in key order, or alone, and each
 * key once, if that matters.  1, 0 if not, -1.
 */
static int
may_keep_order(struct staged *s, struct err *e)
{
	char *const *sql = s->base.plan->sql;
	enum statement id = SQL_UNSORTED;
	uint64_t found = 0;

	if (sql[SQL_SORTED] == NULL || s->order == KEYRUN_MIXED)
		return 0;
	if (s->order == KEYRUN_ASCENDING ||
	    (s->alone && (s->order == KEYRUN_DISTINCT || keeps_first(&s->base))))
		return 1;
	if (s->alone && sql[SQL_AGAIN] != NULL) {
		id = SQL_AGAIN; /* where the index is not worth it */
		if (inorder_index(s, e) != 0)
			return -1;
	}
	if (s->order == KEYRUN_TWICE)
		return 0;
	if (s->alone && s->order == KEYRUN_DISTINCT)
		return 1;
	if (staged_numbers(s->base.db, sql[id], &found, 1, e) != 0)
		return -1;
	if (found == 0) /* and it stays so when rows are left out */
		s->order = id == SQL_UNSORTED ? KEYRUN_ASCENDING : KEYRUN_DISTINCT;
	return found == 0;
}

/* One INSERT may do for rows that are not known to be distinct; MERGE does not. */
static bool
may_merge(const struct staged *s)
{
	bool distinct = s->order == KEYRUN_ASCENDING || s->order == KEYRUN_DISTINCT;

	return distinct && s->base.plan->stage->merges;
}

/*
 * 1 if all is in, 0 if the key's index has gone meanwhile, or -1; what was done is
 * to be rolled back then.  MERGE would not miss the index.  But the lock that it
 * holds until COMMIT keeps DROP INDEX out, and DROP INDEX CONCURRENTLY declares the
 * index invalid before it waits for such locks: what is there now was there all the time.
 */
static int
merge(const struct route *r, bool index, uint64_t *written, struct err *e)
{
	char *sql = xasprintf("SAVEPOINT portl; %s%s%s; %s",
			      index ? r->plan->sql[SQL_INDEX] : "", index ? "; " : "",
			      r->plan->sql[SQL_SETTINGS], r->plan->sql[SQL_MERGE]);
	uint64_t facts[FACTS];
	int rc = db_exec_rows(r->db, e, sql, written);

	free(sql);
	if (rc != 0 || ask(r, facts, e) != 0)
		return -1;
	if (!facts[THERE])
		return 0;
	rc = db_exec(r->db, e, "%s; RELEASE SAVEPOINT portl", r->plan->sql[SQL_RESET]);
	return rc == 0 ? 1 : -1;
}

/* The same of an INSERT, which fails without the index. */
static int
insert(const struct route *r, uint64_t *written, struct err *e)
{
	char *sql = xasprintf("SAVEPOINT portl; %s; RELEASE SAVEPOINT portl",
			      r->plan->sql[SQL_SORTED]);
	int rc = db_exec_rows(r->db, e, sql, written);

	free(sql);
	return rc == 0 ? 1 : -1;
}

int
inorder_insert(struct staged *s, uint64_t *written, struct err *e)
{
	struct route *r = &s->base;
	static const char back[] = "ROLLBACK TO SAVEPOINT portl; RELEASE SAVEPOINT portl";
	struct err first = ERR_INIT;
	uint64_t facts[FACTS] = {1, 0}, rows = 0;
	int rc = may_keep_order(s, e);

	if (rc <= 0)
		return rc;
	if (may_merge(s) && ask(r, facts, e) != 0)
		return -1;
	if (!facts[THERE])
		return 0;
	if (!may_merge(s) && staged_number(s, e) != 0)
		return -1;
	rc = may_merge(s) ? merge(r, facts[MANY] != 0 && !s->indexed, &rows, &first)
			  : insert(r, &rows, &first);
	if (rc > 0) {
		*written += rows;
		return 1;
	}
	if (rc < 0 && staged_may_reject(r->plan->stage, &first)) {
		err_take(e, &first);
		return -1;
	}
	rc = rc == 0 || staged_names_row(&first) ? db_exec(r->db, e, back) : -1;
	if (rc != 0 && e->code == EXIT_DONE)
		err_take(e, &first);
	err_release(&first);
	return rc;
}
