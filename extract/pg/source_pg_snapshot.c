/*
 * FIND to LOOK of README: attempts until what is locked, what the snapshot knows and what
 * the server reads are the same.
 */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/intern.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/pgarray.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "extract/options/options.h"
#include "extract/pg/choose.h"
#include "extract/pg/source_pg_parts.h"

#define ATTEMPTS 20        /* snapshots thrown away before giving up */
#define PART_PATIENCE 1000 /* ms that a part waits for a lock */
#define HASTY 10 /* attempts that wait for locks only in a transaction to be thrown away */

static bool
is_set(const struct source_pg *s)
{
	return s->base.options->is_set;
}

/* ---- the members ---- */

static int
look_up(struct source_pg *s, struct err *e)
{
	const struct relname *name = &s->base.options->rel;
	struct relation *rel = relation_find(&s->db, name->schema, name->name, e);

	if (rel == NULL)
		return -1;
	source_pg_members_make(s, &rel, 1);
	if (strchr("rpvmfSt", rel->kind) == NULL)
		return err_set(e, EXIT_USAGE, "\"%s\" is not a table or view", rel->id.name);
	return s->base.options->the_part != NULL ? source_pg_part_find(s, s->members, e) : 0;
}

/* ---- FIND ---- */

static void
start_over(struct source_pg *s)
{
	path_rollback(&s->path, &s->db);
	typecache_release(&s->types);
	basis_release(&s->basis);
	if (is_set(s)) {
		manifest_free(s->base.set);
		s->base.set = NULL;
	} else {
		header_free(s->base.header);
	}
	s->base.header = is_set(s) ? NULL : header_new();
}

void
source_pg_snapshot_forget(struct source_pg *s)
{
	source_pg_members_drop(s);
	start_over(s);
	reads_release(&s->reads);
	s->reach = 0;
	s->seen = false;
	s->attempt = 0;
}

/* LOCK takes these kinds, from whoever may SELECT from all of their columns. */
static const char partitions_sql[] =
	"SELECT p.relid::pg_catalog.oid,"
	" pg_catalog.format('%I.%I', n.nspname, c.relname)"
	" FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS r(oid)"
	" CROSS JOIN LATERAL pg_catalog.pg_partition_tree(r.oid) AS p"
	" JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) p.relid"
	" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
	" WHERE p.relid OPERATOR(pg_catalog.<>) r.oid";

/* The partitions of the set's members, so that the first attempt knows them. */
static int
expect_partitions(struct source_pg *s, struct err *e)
{
	struct buf roots = BUF_INIT;
	const char *params[1];
	PGresult *res = NULL;
	size_t i;
	int row, rc = 0;

	for (i = 0; i < s->chosen.n; i++)
		if (s->chosen.rels[i].kind == 'p')
			pgarray_add_oid(&roots, s->chosen.rels[i].oid);
	if (roots.len > 0) {
		params[0] = pgarray_end(&roots);
		res = db_query(&s->db, e, partitions_sql, 1, params);
		rc = res != NULL ? 0 : -1;
	}
	for (row = 0; res != NULL && row < PQntuples(res); row++)
		reads_add(&s->reads,
			  &(struct reads_relation){
				  .id = {.name = intern(PQgetvalue(res, row, 1))},
				  .oid = (unsigned)strtoul(PQgetvalue(res, row, 0), NULL, 10),
				  .lockable = true});
	PQclear(res);
	buf_release(&roots);
	return rc;
}

static void
expect(struct source_pg *s, unsigned oid, const struct relname *id, char kind)
{
	reads_add(&s->reads, &(struct reads_relation){.id = *id,
						      .oid = oid,
						      .is_view = kind == 'v',
						      .lockable = strchr("rpv", kind) != NULL});
}

static void
expect_relation(struct source_pg *s, const struct relation *rel)
{
	if (rel != NULL)
		expect(s, rel->oid, &rel->id, rel->kind);
}

