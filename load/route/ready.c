/*
 * A stream may take hours between the plan and its rows, and the table may be altered
 * meanwhile.  So its lock comes first and everything that the plan relied on is compared
 * behind it; what is altered later waits for our COMMIT.
 */
#include "load/route/ready.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "load/match/identity.h"
#include "load/match/plan.h"
#include "load/match/waits.h"
#include "load/rules/rules.h"

/* By the extended protocol: one statement only, whatever a header says. */
static int
run(struct db *db, const char *sql, struct err *e)
{
	return sql != NULL ? db_exec_one(db, e, sql) : 0;
}

/* Nobody else may even read it.  Foreign tables cannot be locked by name. */
static int
lock_all(struct db *db, const struct plan *plan, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc;

	if (plan->rel != NULL && plan->rel->kind == 'f')
		return 0;
	buf_adds(&sql, "LOCK TABLE ");
	relname_add_quoted(&plan->target, &sql);
	buf_adds(&sql, " IN ACCESS EXCLUSIVE MODE");
	rc = waits_run(db, plan, buf_cstr(&sql), e);
	buf_release(&sql);
	return rc;
}

/* TRUNCATE's lock is asked for by itself: a savepoint around TRUNCATE would forbid FREEZE. */
static int
truncate(struct db *db, const struct plan *plan, struct err *e)
{
	return lock_all(db, plan, e) == 0 ? run(db, plan->sql[SQL_TRUNCATE], e) : -1;
}

/*
 * The lock that INSERT and COPY take, on whatever has the name now; or, at once and not
 * later, which would be a deadlock with another who does the same, the one that keeps all
 * writers out.
 */
static int
lock(struct db *db, const struct plan *plan, bool first, struct err *e)
{
	PGresult *res;

	if (plan->sql[SQL_HOLD] != NULL)
		return waits_run(db, plan, plan->sql[SQL_HOLD], e);
	if (first && plan->sql[SQL_TRUNCATE] == NULL)
		return waits_run(db, plan, plan->sql[SQL_LOCK], e);
	res = db_describe(db, e, plan->sql[SQL_LOCK]);
	PQclear(res);
	return res != NULL ? 0 : -1;
}

int
ready_lock(struct db *db, const struct plan *plan, bool whole, struct err *e)
{
	if (plan->rel == NULL)
		return 0;
	if (whole || plan->sql[SQL_TRUNCATE] != NULL || plan->sql[SQL_UNINDEX] != NULL)
		return lock_all(db, plan, e);
	return lock(db, plan, true, e);
}

/* Is it one that LOCK TABLE takes by itself, without what a view reads or a rule fills? */
static bool
is_table(const struct ready_relation *r)
{
	return !r->kept && (r->kind == 'r' || r->kind == 'p');
}

/*
 * One statement for those that nobody else may read, one for the other tables.  Partitions are
 * locked when rows reach them.
 */
static int
try_all(struct db *db, const struct ready_all *of, bool whole, struct err *e)
{
	struct buf alone = BUF_INIT, filled = BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < of->n; i++) {
		const struct ready_relation r = of->relation(of->arg, i);
		bool all = whole || r.alone;
		struct buf *sql = all ? &alone : &filled;

		if (r.kind == 0 || (all && r.kind == 'f'))
			continue;
		if (!all && !is_table(&r)) {
			rc = lock(db, of->plan(of->arg, i), false, e);
			continue;
		}
		buf_adds(sql, sql->len > 0 ? ", " : "LOCK TABLE ");
		if (!all)
			buf_adds(sql, "ONLY ");
		relname_add_quoted(r.target, sql);
	}
	if (rc == 0 && filled.len > 0) {
		buf_adds(&filled, " IN ROW EXCLUSIVE MODE");
		rc = db_exec_one(db, e, buf_cstr(&filled));
	}
	if (rc == 0 && alone.len > 0) {
		buf_adds(&alone, " IN ACCESS EXCLUSIVE MODE");
		rc = db_exec_one(db, e, buf_cstr(&alone));
	}
	buf_release(&alone);
	buf_release(&filled);
	return rc;
}

