/*
 * Relations are planned twice: as for a load, which tells what is there and so the way, and
 * with the rules of that way.
 */
#include "load/parts/makeplan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/pg/db.h"
#include "common/pg/pgarray.h"
#include "common/pg/relation.h"
#include "common/pg/room.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "load/ledger/ledger.h"
#include "load/ledger/runplan.h"
#include "load/match/plan.h"
#include "load/options/options.h"
#include "load/parts/planset.h"
#include "load/pg/attached.h"
#include "load/pg/partrules.h"
#include "load/pg/setplan.h"
#include "load/pg/state.h"
#include "load/pg/target.h"
#include "load/pg/targets.h"
#include "load/sink/sink.h"

struct making {
	const struct load_options *options;
	struct partplan plan;
	struct planset set;
	struct db db;
	struct targets targets;
	struct load_rules *rules; /* one for each relation; owned */
	struct relname *tables;   /* the same; owned */
};

/* Where a relation goes, as the command line says it. */
static struct relname
destination(const struct making *m, size_t i)
{
	struct relname into = RELNAME_INIT;

	rules_place(&m->options->rules, &m->plan.relations[i].id, &into);
	return into;
}

static int
plan_all(struct making *m, struct err *e)
{
	const struct sink_set set = {
		.manifest = m->set.manifest, .chosen = m->set.chosen, .rules = m->rules};

	return setplan_make(&m->targets, &m->db, m->options, "the plan", &set, e);
}

static int
find_targets(struct making *m, struct err *e)
{
	size_t i;

	if (m->options->rel.name != NULL && m->plan.nrelations > 1)
		return err_usage(e, "table",
				 "-t is for one relation, and the plan has %zu: "
				 "--into-schema is for several",
				 m->plan.nrelations);
	if (load_options_check_one(m->options, e) != 0)
		return -1;
	for (i = 0; i < m->plan.nrelations; i++) {
		struct partplan_relation *r = &m->plan.relations[i];

		r->target = destination(m, i);
		m->rules[i] = *load_options_rules(m->options, &r->id);
		m->rules[i].target = r->target;
	}
	return plan_all(m, e);
}

/* Rows are only added, or all that there are: a partition may be exchanged. */
static bool
may_attach(const struct making *m, const struct target *t)
{
	return m->plan.snapshot == PARTPLAN_HELD && !t->rules.conflict->has_key &&
	       t->rules.absent.what == ABSENT_STAY && t->plan->rel->kind == 'r' &&
	       t->plan->route == PLAN_DIRECT;
}

static int
choose_existing(struct making *m, const struct target *t, enum partrules_way *way,
		char **reason, struct err *e)
{
	char *why = NULL;
	bool is = false;
	int rc = 0;

	if (may_attach(m, t)) {
		rc = session_begin(&m->db, SESSION_PLAN, -1, e);
		if (rc == 0)
			rc = session_set_path(&m->db, "pg_catalog", e);
		if (rc == 0)
			rc = attached_choose(t->plan, &m->db, &is, &why, e);
		session_rollback(&m->db);
	}
	*way = is ? WAY_ATTACH : WAY_APPLY;
	*reason = is ? xstrdup(t->rules.truncate ? "it is a partition, and is emptied"
						 : "it is a partition, and has no rows")
		  : why != NULL
			  ? xasprintf("it is a partition that cannot be exchanged: %s", why)
			  : xstrdup("it exists");
	free(why);
	return rc;
}

static int
choose(struct making *m, const struct target *t, enum partrules_way *way, char **reason,
       struct err *e)
{
	if (m->options->commit == COMMIT_PART) {
		*reason = xstrdup("--commit=part: each part is seen when it is committed");
		*way = WAY_PART;
		return 0;
	}
	if (t->plan->rel == NULL) {
		*reason = xstrdup("it does not exist");
		*way = WAY_RENAME;
		return 0;
	}
	return choose_existing(m, t, way, reason, e);
}

static bool
has_rows(const struct making *m, size_t i)
{
	return !m->set.manifest->members[i].is_sequence;
}

static int
choose_all(struct making *m, struct err *e)
{
	size_t i, k = 0;

	for (i = 0; i < m->plan.nrelations; i++) {
		struct partplan_relation *r = &m->plan.relations[i];
		const struct target *t = m->targets.list[k];
		enum partrules_way way = WAY_PART;

		free(r->way);
		free(r->reason);
		r->way = r->reason = NULL;
		if (!has_rows(m, i)) {
			r->reason = xstrdup("it is a sequence");
		} else {
			if (choose(m, t, &way, &r->reason, e) != 0)
				return -1;
			relname_set(&r->target, t->name.schema, t->name.name);
			k++;
		}
		r->way = xstrdup(partrules_word(way));
	}
	return 0;
}

/*
 * Parts of a table that exists are read and staged at the same time, but then one statement
 * brings all of them into it.  Where rows are only added, one COPY straight into it takes no
 * longer than that statement; else one pipe takes no longer than two.  If its one part is all
 * that there is, the part's commit is the publication, and nothing need be kept aside.  It
 * cannot be resumed in the middle, so whoever asks for parts has them.
 */