/* What is read as far as it is known without having planned anything. */
static int
expect_relations(struct source_pg *s, struct err *e)
{
	size_t i;
	int rc = 0;

	reads_release(&s->reads);
	for (i = 0; i < s->chosen.n; i++)
		expect(s, s->chosen.rels[i].oid, &s->chosen.rels[i].id, s->chosen.rels[i].kind);
	for (i = 0; i < s->n; i++) {
		expect_relation(s, s->members[i].rel);
		expect_relation(s, s->members[i].leaf);
	}
	if (is_set(s))
		rc = expect_partitions(s, e);
	reads_sort(&s->reads);
	return rc;
}

/*
 * Who keeps the snapshot for a part holds the locks as well: what waits in front of us waits
 * for them, and so until all parts are done.  A part by its own snapshot stands in no queue
 * either.
 */
static int64_t
patience(const struct extract_options *o)
{
	if (o->common.lock_timeout < 0 && o->the_part != NULL)
		return PART_PATIENCE;
	return o->common.lock_timeout;
}

/*
 * The planner thinks queries about a thousand relations worth just-in-time compilation,
 * which takes ten times as long as they do.
 */
static int
begin(struct source_pg *s, enum session_kind kind, struct err *e)
{
	if (session_begin(&s->db, kind, patience(s->base.options), e) != 0)
		return -1;
	return is_set(s) ? db_exec(&s->db, e, "SET LOCAL jit = off") : 0;
}

/* In a transaction of its own, for looking takes a snapshot. */
static int
find_relations(struct source_pg *s, struct err *e)
{
	struct relation *none = NULL;

	if (s->query != NULL) {
		source_pg_members_make(s, &none, 1);
		return expect_relations(s, e);
	}
	if (begin(s, SESSION_READ, e) != 0 ||
	    (is_set(s) ? source_pg_set_choose(s, e) : look_up(s, e)) != 0 ||
	    expect_relations(s, e) != 0)
		return -1;
	start_over(s);
	return 0;
}

/* ---- LOCK ---- */

static bool
is_sqlstate(const struct err *e, const char *sqlstate)
{
	return strcmp(e->sqlstate, sqlstate) == 0;
}

/*
 * As 0, but 1 if another attempt may do: LOCK is refused (it needs more than SELECT on
 * a column, and views may stand on what cannot be locked), a name has gone, or another
 * session holds a lock, which is waited for with nothing locked yet.
 */
static int
try_lock(struct source_pg *s, struct err *e)
{
	bool wait = !s->seen || s->attempt >= HASTY;

	if (reads_lock(&s->db, &s->reads, s->reach, wait, e) == 0)
		return 0;
	if (is_sqlstate(e, "42501") || is_sqlstate(e, "42809"))
		s->reach += s->reach < READS_NOTHING ? 1 : 0;
	else if (!is_sqlstate(e, "42P01") && !is_sqlstate(e, "3F000") &&
		 (wait || !is_sqlstate(e, "55P03")))
		return -1;
	s->seen = false;
	err_release(e);
	return 1;
}

/* ---- SNAP ---- */

/*
 * Read the relation, now that it is locked.  1: while the lock was waited
 * for, its name has passed to another one.
 */
static int
read_one(struct source_pg *s, struct err *e)
{
	struct member *m = &s->members[0];
	unsigned oid = m->rel->oid;
	struct relation *now;

	if (path_narrow(&s->path, &s->db, e) != 0)
		return -1;
	now = relation_find(&s->db, m->rel->id.schema, m->rel->id.name, e);
	if (now == NULL)
		return -1;
	relation_free(m->rel);
	m->rel = now;
	if (now->oid == oid) {
		int rc = m->leaf != NULL ? source_pg_part_locked(s, m, e) : 0;

		if (rc <= 0)
			return rc == 0 ? relation_read(&s->db, now, e) : -1;
	}
	s->seen = false;
	return 1;
}

/* ---- LOOK ---- */

static bool
needs_look(const struct source_pg *s)
{
	return is_set(s) || !source_pg_members_is_whole(s, &s->members[0]);
}

