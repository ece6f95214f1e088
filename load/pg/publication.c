/*
 * Of those who find all parts there at once, whoever has the run's row publishes; the others
 * wait for the row, and find the run published.  Whoever gets the row between the two
 * transactions of another takes what that one has counted for counted.
 *
 * A staging table is not logged, so that a crash of the server leaves it empty while the
 * ledger has its parts; those of them that come later make it less than the ledger says.  So
 * its rows are counted against the ledger's, behind the lock.  Those of a table that is to
 * get a name are counted before, for that takes its time: what may happen to them afterwards
 * could as well happen behind COMMIT.  Where rows are missing, the other tables are looked at
 * as well, so that one call finds all that a crash has done.
 */
#include "load/pg/publication.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "load/ledger/ledger.h"
#include "load/match/plan.h"
#include "load/options/options.h"
#include "load/pg/partload.h"
#include "load/pg/partrules.h"
#include "load/pg/placed.h"
#include "load/pg/replaced.h"
#include "load/pg/target.h"
#include "load/pg/targets.h"
#include "load/rules/rules.h"
#include "load/sink/sink.h"

#define LISTED 20 /* numbers of missing parts in a message */

bool
publication_is(const struct publication *p)
{
	return p->options != NULL;
}

/* ---- what is there ---- */

static int
refuse_missing(const struct publication *p, struct db *db, struct err *e)
{
	PGresult *res = runs_list(&p->run, db, e);
	struct buf list = BUF_INIT;
	size_t number, missing = 0;
	int row = 0;

	if (res == NULL)
		return -1;
	for (number = 1; number <= p->run.parts; number++) {
		while (row < PQntuples(res) &&
		       strtoull(PQgetvalue(res, row, RUNS_NUMBER), NULL, 10) < number)
			row++;
		if (row < PQntuples(res) &&
		    strtoull(PQgetvalue(res, row, RUNS_NUMBER), NULL, 10) == number &&
		    strcmp(PQgetvalue(res, row, RUNS_STATE), "done") == 0)
			continue;
		if (++missing <= LISTED)
			buf_addf(&list, "%s%zu", list.len > 0 ? ", " : "", number);
	}
	PQclear(res);
	if (missing == 0) { /* the last ones came between the count and the list */
		buf_release(&list);
		return 0;
	}
	err_set(e, EXIT_DATA, "%zu of %zu parts of run %s are missing: %s%s", missing,
		p->run.parts, p->run.id, buf_cstr(&list), missing > LISTED ? ", ..." : "");
	buf_release(&list);
	return err_detail(e, "Nothing is published.");
}

static int
see(struct publication *p, struct db *db, struct err *e)
{
	struct run_found f = {.known = false};
	bool there = false;
	int rc = ledger_find(db, p->options->ledger, LEDGER_RUNS, false, &there, e);

	if (rc == 0 && there) {
		rc = session_begin(db, SESSION_WRITE, p->options->common.lock_timeout, e);
		if (rc == 0)
			rc = runs_await(&p->run, db, &f, e);
		session_rollback(db);
	}
	if (rc != 0)
		return -1;
	if (!there || !f.known)
		return err_set(e, EXIT_DATA, "no part of run %s is there", p->run.id);
	p->done = f.published;
	return p->done || f.all ? 0 : refuse_missing(p, db, e);
}

static int
add_relation(struct publication *p, size_t i, struct db *db, struct err *e)
{
	const struct partplan_relation *r = &p->options->plan->relations[i];
	char *name = runs_table(&p->run, i + 1);
	enum partrules_way way;
	int rc = partrules_way(r, &way, e);

	relname_set(&p->tables[i], p->options->ledger, name);
	free(name);
	if (rc != 0 || runs_total(&p->run, db, i + 1, &p->totals[i], e) != 0)
		return -1;
	partrules_make(p->options, r, way, true, &p->tables[i], &p->rules[i]);
	p->rules[i].parts.rows = p->totals[i].rows;
	return 0;
}

static int
add_relations(struct publication *p, struct db *db, struct err *e)
{
	size_t n = p->options->plan->nrelations, i;
	int rc = session_begin(db, SESSION_PLAN, -1, e);

	p->tables = xcalloc(n + 1, sizeof(*p->tables));
	p->rules = xcalloc(n + 1, sizeof(*p->rules));
	p->totals = xcalloc(n + 1, sizeof(*p->totals));
	for (i = 0; rc == 0 && i < n; i++)
		rc = add_relation(p, i, db, e);
	session_rollback(db);
	return rc;
}

int
publication_open(struct publication *p, const struct load_options *options, struct db *db,
		 struct err *e)
{
	if (options->parts != LOAD_PUBLISH && options->parts != LOAD_CATCH_UP)
		return 0;
	p->options = options;
	if (runplan_make(&p->run, options->plan, options->ledger, p->mark, e) != 0 ||
	    see(p, db, e) != 0)
		return -1;
	return p->done ? 0 : add_relations(p, db, e);
}

