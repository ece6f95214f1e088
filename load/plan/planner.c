/*
 * The plan's frame: find the target, run the steps in a transaction that can
 * only read, report all the reasons at once.
 */
#include "load/plan/planner.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/intern.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/schema.h"
#include "common/talk/log.h"
#include "load/match/known.h"
#include "load/match/plan.h"
#include "load/match/plan_match.h"
#include "load/match/plan_target.h"
#include "load/match/plan_types.h"
#include "load/match/waits.h"
#include "load/match/reasons.h"
#include "load/plan/plan_show.h"
#include "load/plan/statements.h"
#include "load/replace/rebuild.h"
#include "load/replace/replace.h"
#include "load/rules/rules.h"
#include "load/stage/plan_decide.h"
#include "load/stage/plan_privileges.h"
#include "load/stage/plan_stage.h"

static int
check_new_name(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	const char *params[] = {p->target.name};
	char *long_name = db_query_text(
		db, e,
		"SELECT 1 WHERE pg_catalog.octet_length($1::pg_catalog.text) "
		"OPERATOR(pg_catalog.>) "
		"pg_catalog.current_setting('max_identifier_length')::pg_catalog.int4",
		1, params);

	if (long_name == NULL)
		return -1;
	if (long_name[0] != '\0')
		reasons_add(why, "its name is longer than PostgreSQL keeps names; give it "
				 "another with -t");
	free(long_name);
	return 0;
}

/* Where --create makes the table: a schema that exists, or a reason. */
static int
place_new_table(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	const char *params[] = {p->target.schema};
	bool by_option;
	char *found;

	if (p->schema == NULL)
		reasons_add(why, "the stream has no column types to create a table from; "
				 "create it first");
	else if (p->schema->ncolumns > 0 && p->schema->columns[0].type[0] == '\0')
		reasons_add(why, "the stream has no column types to create a table from; guess "
				 "them from its first rows with --infer, or create it first");
	if (p->target.schema == NULL) {
		found = db_query_text(db, e, "SELECT pg_catalog.current_schema()", 0, NULL);
		if (found == NULL)
			return -1;
		if (found[0] == '\0')
			reasons_add(why, "search_path names no schema to create a table in; "
					 "write -t SCHEMA.TABLE");
		p->target.schema = intern_take(found);
		return 0;
	}
	by_option = p->rules->together || p->rules->into != NULL;
	found = db_query_text(db, e,
			      "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname"
			      " OPERATOR(pg_catalog.=) $1::pg_catalog.text",
			      1, params);
	if (found == NULL)
		return -1;
	if (found[0] == '\0')
		reasons_add(why,
			    "schema \"%s\" does not exist; create it, or name another with %s",
			    p->target.schema, by_option ? "--into-schema" : "-t");
	free(found);
	return 0;
}

static int
missing_target(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	char *meant;

	/* the look-up itself failed, or was stopped; one of many says nothing of what is not
	 * there */
	if ((e->code != EXIT_DATA && e->code != EXIT_DONE) || e->sqlstate[0] != '\0' ||
	    db_is_lost(db))
		return -1;
	if (p->rules->create) {
		err_release(e);
		if (check_new_name(p, db, why, e) != 0)
			return -1;
		return place_new_table(p, db, why, e);
	}
	e->code = EXIT_TARGET;
	meant = xstrdup(e->hint != NULL ? e->hint : "");
	err_hint(e, "%s%sUse --create to have it made from the stream's header%s.", meant,
		 *meant != '\0' ? " " : "",
		 p->rules->together ? "" : ", or -t to name another table");
	free(meant);
	return -1;
}

static bool
is_aside(const struct plan *p)
{
	return p->rules->parts.what == PARTS_ASIDE || p->rules->parts.what == PARTS_PLACE;
}

/* What is ${known} becomes the plan's; where that is nothing, it is asked for now. */
static int
find_target(struct plan *p, struct db *db, struct known *known, struct plan_target_facts *facts,
	    struct reasons *why, struct err *e)
{
	const struct load_rules *o = p->rules;
	const struct schema *s = p->schema;
	struct known k = {.rel = NULL};
	int rc = 0;

