/*
 * The table that parts go into is made by whoever comes first, in a transaction of its own; by
 * the only part, in that of its rows.
 * Its comment is the digest of how it was made and of which column goes where: a part that
 * would have made another is refused, for it has read the columns otherwise, or has met
 * another target.
 */
#include "load/pg/partload.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "load/ledger/ledger.h"
#include "load/ledger/runplan.h"
#include "load/match/plan.h"
#include "load/options/options.h"
#include "load/pg/attached.h"
#include "load/pg/partrules.h"
#include "load/replace/replace.h"
#include "load/rules/rules.h"
#include "load/sink/sink.h"

#define ATTEMPTS 3 /* to make a table beside others */

bool
partload_makes_target(const struct partload *p)
{
	enum partrules_way way;
	struct err ignored = ERR_INIT;
	bool makes = partload_is(p) && partrules_way(p->relation, &way, &ignored) == 0 &&
		     way == WAY_RENAME;

	err_release(&ignored);
	return makes;
}

bool
partload_is(const struct partload *p)
{
	return p->options != NULL;
}

/* What the last stream could not bring, which snapshots of their own need. */
static int
check_snapshots(const struct partload *p, struct err *e)
{
	char *name;

	if (p->options->plan->snapshot == PARTPLAN_HELD)
		return 0;
	if (p->options->commit == COMMIT_PART)
		return err_set(
			e, EXIT_TARGET,
			"parts that are committed by themselves need one snapshot, which "
			"is held");
	if (json_object_get(p->relation->header, "sequence") != NULL ||
	    json_array_size(json_object_get(p->relation->header, "primary_key")) > 0)
		return 0;
	name = relname_text(&p->relation->id);
	err_set(e, EXIT_TARGET,
		"%s has no primary key, by which rows of several snapshots could be told apart",
		name);
	free(name);
	return err_hint(e, "Parts of it need one snapshot, which is held.");
}

/*
 * Have the ledger and the run's row.  Where the row is there, so is the ledger, and its makers
 * have been told what a role needs: nobody asks again.
 */
static int
find_run(const struct partload *p, struct db *db, struct run_found *found, struct err *e)
{
	struct err why = ERR_INIT;
	bool there;

	if (runs_look(&p->run, db, p->number, found, &why) == 0 && found->known)
		return 0;
	if (why.code != EXIT_DONE && strcmp(why.sqlstate, "42P01") != 0 &&
	    strcmp(why.sqlstate, "42501") != 0) {
		err_take(e, &why);
		return -1;
	}
	err_release(&why);
	if (ledger_find(db, p->options->ledger, LEDGER_RUNS, true, &there, e) != 0 ||
	    runs_register(&p->run, db, e) != 0)
		return -1;
	return runs_look(&p->run, db, p->number, found, e);
}

int
partload_open(struct partload *p, const struct load_options *options, size_t number,
	      struct db *db, struct err *e)
{
	const struct partplan *plan = options->plan;
	struct run_found found;
	char *name;

	if (options->parts != LOAD_PART)
		return 0;
	p->options = options;
	p->number = number;
	p->relation = partplan_relation_of(plan, &plan->parts[number - 1]);
	if (p->mark[0] == '\0' && runplan_make(&p->run, plan, options->ledger, p->mark, e) != 0)
		return -1;
	name = runs_table(&p->run, plan->parts[number - 1].relation);
	relname_set(&p->table, options->ledger, name);
	free(name);
	if (check_snapshots(p, e) != 0)
		return -1;
	if (find_run(p, db, &found, e) != 0)
		return -1;
	p->there = found.part || found.published;
	p->all = found.all && !found.published;
	return 0;
}

/* ---- the stream ---- */

static int
refuse_stream(const struct partload *p, const struct header *h, struct err *e)
{
	if (h == NULL || h->part.run == NULL)
		return err_set(e, EXIT_STREAM, "the stream is no part of a run");
	return err_set(e, EXIT_STREAM,
		       "the stream is part %zu of %zu of run %s, and part %zu of %zu of run "
		       "%s is to be loaded",
		       h->part.number, h->part.of, h->part.run, p->number, p->run.parts,
		       p->run.id);
}