void
publication_expect(struct publication *p, struct sink_set *set)
{
	size_t i;

	manifest_free(p->set);
	p->set = manifest_new(set->manifest->id);
	for (i = 0; i < set->manifest->n; i++) {
		struct header *h = manifest_copy(set->manifest, i);
		long long value;
		int called;

		if (h->position == NULL)
			h->position = xstrdup_null(p->totals[i].whole);
		if (h->is_sequence && p->totals[i].position != NULL &&
		    sscanf(p->totals[i].position, "%lld %d", &value, &called) == 2)
			h->sequence = (struct header_sequence){value, called != 0};
		manifest_add(p->set, h);
	}
	set->rules = p->rules;
	set->manifest = p->set;
}

/* ---- before it is seen ---- */

static int
published_meanwhile(const struct publication *p, struct err *e)
{
	return err_set(e, EXIT_AGAIN, "run %s has just been published by another process",
		       p->run.id);
}

/* The run's row is held, so that two who publish do not both build. */
static int
hold(struct publication *p, struct db *db, struct err *e)
{
	struct run_found f;

	if (session_begin(db, SESSION_WRITE, p->options->common.lock_timeout, e) != 0 ||
	    runs_hold(&p->run, db, &f, e) != 0)
		return -1;
	p->counted = f.counted;
	if (!f.known || !f.all)
		return err_set(e, EXIT_AGAIN, "run %s has just been removed", p->run.id);
	return f.published ? published_meanwhile(p, e) : 0;
}

/* Does it have staged rows that are still to be counted? */
static bool
is_to_count(const struct publication *p, size_t i)
{
	enum rules_parts what = p->rules[i].parts.what;

	return what == PARTS_PUBLISH || (what == PARTS_PLACE && !p->counted);
}

static int
find_table(const struct publication *p, size_t i, struct db *db, bool *there, struct err *e)
{
	struct buf name = BUF_INIT;
	char *is;
	int rc;

	runs_add_table(&p->run, i + 1, &name);
	is = db_query_text(db, e, "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", 1,
			   (const char *const[]){buf_cstr(&name)});
	rc = is != NULL ? 0 : -1;
	*there = rc == 0 && is[0] != '\0';
	buf_release(&name);
	free(is);
	return rc;
}

/* Are all rows there that the parts have brought, and no others?  Of a table that is gone none
 * is. */
static int
count(const struct publication *p, size_t i, struct db *db, uint64_t *rows, bool *intact,
      struct err *e)
{
	bool there;

	*rows = 0;
	*intact = false;
	if (find_table(p, i, db, &there, e) != 0)
		return -1;
	return there ? runs_count(&p->run, db, i + 1, &p->totals[i], rows, intact, e) : 0;
}

static int
forget(const struct publication *p, size_t i, struct db *db, struct err *e)
{
	struct buf table = BUF_INIT;
	bool there = false;
	int rc = runs_forget(&p->run, db, i + 1, e);

	runs_add_table(&p->run, i + 1, &table);
	if (rc == 0)
		rc = find_table(p, i, db, &there, e);
	if (rc == 0 && there)
		rc = db_exec(db, e, "DROP TABLE %s", buf_cstr(&table));
	buf_release(&table);
	return rc;
}

/*
 * The parts of a table that is not what they have made it come again, and with it those of all
 * that are no better: a crash empties many tables at once.
 */
static int
forget_damaged(struct publication *p, size_t first, size_t *n, struct db *db, struct err *e)
{
	uint64_t rows;
	bool intact;
	size_t i;
	int rc;

	session_rollback(db);
	rc = hold(p, db, e);
	for (i = 0, *n = 0; rc == 0 && i < p->options->plan->nrelations; i++) {
		intact = i != first;
		if (intact && is_to_count(p, i))
			rc = count(p, i, db, &rows, &intact, e);
		if (rc != 0 || intact)
			continue;
		rc = forget(p, i, db, e);
		(*n)++;
	}
	return session_end(db, rc, e);
}

static int
redo(struct publication *p, size_t i, struct db *db, uint64_t rows, struct err *e)
{
	char *name = relname_text(&p->options->plan->relations[i].id);
	size_t n;
	int rc = forget_damaged(p, i, &n, db, e);

	if (rc == 0) {
		err_set(e, EXIT_AGAIN,
			rows != p->totals[i].rows
				? "%" PRIu64 " rows of \"%s\" are staged, and the parts have "
				  "brought %" PRIu64
				  ": the server has crashed, or the table was written by others"
				: "%" PRIu64 " rows of \"%s\" are staged, as many as the parts "
				  "have brought (%" PRIu64
				  "), but not the same: the table was written by others",
			rows, name, p->totals[i].rows);
		if (n > 1)
			err_detail(e, "So it is with %zu of the tables.", n);
		err_hint(e, "%s parts are missing now: bring them again.",
			 n > 1 ? "Their" : "Its");
	}
	free(name);
	return -1;
}