static bool
is_one_pipe(const struct making *m)
{
	const struct load_options *o = m->options;
	const struct target *t;

	if (m->plan.nrelations != 1 || !has_rows(m, 0))
		return false;
	t = m->targets.list[0];
	if (t->rules.conflict->has_key && o->at_once != 2)
		return false;
	return !m->plan.asked && m->plan.snapshot == PARTPLAN_HELD && o->commit == COMMIT_END &&
	       strcmp(m->plan.relations[0].way, partrules_word(WAY_APPLY)) == 0 &&
	       options_runs_whole(o) == NULL && !t->rules.truncate &&
	       t->rules.absent.what == ABSENT_STAY;
}

static void
make_one_pipe(struct making *m)
{
	struct partplan_relation *r = &m->plan.relations[0];

	partplan_join(&m->plan);
	ident_list_add(&m->plan.load, "--commit=part");
	free(r->way);
	free(r->reason);
	r->way = xstrdup(partrules_word(WAY_PART));
	r->reason =
		xstrdup("it exists, and one pipe into it is the fastest; --parts=N cuts it");
}

/* The first column of the source's key that goes nowhere, or NULL. */
static const char *
lost_key(const struct schema *s, const struct plan *plan)
{
	size_t i, j;

	for (i = 0; i < s->nprimary_key; i++)
		for (j = 0; j < plan->ncolumns; j++)
			if (strcmp(plan->columns[j].source, s->primary_key[i]) == 0 &&
			    plan->columns[j].target == NULL)
				return s->primary_key[i];
	return NULL;
}

static int
hint_at_held(struct err *e)
{
	return err_hint(e, getenv("PORTL_RUN") != NULL
				   ? "Leave out --own: one snapshot is held for all parts then."
				   : "Hold one snapshot for all parts: --make-plan=held.");
}

static int
refuse_lost(const struct relname *id, const char *column, struct err *e)
{
	char *name = relname_text(id);

	err_set(e, EXIT_TARGET,
		"\"%s\" of %s, by whose key rows of several snapshots are told apart, is not "
		"loaded",
		column, name);
	free(name);
	return hint_at_held(e);
}

/* What a run that is caught up has to tell apart. */
static int
check_keys(const struct making *m, struct err *e)
{
	size_t i, k = 0;

	for (i = 0; m->plan.snapshot == PARTPLAN_OWN && i < m->plan.nrelations; i++) {
		const struct schema *s = &manifest_header(m->set.manifest, i)->schema;
		const char *lost;
		char *name;

		if (!has_rows(m, i))
			continue;
		lost = lost_key(s, m->targets.list[k++]->plan);
		if (lost != NULL)
			return refuse_lost(&m->plan.relations[i].id, lost, e);
		if (s->nprimary_key > 0)
			continue;
		name = relname_text(&m->plan.relations[i].id);
		err_set(e, EXIT_TARGET,
			"%s has no primary key, by which rows of several snapshots could be "
			"told apart",
			name);
		free(name);
		return hint_at_held(e);
	}
	if (m->plan.snapshot != PARTPLAN_OWN || m->options->commit != COMMIT_PART)
		return 0;
	err_usage(e, "commit", "--commit=part needs one snapshot for all parts");
	return hint_at_held(e);
}

/* Of foreign keys among the targets those first that are between two of them. */
static const char references_sql[] =
	"SELECT c.conrelid, c.conrelid = c.confrelid, c.conname, c.conrelid::regclass,"
	" c.confrelid::regclass FROM pg_constraint c WHERE c.contype = 'f'"
	" AND c.conrelid = ANY ($1::oid[]) AND c.confrelid = ANY ($1::oid[])"
	" AND to_jsonb(c) ->> 'conenforced' IS DISTINCT FROM 'false'" /* from 18 on */
	" ORDER BY 2, 1, c.confrelid";

enum { REFERRING, ITSELF, CONSTRAINT, FROM, TO };

static PGresult *
find_references(struct making *m, struct err *e)
{
	struct buf oids = BUF_INIT;
	PGresult *res = NULL;
	size_t k;

	for (k = 0; k < m->targets.n; k++)
		if (m->targets.list[k]->plan->rel != NULL)
			pgarray_add_oid(&oids, m->targets.list[k]->plan->rel->oid);
	if (session_begin(&m->db, SESSION_PLAN, -1, e) == 0 &&
	    session_set_path(&m->db, "pg_catalog", e) == 0)
		res = db_query(&m->db, e, references_sql, 1,
			       (const char *const[]){pgarray_end(&oids)});
	session_rollback(&m->db);
	buf_release(&oids);
	return res;
}