/*
 * What has been opened by describing and planning?  1: something that is read was not among
 * what the attempt began with, or the snapshot is older than what it is now.
 */
static int
look_around(struct source_pg *s, struct err *e)
{
	struct reads now = {.list = NULL};
	struct reads_look look;
	const char *stale;
	int rc;

	if (reads_look(&s->db, &s->reads, &look, e) != 0)
		return -1;
	s->seen = look.same && look.stale == NULL;
	free(look.stale);
	if (s->seen) /* nothing but what has been locked by its name */
		return 0;
	if (reads_see(&s->db, &now, &stale, e) != 0)
		return -1;
	rc = stale != NULL || !reads_same(&now, &s->reads);
	reads_release(&s->reads);
	s->reads = now;
	s->seen = true;
	return rc;
}

/* ---- all of it ---- */

static int
describe_one(struct source_pg *s, struct err *e)
{
	int rc = source_pg_members_describe(s, 0, e);

	if (rc == 0)
		rc = source_pg_members_plan(s, e);
	if (rc == 0) {
		source_pg_members_finish(s, &s->members[0]);
		basis_add(&s->basis, &s->members[0]);
	}
	return rc;
}

static enum session_kind
kind_of(const struct source_pg *s)
{
	return s->base.options->row_security ? SESSION_READ_SEEN : SESSION_READ;
}

/* One attempt: 0 with a good snapshot, 1 to try again, -1. */
static int
attempt(struct source_pg *s, struct err *e)
{
	int rc;

	if (!s->seen && find_relations(s, e) != 0)
		return -1;
	if (begin(s, kind_of(s), e) != 0)
		return -1;
	rc = try_lock(s, e);
	if (rc == 0 && s->base.options->snapshot != NULL)
		rc = source_pg_import(s, e);
	if (rc == 0 && s->query == NULL)
		rc = is_set(s) ? source_pg_set_same(s, e) : read_one(s, e);
	if (rc == 0)
		rc = is_set(s) ? source_pg_set_describe(s, e) : describe_one(s, e);
	if (rc == 0 && needs_look(s))
		rc = look_around(s, e);
	if (rc < 0 && is_sqlstate(e, "40P01")) {
		/* DDL locks in an order of its own; nothing of ours is lost by waiting anew */
		err_release(e);
		s->seen = false;
		rc = 1;
	}
	if (rc > 0)
		start_over(s);
	else if (rc == 0 && is_set(s))
		rc = db_exec(&s->db, e, "SET LOCAL jit TO DEFAULT");
	return rc;
}

int
source_pg_snapshot(struct source_pg *s, struct err *e)
{
	int rc = 1;

	for (; rc > 0 && s->attempt < ATTEMPTS; s->attempt++)
		rc = attempt(s, e);
	choose_release(&s->chosen);
	if (rc > 0 && s->base.options->snapshot != NULL)
		return err_set(e, EXIT_DATA,
			       "what is read was altered after the snapshot \"%s\" was taken",
			       s->base.options->snapshot);
	if (rc > 0)
		return err_set(e, EXIT_DATA,
			       "what is read is altered again and again; "
			       "%d snapshots were thrown away",
			       ATTEMPTS);
	if (rc < 0 && s->base.options->the_part != NULL && is_sqlstate(e, "55P03")) {
		e->code = EXIT_AGAIN;
		err_hint(e, "Nothing is wrong with the part: run it again.");
	}
	typecache_release(&s->types);
	if (rc < 0 && is_sqlstate(e, "42501") && !is_set(s) && s->n > 0 &&
	    s->members[0].rel != NULL) {
		start_over(s);
		relation_suggest_grant(&s->db, s->members[0].rel, e);
	}
	return rc;
}

int
source_pg_snapshot_again(struct source_pg *s, struct err *e)
{
	int rc = begin(s, kind_of(s), e);

	if (rc == 0)
		rc = try_lock(s, e);
	return rc == 0 ? source_pg_import(s, e) : rc;
}