/* Is it of the columns that the plan was made for? */
static int
compare_columns(const struct partload *p, const struct header *h, struct err *e)
{
	static const char *const members[] = {"columns", "types", "values", "primary_key"};
	json_t *doc = header_to_json(h);
	size_t i;
	bool same = doc != NULL;

	for (i = 0; same && i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *was = json_object_get(p->relation->header, members[i]);
		const json_t *is = json_object_get(doc, members[i]);

		same = was == is || json_equal(was, is);
	}
	json_decref(doc);
	if (same)
		return 0;
	err_set(e, EXIT_TARGET,
		"the part's columns, or the form of their values, are not those of the plan");
	return err_hint(e, "Make a new plan, and remove what this run has left with "
			   "--drop-parts.");
}

/* Is it all of its relation? */
static bool
is_alone(const struct partload *p)
{
	const struct partplan *plan = p->options->plan;
	size_t i, n = 0;

	for (i = 0; i < plan->nparts; i++)
		n += partplan_relation_of(plan, &plan->parts[i]) == p->relation;
	return n == 1;
}

int
partload_expect(struct partload *p, const struct header *header, struct load_rules *rules,
		struct err *e)
{
	enum partrules_way way;

	if (header == NULL || header->part.run == NULL ||
	    strcmp(header->part.run, p->run.id) != 0 || header->part.number != p->number ||
	    header->part.of != p->run.parts)
		return refuse_stream(p, header, e);
	if (partrules_way(p->relation, &way, e) != 0 || compare_columns(p, header, e) != 0)
		return -1;
	/* where a sequence stands when its part is read is where it is moved to at the end */
	p->position = header->is_sequence
			      ? xasprintf("%" PRId64 " %d", header->sequence.last_value,
					  header->sequence.is_called)
			      : xstrdup_null(header->part.position);
	p->snapshot = xstrdup_null(header->part.snapshot);
	p->whole = xstrdup_null(header->position);
	partrules_make(p->options, p->relation, way, false, &p->table, rules);
	rules->parts.alone = rules->parts.what == PARTS_ASIDE && is_alone(p);
	rules->parts.keyed = rules->parts.alone && way == WAY_RENAME;
	return 0;
}

/* ---- its table ---- */

int
partload_table(const struct relname *table, const struct plan *plan, struct db *db, bool *there,
	       struct err *e)
{
	char mark[RUNPLAN_MARK + 1], *is;
	int rc = 0;

	partload_mark(plan, mark);
	/* not to_regclass(), which finds what has been made since the snapshot was taken */
	is = db_query_text(db, e,
			   "SELECT coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '-')"
			   " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
			   " ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
			   " WHERE n.nspname OPERATOR(pg_catalog.=) $1"
			   " AND c.relname OPERATOR(pg_catalog.=) $2",
			   2, (const char *const[]){table->schema, table->name});
	*there = is != NULL && is[0] != '\0';
	if (is == NULL) {
		rc = -1;
	} else if (*there && strcmp(is, mark) != 0) {
		rc = err_set(e, EXIT_TARGET,
			     "parts of this run were staged for other columns of \"%s\" than "
			     "it has now",
			     plan->target.name);
		err_hint(e, "Remove what the run has left with --drop-parts, and begin anew.");
	}
	free(is);
	return rc;
}

static const char *
making_sql(const struct plan *plan)
{
	if (plan->replace != NULL)
		return plan->replace->make;
	return plan->sql[SQL_SHARED] != NULL ? plan->sql[SQL_SHARED] : plan->sql[SQL_CREATE];
}

void
partload_mark(const struct plan *plan, char mark[RUNPLAN_MARK + 1])
{
	struct buf text = BUF_INIT;
	size_t i;

	buf_adds(&text, making_sql(plan));
	if (plan->replace != NULL)
		buf_adds(&text, plan->replace->likeness);
	for (i = 0; i < plan->ncolumns; i++) {
		buf_addc(&text, '\n');
		ident_add_quoted(&text, plan->columns[i].source);
		if (plan->columns[i].target != NULL)
			ident_add_quoted(&text, plan->columns[i].target);
	}
	runplan_mark(buf_cstr(&text), mark);
	buf_release(&text);
}

static int
create(const struct partload *p, const struct plan *plan, struct db *db, struct err *e)
{
	char mark[RUNPLAN_MARK + 1];
	struct buf name = BUF_INIT;
	int rc = plan->replace != NULL ? attached_make(plan, db, e)
				       : db_exec(db, e, "%s", making_sql(plan));

	relname_add_quoted(&p->table, &name);
	partload_mark(plan, mark);
	if (rc == 0)
		rc = db_exec(db, e, "COMMENT ON TABLE %s IS '%s'", buf_cstr(&name), mark);
	buf_release(&name);
	return rc;
}