	rules_place(o, s != NULL ? &s->relation : NULL, &p->target);
	if (p->target.name == NULL)
		return err_set(e, EXIT_USAGE,
			       "the stream does not name a table: say where to load with -t");
	if (known != NULL && known->rel != NULL) {
		k = *known;
		*known = (struct known){.rel = NULL};
	} else if (known == NULL || !o->create) {
		rc = known_find(db, &p->target, &k, e);
	}
	p->rel = k.rel;
	p->identity = k.identity;
	*facts = k.facts;
	if (p->rel == NULL)
		return missing_target(p, db, why, e);
	if (rc != 0)
		return -1;
	if (is_aside(p) && !o->replace)
		reasons_add(why, "it exists, and did not when the plan of the run was made");
	relname_set(&p->target, p->rel->id.schema, p->target.name);
	return 0;
}

static void
refuse_losses(const struct plan *p, struct reasons *why)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].loss != NULL)
			reasons_add(why, "--rounding=error: column \"%s\": %s %s",
				    p->columns[i].target, p->schema->columns[i].type,
				    p->columns[i].loss);
}

/* Legal, but something may be lost: say so before the first row. */
static void
warn_of_losses(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].loss != NULL)
			log_fact("column \"%s\": %s %s", p->columns[i].target,
				 p->schema->columns[i].type, p->columns[i].loss);
}

static void
add_grant(struct buf *sql, struct buf *privileges, const char *on, const char *role)
{
	if (privileges->len > 0)
		buf_addf(sql, " GRANT %s ON %s TO %s;", buf_cstr(privileges), on, role);
}

/* The statements by which the privileges that are missing would be there. */
static int
add_grants(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	struct buf table = BUF_INIT, schema = BUF_INIT;
	char *role;

	if (why->grants.len == 0 && why->schema.len == 0)
		return 0;
	role = db_query_text(
		db, e, "SELECT pg_catalog.quote_ident(CURRENT_USER::pg_catalog.text)", 0, NULL);
	if (role == NULL)
		return -1;
	relname_add_quoted(&p->target, &table);
	buf_adds(&schema, "SCHEMA ");
	ident_add_quoted(&schema, p->target.schema);
	add_grant(&why->sql, &why->schema, buf_cstr(&schema), role);
	add_grant(&why->sql, &why->grants, buf_cstr(&table), role);
	buf_release(&table);
	buf_release(&schema);
	free(role);
	return 0;
}

static int
report(const struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	char *target = relname_text(&p->target);
	int rc;

	if (why->n > 0)
		plan_show(p);
	rc = add_grants(p, db, why, e);
	if (rc == 0)
		rc = reasons_report(why, target, e);
	free(target);
	return rc;
}

static int
make(struct plan *p, struct db *db, struct known *known, struct err *e)
{
	struct reasons why = {.n = 0};
	struct plan_target_facts facts;

	if (find_target(p, db, known, &facts, &why, e) != 0)
		return -1;
	if (is_aside(p))
		relname_set(&p->aside, p->rules->parts.table.schema,
			    p->rules->parts.table.name);
	if (p->rel == NULL && known == NULL && session_set_path(db, "pg_catalog", e) != 0)
		return -1;
	if (plan_target(p, db, &facts, &why, e) != 0)
		goto failed;
	if (p->header != NULL && p->header->keys_of > 0 && p->rules->keys != KEYS_ALONE)
		reasons_add(&why, "the stream has keys of a set, and no rows");
	plan_match(p, &why);
	if (plan_target_columns(p, db, &why, e) != 0 || plan_types(p, db, &why, e) != 0)
		goto failed;
	/* of a type that is refused nothing is resolved, and nothing may be asked */
	if ((p->rel != NULL || why.n == 0) &&
	    (plan_decide(p, db, &why, e) != 0 || plan_privileges(p, db, &why, e) != 0))
		goto failed;
	if (replace_plan(p, db, &why, e) != 0 || rebuild_plan(p, db, &why, e) != 0)
		goto failed;
	if (p->rules->rounding == ROUNDING_ERROR)
		refuse_losses(p, &why);
	if (report(p, db, &why, e) != 0)
		return -1;
	statements_write(p);
	rebuild_free(p->rebuild);
	p->rebuild = NULL;
	warn_of_losses(p);
	return 0;
failed:
	reasons_release(&why);
	return -1;
}

/* Where lock_timeout says nothing, the plan does not wait for long at a time. */
#define PATIENCE 1 /* second */
#define PATIENCE_SQL \
	"SELECT pg_catalog.set_config('lock_timeout', '1s', true)" \
	" WHERE pg_catalog.current_setting('lock_timeout') OPERATOR(pg_catalog.=) '0'"