struct place {
	const struct relname *name;
	size_t place;
};

static int
compare_names(const void *a, const void *b)
{
	const struct relname *x = ((const struct place *)a)->name,
			     *y = ((const struct place *)b)->name;
	int by_schema = strcmp(x->schema != NULL ? x->schema : "",
			       y->schema != NULL ? y->schema : "");

	return by_schema != 0 ? by_schema : strcmp(x->name, y->name);
}

/* By name: the order in which streams have them is not the same for all who wait for locks. */
static struct place *
in_order(const struct ready_all *all)
{
	struct place *order = xcalloc(all->n, sizeof(*order));
	size_t i;

	for (i = 0; i < all->n; i++)
		order[i] = (struct place){all->relation(all->arg, i).target, i};
	qsort(order, all->n, sizeof(*order), compare_names);
	return order;
}

int
ready_lock_all(struct db *db, const struct ready_all *all, bool whole, struct err *e)
{
	struct place *order;
	size_t i;
	int rc = all->n > 1 ? waits_glance(db, e) : 1;

	if (rc == 0) {
		rc = waits_glanced(db, try_all(db, all, whole, e), e);
		if (rc <= 0)
			return rc;
	}
	if (rc < 0)
		return -1;
	order = in_order(all);
	for (i = 0, rc = 0; rc == 0 && i < all->n; i++)
		rc = ready_lock(db, all->plan(all->arg, order[i].place), whole, e);
	free(order);
	return rc;
}

int
ready_altered(const struct relname *target, struct err *e)
{
	err_set(e, EXIT_DATA, "the table \"%s\" was altered just now", target->name);
	return err_hint(e, "Run the transfer again.");
}

int
ready_check(struct db *db, const struct plan *plan, const char *identity, struct err *e)
{
	unsigned oid = plan->rel != NULL ? plan->rel->oid : 0;
	char *now = identity_read(db, oid, &plan->target, e);
	bool same = now != NULL && now[0] != '\0' && strcmp(now, identity) == 0;

	if (now == NULL)
		return -1;
	free(now);
	return same ? 0 : ready_altered(&plan->target, e);
}

int
ready_hold(struct db *db, const struct plan *plan, struct err *e)
{
	if (lock_all(db, plan, e) != 0)
		return -1;
	return plan->held ? 0 : ready_check(db, plan, plan->identity, e);
}

int
ready_add(struct db *db, const struct plan *plan, struct err *e)
{
	if (ready_hold(db, plan, e) != 0)
		return -1;
	return waits_run(db, plan, plan->sql[SQL_ADD], e);
}

/* Definitions are written under pg_catalog, and mean the same only there. */
static int
make_aside(struct db *db, const struct plan *plan, struct err *e)
{
	char *path;
	int rc = session_narrow_path(db, &path, e);

	if (rc == 0)
		rc = db_exec(db, e, "%s", plan->sql[SQL_ASIDE]);
	if (rc == 0)
		rc = session_set_path(db, path, e);
	free(path);
	return rc;
}

int
ready_target(struct db *db, const struct plan *plan, bool first, struct err *e)
{
	if (first && run(db, plan->sql[SQL_CREATE], e) != 0)
		return -1;
	if (first && plan->sql[SQL_TRUNCATE] != NULL && truncate(db, plan, e) != 0)
		return -1;
	if (first && run(db, plan->sql[SQL_KEY_FIRST], e) != 0)
		return -1;
	if (plan->rel == NULL || plan->held || plan->rules->parts.what == PARTS_ASIDE)
		return 0; /* of a table aside its comment tells what it was made for */
	if (lock(db, plan, first, e) != 0 || ready_check(db, plan, plan->identity, e) != 0)
		return -1;
	return first && plan->sql[SQL_ASIDE] != NULL ? make_aside(db, plan, e) : 0;
}