static int
make(const struct partload *p, const struct plan *plan, struct db *db, struct err *e)
{
	int rc = session_begin(db, SESSION_WRITE, p->options->common.lock_timeout, e);

	if (rc == 0)
		rc = runs_take(&p->run, db, 0, e);
	if (rc == 0)
		rc = create(p, plan, db, e);
	return session_end(db, rc, e);
}

/* Another has made it meanwhile. */
static bool
is_made(const struct err *e)
{
	return strcmp(e->sqlstate, "42P07") == 0 || strcmp(e->sqlstate, "23505") == 0 ||
	       strcmp(e->sqlstate, "42710") == 0;
}

int
partload_prepare(struct partload *p, const struct plan *plan, struct db *db, struct err *e)
{
	bool there = false;
	int attempt;

	if (plan->rules->parts.what == PARTS_NONE)
		return 0;
	if (plan->rules->parts.alone) {
		p->alone = plan;
		return 0;
	}
	for (attempt = 0; attempt < ATTEMPTS; attempt++) {
		err_release(e);
		if (session_begin(db, SESSION_PLAN, -1, e) != 0 ||
		    partload_table(&p->table, plan, db, &there, e) != 0) {
			session_rollback(db);
			return -1;
		}
		session_rollback(db);
		if (there || make(p, plan, db, e) == 0)
			return 0;
		if (!is_made(e))
			return -1;
	}
	return -1;
}

/* ---- in the loading transaction ---- */

int
partload_one_snapshot(const struct run *run, const struct partplan *plan, const char *snapshot,
		      struct db *db, struct err *e)
{
	bool agree;

	if (plan->snapshot != PARTPLAN_HELD)
		return 0;
	if (runs_agree(run, db, snapshot, &agree, e) != 0)
		return -1;
	if (agree)
		return 0;
	err_set(e, EXIT_TARGET,
		"parts of run %s were read by different snapshots, and its plan says one",
		run->id);
	return err_hint(e, "Remove what the run has left with --drop-parts and bring all parts "
			   "while one process holds the snapshot, or say \"own\" for it in the "
			   "plan.");
}

int
partload_take(const struct partload *p, struct db *db, struct err *e)
{
	if (!partload_is(p))
		return 0;
	if (runs_take(&p->run, db, p->number, e) != 0)
		return -1;
	if (p->alone != NULL && create(p, p->alone, db, e) != 0)
		return -1;
	return partload_one_snapshot(&p->run, p->options->plan,
				     p->snapshot != NULL ? p->snapshot : "", db, e);
}

/*
 * Does each row say that this transaction has written it?  COPY does so where the table's
 * access method has an xmin, and neither a savepoint nor a cast is in between.
 */
static int
is_traced(const struct partload *p, const struct plan *plan, struct db *db, bool *traced,
	  struct err *e)
{
	struct buf name = BUF_INIT;
	char *is;

	*traced = false;
	if (plan == NULL || plan->rules->parts.what == PARTS_NONE ||
	    (plan->rules->parts.what == PARTS_ASIDE && plan->route != PLAN_DIRECT))
		return 0;
	relname_add_quoted(&p->table, &name);
	is = db_query_text(db, e,
			   "SELECT relam OPERATOR(pg_catalog.=) 2 FROM pg_catalog.pg_class"
			   " WHERE oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass",
			   1, (const char *const[]){buf_cstr(&name)});
	*traced = is != NULL && strcmp(is, "t") == 0;
	buf_release(&name);
	free(is);
	return is != NULL ? 0 : -1;
}

int
partload_store(const struct partload *p, const struct plan *plan, struct db *db, uint64_t rows,
	       const char *digest, struct err *e)
{
	bool traced;
	struct run_part part = {
		.number = p->number,
		.relation = p->options->plan->parts[p->number - 1].relation,
		.rows = rows,
		.digest = digest,
		.position = p->position,
		.snapshot = p->snapshot,
		.whole = p->whole,
	};

	if (is_traced(p, plan, db, &traced, e) != 0)
		return -1;
	part.traced = traced;
	return runs_store(&p->run, db, &part, e);
}

int
partload_look(const struct partload *p, struct db *db, bool *all, struct err *e)
{
	struct run_found found;

	if (runs_look(&p->run, db, p->number, &found, e) != 0)
		return err_detail(e, "The part is committed.");
	*all = found.all && !found.published;
	return 0;
}

void
partload_release(struct partload *p)
{
	free(p->position);
	free(p->snapshot);
	free(p->whole);
	p->options = NULL;
	p->position = p->snapshot = p->whole = NULL;
	p->alone = NULL;
}