/* ms; less than deadlock_timeout is mostly, for there are many locks that others may want. */
#define GLANCE 200

static int
make_once(struct plan *p, struct db *db, bool loading, struct err *e)
{
	int rc = 0;

	if (!loading)
		rc = session_begin(db, SESSION_PLAN, p->rules->lock_timeout, e);
	if (rc == 0 && !loading && p->rules->lock_timeout < 0)
		rc = db_exec(db, e, "%s", PATIENCE_SQL);
	if (rc == 0)
		p->search_path = db_query_text(
			db, e, "SELECT pg_catalog.current_setting('search_path')", 0, NULL);
	if (p->search_path == NULL)
		rc = -1;
	if (rc == 0)
		rc = make(p, db, NULL, e);
	if (!loading)
		session_rollback(db);
	else if (rc == 0)
		rc = session_set_path(db, p->search_path, e);
	return rc;
}

/* 1: a lock was not had in time, and waiting for it may go on. */
static int
wait_on(const struct plan *p, struct db *db, int seconds, struct err *e)
{
	struct err late = ERR_INIT;
	bool limited = false;
	int rc;

	if (p->rel == NULL || p->rules->lock_timeout >= 0 || strcmp(e->sqlstate, "55P03") != 0)
		return -1;
	rc = waits_limited(db, &limited, &late);
	if (rc == 0 && limited)
		return -1;
	if (rc == 0)
		rc = waits_look(db, p, WAITS_READ, seconds - PATIENCE, seconds, &late);
	err_release(e);
	if (rc != 0)
		err_take(e, &late);
	return rc == 0 ? 1 : -1;
}

/* Rows of a bare stream are what the table has, and more of it than the first row may come. */
static bool
leaves_open(const struct header *header)
{
	const struct schema *s = &header->schema;
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		if (s->columns[i].base[0] == '\0' || s->columns[i].inferred)
			return true;
	return header->guessed;
}

struct plan *
planner_new(const struct load_rules *rules, const struct header *header, bool text)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	p->rules = rules;
	p->header = header;
	p->schema = header != NULL ? &header->schema : NULL;
	p->text = text;
	if (header != NULL && leaves_open(header)) {
		p->adopted = xmalloc(sizeof(*p->adopted));
		schema_copy(p->adopted, &header->schema);
		p->schema = p->adopted;
	}
	return p;
}

struct plan *
planner_make(struct db *db, const struct load_rules *rules, const struct header *header,
	     bool text, struct err *e)
{
	bool loading = PQtransactionStatus(db->conn) == PQTRANS_INTRANS;
	int seconds = PATIENCE, rc;
	struct plan *p;

	do {
		p = planner_new(rules, header, text);
		rc = make_once(p, db, loading, e);
		if (rc == 0)
			return p;
		rc = loading ? -1 : wait_on(p, db, seconds, e);
		seconds += PATIENCE;
		planner_free(p);
	} while (rc > 0);
	return NULL;
}

struct plan *
planner_make_known(struct db *db, const struct load_rules *rules, const struct header *header,
		   bool text, struct known *known, struct err *e)
{
	struct plan *p = planner_new(rules, header, text);

	if (make(p, db, known, e) == 0)
		return p;
	planner_free(p);
	return NULL;
}

/* A plan's own queries, about a relation that is always there. */
int
planner_warm(struct db *db, struct err *e)
{
	struct relname any = RELNAME_INIT;
	struct known known = {.rel = NULL};
	int rc = session_begin(db, SESSION_PLAN, -1, e);

	relname_set(&any, "pg_catalog", "pg_class");
	if (rc == 0)
		rc = known_find(db, &any, &known, e);
	session_rollback(db);
	known_release(&known, 1);
	return rc;
}

int
planner_begin(struct db *db, const struct load_rules *rules, struct err *e)
{
	if (session_begin(db, SESSION_PLAN, -1, e) != 0)
		return -1;
	return db_exec(db, e, "SET LOCAL lock_timeout = %d",
		       rules->lock_timeout > 0 && rules->lock_timeout < GLANCE
			       ? (int)rules->lock_timeout
			       : GLANCE);
}

void
planner_free(struct plan *p)
{
	if (p == NULL)
		return;
	plan_release(p);
	plan_stage_free(p->stage);
	replace_free(p->replace);
	rebuild_free(p->rebuild);
	free(p);
}