static int
check_rows(struct publication *p, size_t i, struct db *db, struct err *e)
{
	uint64_t rows;
	bool intact;

	if (!is_to_count(p, i))
		return 0;
	if (count(p, i, db, &rows, &intact, e) != 0)
		return -1;
	return intact ? 0 : redo(p, i, db, rows, e);
}

/* Targets are the relations that have rows, in their order. */
static int
build_all(struct publication *p, const struct targets *targets, struct db *db, struct err *e)
{
	size_t i, k = 0;

	for (i = 0; i < p->options->plan->nrelations; i++) {
		enum rules_parts what = p->rules[i].parts.what;
		const struct plan *plan;

		if (what == PARTS_NONE)
			continue;
		plan = targets->list[k]->plan;
		if (what == PARTS_PLACE &&
		    (placed_find(plan, db, e) != 0 || check_rows(p, i, db, e) != 0 ||
		     placed_build(plan, &p->placed[k], db, e) != 0))
			return -1;
		k++;
	}
	return 0;
}

static bool
is_placed(const struct target *t)
{
	return t->rules.parts.what == PARTS_PLACE;
}

int
publication_build(struct publication *p, const struct targets *targets, struct db *db,
		  struct err *e)
{
	size_t i;
	char *path = NULL;
	int rc;

	for (i = 0; i < targets->n && !is_placed(targets->list[i]); i++)
		continue;
	if (i == targets->n)
		return 0;
	p->placed = xcalloc(targets->n, sizeof(*p->placed));
	p->nplaced = targets->n;
	rc = hold(p, db, e);
	if (rc == 0)
		rc = session_narrow_path(db, &path, e);
	if (rc == 0)
		rc = build_all(p, targets, db, e);
	if (rc == 0 && !p->counted)
		rc = runs_counted(&p->run, db, e);
	rc = session_end(db, rc, e);
	p->counted = rc == 0;
	free(path);
	return rc;
}

/* ---- in the transaction ---- */

int
publication_hold(struct publication *p, struct db *db, struct err *e)
{
	struct run_found f;
	size_t i;

	if (!publication_is(p))
		return 0;
	if (runs_hold(&p->run, db, &f, e) != 0)
		return -1;
	if (f.published)
		return published_meanwhile(p, e);
	if (!f.known || !f.all)
		return err_set(e, EXIT_AGAIN, "run %s has just been removed", p->run.id);
	if (partload_one_snapshot(&p->run, p->options->plan, NULL, db, e) != 0)
		return -1;
	for (i = 0; i < p->options->plan->nrelations; i++)
		if (check_rows(p, i, db, e) != 0)
			return -1;
	return 0;
}

/* Those that are exchanged for another, or those that only get a name. */
static int
take_places(const struct publication *p, const struct targets *targets, bool exchanged,
	    struct db *db, struct err *e)
{
	size_t i;

	for (i = 0; i < targets->n; i++) {
		const struct target *t = targets->list[i];

		if (is_placed(t) && (t->plan->replace != NULL) == exchanged &&
		    placed_take_place(t->plan, &p->placed[i], db, e) != 0)
			return -1;
	}
	return 0;
}

static int
hold_exchanged(const struct targets *targets, struct db *db, struct err *e)
{
	const struct plan **plans = xcalloc(targets->n + 1, sizeof(void *));
	size_t n = 0, i;
	int rc;

	for (i = 0; i < targets->n; i++)
		if (is_placed(targets->list[i]) && targets->list[i]->plan->replace != NULL)
			plans[n++] = targets->list[i]->plan;
	rc = replaced_hold(plans, n, db, e);
	free(plans);
	return rc;
}

/* What readers may wait for comes last. */
int
publication_finish(const struct publication *p, const struct targets *targets, struct db *db,
		   struct err *e)
{
	if (take_places(p, targets, false, db, e) != 0 || hold_exchanged(targets, db, e) != 0 ||
	    take_places(p, targets, true, db, e) != 0)
		return -1;
	return runs_publish(&p->run, db, e);
}

void
publication_release(struct publication *p)
{
	size_t n = publication_is(p) ? p->options->plan->nrelations : 0, i;

	for (i = 0; p->tables != NULL && i < n; i++) {
		free(p->totals[i].position);
		free(p->totals[i].whole);
	}
	for (i = 0; i < p->nplaced; i++)
		placed_release(&p->placed[i]);
	free(p->placed);
	manifest_free(p->set);
	free(p->tables);
	free(p->rules);
	free(p->totals);
	*p = (struct publication){.options = NULL};
}