/* How many parts bring the rows of target ${oid}. */
static size_t
count_parts(const struct making *m, const char *oid)
{
	size_t i, k, j, n = 0;

	for (i = k = 0; i < m->plan.nrelations; i++) {
		const struct relation *rel;

		if (!has_rows(m, i))
			continue;
		rel = m->targets.list[k++]->plan->rel;
		if (rel == NULL || rel->oid != strtoul(oid, NULL, 10))
			continue;
		for (j = 0; j < m->plan.nparts; j++)
			n += m->plan.parts[j].relation == i + 1;
	}
	return n;
}

/* Parts that are committed one by one come in any order, and some may never come. */
static int
check_references(struct making *m, struct err *e)
{
	PGresult *res;
	int row, rc;

	if (m->options->commit != COMMIT_PART)
		return 0;
	res = find_references(m, e);
	rc = res != NULL ? 0 : -1;
	for (row = 0; rc == 0 && row < PQntuples(res); row++) {
		if (db_is_true(res, row, ITSELF) &&
		    count_parts(m, PQgetvalue(res, row, REFERRING)) < 2)
			continue;
		err_set(e, EXIT_TARGET,
			"--commit=part: by \"%s\" rows of %s refer to rows of %s that may be in a "
			"part that comes later",
			PQgetvalue(res, row, CONSTRAINT), PQgetvalue(res, row, FROM),
			PQgetvalue(res, row, TO));
		rc = err_hint(e, "Leave out --commit=part: all parts are seen at once then.");
	}
	PQclear(res);
	return rc;
}

static int
plan_ways(struct making *m, struct err *e)
{
	char mark[RUNPLAN_MARK + 1];
	struct run run;
	size_t i;

	if (runplan_make(&run, &m->plan, m->options->ledger, mark, e) != 0)
		return -1;
	for (i = 0; i < m->plan.nrelations; i++) {
		char *name = runs_table(&run, i + 1);
		enum partrules_way way;

		relname_set(&m->tables[i], run.ledger, name);
		free(name);
		if (partrules_way(&m->plan.relations[i], &way, e) != 0)
			return -1;
		partrules_make(m->options, &m->plan.relations[i], way, true, &m->tables[i],
			       &m->rules[i]);
	}
	return plan_all(m, e);
}

static void
keep_words(struct making *m)
{
	const struct load_options *o = m->options;
	size_t i;

	ident_list_release(&m->plan.load);
	for (i = 0; i < o->kept.n; i++)
		ident_list_add(&m->plan.load, o->kept.names[i]);
	if (m->plan.job == NULL)
		m->plan.job = xstrdup_null(o->common.job_path);
}

/* Relations whose rows are seen with those of all others. */
static size_t
count_published(const struct making *m)
{
	size_t n = 0, i;

	for (i = 0; i < m->plan.nrelations; i++)
		n += strcmp(m->plan.relations[i].way, partrules_word(WAY_PART)) != 0;
	return n;
}

static int
check_room(struct making *m, struct err *e)
{
	int rc = session_begin(&m->db, SESSION_PLAN, -1, e);

	if (rc == 0)
		rc = room_warn_locks(&m->db, count_published(m), e);
	if (rc == 0 && m->options->at_once > 0)
		rc = room_warn(&m->db, (size_t)m->options->at_once, 0, e);
	session_rollback(&m->db);
	return rc;
}

static int
make(struct making *m, struct err *e)
{
	const struct load_options *o = m->options;
	bool there;

	if (o->input == NULL && isatty(STDIN_FILENO)) {
		err_set(e, EXIT_USAGE,
			"standard input is a terminal, and what portl-extract --make-plan writes "
			"is expected");
		return load_options_brief(o, e);
	}
	if (partplan_read(&m->plan, o->input != NULL ? o->input : "-", e) != 0)
		return -1;
	keep_words(m);
	m->rules = xcalloc(m->plan.nrelations + 1, sizeof(*m->rules));
	m->tables = xcalloc(m->plan.nrelations + 1, sizeof(*m->tables));
	if (planset_make(&m->set, &m->plan, true, e) != 0 ||
	    db_connect(&m->db, &o->common.db, e) != 0 ||
	    ledger_find(&m->db, o->ledger, LEDGER_RUNS, false, &there, e) != 0 ||
	    find_targets(m, e) != 0)
		return -1;
	if (state_check_parts(o, &m->targets, &m->db, e) != 0 || choose_all(m, e) != 0)
		return -1;
	if (is_one_pipe(m))
		make_one_pipe(m);
	if (check_keys(m, e) != 0 || check_references(m, e) != 0 || plan_ways(m, e) != 0)
		return -1;
	if (check_room(m, e) != 0)
		return -1;
	return partplan_write(&m->plan, o->output, e);
}

int
makeplan_run(const struct load_options *options, struct err *e)
{
	struct making m = {.options = options, .db = DB_INIT};
	int rc = make(&m, e);

	targets_release(&m.targets);
	free(m.tables);
	free(m.rules);
	planset_release(&m.set);
	partplan_release(&m.plan);
	db_close(&m.db);
	return rc;
}
