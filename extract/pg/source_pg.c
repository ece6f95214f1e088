/*
 * PostgreSQL as a source: one REPEATABLE READ READ ONLY transaction, in it one
 * COPY … TO STDOUT.  All that is read is locked before the snapshot is taken, which
 * may need several attempts; what cannot be is compared after the last row.  README
 * has the protocol.
 */
#include "extract/pg/source_pg.h"

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
#include "common/pg/typeread.h"
#include "common/schema/header.h"
#include "common/schema/typedocs.h"
#include "common/talk/log.h"
#include "extract/options.h"
#include "extract/pg/describe.h"
#include "extract/pg/largeobj.h"
#include "extract/pg/reads.h"
#include "extract/pg/rowblock.h"
#include "extract/pg/select.h"
#include "extract/pg/sqltail.h"
#include "extract/pg/stands.h"
#include "extract/source/source.h"

#define ATTEMPTS 20 /* snapshots thrown away before giving up */
#define HASTY 10    /* attempts that wait for locks only in a transaction to be thrown away */

struct source_pg {
	struct source base;
	struct db db;
	struct relation *rel; /* NULL: a query */
	char *query;          /* the user's; NULL: a relation */
	char *select;
	char *saved_path; /* search_path as the user has it; NULL: not narrowed */
	struct reads reads;
	enum reads_reach reach; /* how much of it LOCK takes */
	bool seen;              /* an earlier attempt has found out what is read */
	int attempt;
	unsigned *types; /* of the columns */
	bool copying;
	struct rowblock rows;
	int64_t planned; /* rows that the planner expects, -1: not known */
	uint64_t nrows;  /* given out so far */
};

static struct source_pg *
pg(struct source *s)
{
	return (struct source_pg *)s;
}

static int
narrow_path(struct source_pg *s, struct err *e)
{
	return s->saved_path != NULL ? 0 : session_narrow_path(&s->db, &s->saved_path, e);
}

static int
restore_path(struct source_pg *s, struct err *e)
{
	int rc;

	if (s->saved_path == NULL)
		return 0;
	rc = session_set_path(&s->db, s->saved_path, e);
	free(s->saved_path);
	s->saved_path = NULL;
	return rc;
}

/* Does the statement hold text of the user's, which search_path gives its meaning? */
static bool
has_user_text(const struct source_pg *s)
{
	return s->base.options->query_text != NULL || s->base.options->where != NULL;
}

static bool
is_readable_kind(char kind)
{
	return strchr("rpvmfSt", kind) != NULL;
}

static int
look_up(struct source_pg *s, struct err *e)
{
	const struct extract_options *o = s->base.options;

	relation_free(s->rel);
	s->rel = relation_find(&s->db, o->rel.schema, o->rel.name, e);
	if (s->rel == NULL)
		return -1;
	if (!is_readable_kind(s->rel->kind))
		return err_set(e, EXIT_USAGE, "\"%s\" is not a table or view", s->rel->id.name);
	return 0;
}

/* What is read as far as it is known without having planned anything. */
static void
expect_relation(struct source_pg *s)
{
	struct buf name = BUF_INIT;

	reads_release(&s->reads);
	if (s->rel == NULL)
		return;
	relname_add_quoted(&s->rel->id, &name);
	reads_add(&s->reads, s->rel->oid, buf_cstr(&name), s->rel->kind == 'v',
		  strchr("rpv", s->rel->kind) != NULL);
	buf_release(&name);
}

static void
start_over(struct source_pg *s)
{
	session_rollback(&s->db);
	free(s->saved_path);
	s->saved_path = NULL;
	header_free(s->base.header);
	s->base.header = header_new();
}

/* In a transaction of its own, for looking takes a snapshot. */
static int
find_relation(struct source_pg *s, struct err *e)
{
	if (session_begin(&s->db, SESSION_READ, s->base.options->common.lock_timeout, e) != 0 ||
	    look_up(s, e) != 0)
		return -1;
	start_over(s);
	return 0;
}

/*
 * Read the relation, now that it is locked.  1: while the lock was waited
 * for, its name has passed to another one.
 */
static int
read_locked(struct source_pg *s, struct err *e)
{
	unsigned oid = s->rel->oid;
	struct relation *now;

	if (narrow_path(s, e) != 0)
		return -1;
	now = relation_find(&s->db, s->rel->id.schema, s->rel->id.name, e);
	if (now == NULL)
		return -1;
	relation_free(s->rel);
	s->rel = now;
	if (now->oid == oid)
		return relation_read(&s->db, now, e);
	s->seen = false;
	return 1;
}

static int
build_select(struct source_pg *s, struct err *e)
{
	if (has_user_text(s) && restore_path(s, e) != 0)
		return -1;
	free(s->select);
	s->select = select_build(&s->db, s->base.options, s->rel, s->query, e);
	return s->select != NULL ? 0 : -1;
}

/* Binary where values mean the same everywhere, else text; refuse what cannot travel. */
static int
choose_values(struct source_pg *s, const struct typedocs *docs, struct err *e)
{
	const struct extract_options *o = s->base.options;
	bool text = o->values == VALUES_TEXT || o->format == EXTRACT_NDJSON;

	if (docs->refused != NULL)
		return err_set(e, EXIT_DATA, "cannot send these rows: %s", docs->refused);
	if (docs->text_only != NULL && o->values == VALUES_BINARY) {
		err_set(e, EXIT_DATA, "cannot send binary values: %s", docs->text_only);
		return err_hint(e, "Use --values=auto or --values=text.");
	}
	if (docs->text_only != NULL && !text)
		log_info("values travel as text: %s", docs->text_only);
	s->base.header->values = text || docs->text_only != NULL ? HEADER_TEXT : HEADER_BINARY;
	if (docs->search_path == NULL)
		return restore_path(s, e);
	/* Names inside reg* values must be qualified, so the path stays narrow. */
	if (!has_user_text(s))
		return narrow_path(s, e);
	err_set(e, EXIT_DATA,
		"cannot send type %s from a query: its text depends on search_path",
		docs->search_path);
	return err_hint(e, "Cast the column to text or to oid in the query.");
}

static int
describe_types(struct source_pg *s, const unsigned *oids, size_t n, struct err *e)
{
	struct typedocs docs;
	int rc = typeread_docs(&s->db, oids, n, &docs, e);

	if (rc == 0)
		rc = choose_values(s, &docs, e);
	if (rc == 0)
		json_object_update(s->base.header->schema.types, docs.types);
	typedocs_release(&docs);
	return rc;
}

/*
 * Fill the header document's facts from the statement as the server sees it.  1: its
 * names lead to what the snapshot does not know.
 */
static int
describe(struct source_pg *s, struct err *e)
{
	PGresult *described = db_describe(&s->db, e, s->select);
	size_t n = described != NULL ? (size_t)PQnfields(described) : 0;
	int rc = -1;

	free(s->types);
	s->types = xcalloc(n, sizeof(*s->types));
	if (described != NULL && PQnparams(described) > 0)
		err_set(e, EXIT_USAGE,
			"the query has parameters ($1); nobody gives them values");
	else if (described != NULL && narrow_path(s, e) == 0)
		rc = describe_columns(&s->db, described, s->rel, &s->base.header->schema,
				      s->types, e);
	PQclear(described);
	return rc != 0 ? rc : describe_types(s, s->types, n, e);
}

/* A whole table has been counted by ANALYZE; for all else the planner has a guess. */
static void
estimate_rows(struct source_pg *s)
{
	struct header *header = s->base.header;
	const struct extract_options *o = s->base.options;

	if (s->rel != NULL && o->where == NULL)
		header->rows_estimate = s->rel->rows_estimate;
	header->rows_rough = header->rows_estimate <= 0 && s->planned >= 0;
	if (header->rows_rough)
		header->rows_estimate = s->planned;
	if (o->limit >= 0 && o->limit < header->rows_estimate)
		header->rows_estimate = o->limit;
}

static void
describe_relation(struct source_pg *s)
{
	struct header *header = s->base.header;
	struct schema *schema = &header->schema;
	size_t i;

	header->server_version = PQserverVersion(s->db.conn);
	estimate_rows(s);
	if (s->rel == NULL)
		return;
	relname_set(&schema->relation, s->rel->id.schema, s->rel->id.name);
	if (s->rel->kind == 'r' && s->rel->has_children)
		return; /* children may repeat their parent's keys */
	for (i = 0; i < s->rel->nprimary_key; i++)
		if (schema_find(schema, s->rel->primary_key[i]) < 0)
			return; /* a part of a key is no key */
	for (i = 0; i < s->rel->nprimary_key; i++)
		schema_add_key(schema, s->rel->primary_key[i]);
}

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

/*
 * Was all that is read locked before the snapshot, and nothing but it?  A plain table
 * is; children, policies and expressions may lead to others.
 */
static bool
is_locked_whole(const struct source_pg *s)
{
	return s->rel != NULL && s->rel->kind == 'r' && !s->rel->has_children &&
	       !s->rel->row_security && s->base.options->where == NULL &&
	       reads_is_locked(&s->reads, s->rel->oid, s->reach);
}

/*
 * Plan the statement, and so lock what parsing and LOCK have not: children, partitions.
 * 1: something that is read was not among what the attempt began with, or the snapshot
 * is older than what it is now.
 */
static int
look_around(struct source_pg *s, struct err *e)
{
	struct reads now = {.list = NULL};
	const char *stale;
	int rc;

	if (select_plan(&s->db, s->select, &s->planned, e) != 0 ||
	    reads_see(&s->db, &now, &stale, e) != 0)
		return -1;
	rc = stale != NULL || !reads_same(&now, &s->reads);
	reads_release(&s->reads);
	s->reads = now;
	s->seen = true;
	return rc;
}

/* One attempt: 0 with a good snapshot, 1 to try again, -1. */
static int
take_snapshot(struct source_pg *s, struct err *e)
{
	const struct extract_options *o = s->base.options;
	int rc;

	if (!s->seen) {
		if (o->rel.name != NULL && find_relation(s, e) != 0)
			return -1;
		expect_relation(s);
	}
	if (session_begin(&s->db, o->row_security ? SESSION_READ_SEEN : SESSION_READ,
			  o->common.lock_timeout, e) != 0)
		return -1;
	s->planned = -1;
	rc = try_lock(s, e);
	if (rc == 0 && s->rel != NULL)
		rc = read_locked(s, e);
	if (rc == 0)
		rc = build_select(s, e);
	if (rc == 0)
		rc = describe(s, e);
	if (rc == 0 && !is_locked_whole(s))
		rc = look_around(s, e);
	if (rc < 0 && is_sqlstate(e, "40P01")) {
		/* DDL locks in an order of its own; nothing of ours is lost by waiting anew */
		err_release(e);
		s->seen = false;
		rc = 1;
	}
	if (rc > 0)
		start_over(s);
	return rc;
}

static int
start_copy(struct source_pg *s, struct err *e)
{
	bool dry = s->base.options->common.dry_run;
	char *sql = select_copy(s->base.options, s->rel, s->base.header, s->select);
	int rc = dry ? select_try(&s->db, sql, s->select, e) : db_copy_out(&s->db, e, sql);

	free(sql);
	s->copying = rc == 0 && !dry;
	rowblock_init(&s->rows, s->base.header->values == HEADER_BINARY,
		      (int)s->base.header->schema.ncolumns);
	return rc;
}

static int
source_pg_open(struct source *base, int watch_fd, struct err *e)
{
	struct source_pg *s = pg(base);
	int rc = 1;

	if (base->options->query_text != NULL)
		s->query = sqltail_trim(base->options->query_text);
	if (db_connect(&s->db, &base->options->common.db, e) != 0)
		return -1;
	base->where = db_connect_where(&s->db);
	s->db.watch_fd = watch_fd;
	for (; rc > 0 && s->attempt < ATTEMPTS; s->attempt++)
		rc = take_snapshot(s, e);
	if (rc > 0)
		return err_set(e, EXIT_DATA,
			       "what is read is altered again and again; "
			       "%d snapshots were thrown away",
			       ATTEMPTS);
	if (rc < 0 && is_sqlstate(e, "42501") && s->rel != NULL) {
		start_over(s);
		relation_suggest_grant(&s->db, s->rel, e);
	}
	if (rc < 0)
		return -1;
	describe_relation(s);
	if (largeobj_tell(&s->db, s->rel, &s->base.header->schema, e) != 0)
		return -1;
	if (session_watch_client(&s->db, &s->base.header->backend, e) != 0)
		return -1;
	return start_copy(s, e);
}

static int
was_altered(const char *what, struct err *e)
{
	err_set(e, EXIT_DATA, "%s was altered while the rows were read", what);
	return err_hint(e, "Nothing is wrong with the source: run it again.");
}

/* Have all relations that were read kept their names and files since the snapshot? */
static int
check_reads(struct source_pg *s, struct reads *now, struct err *e)
{
	const char *stale;

	if (reads_see(&s->db, now, &stale, e) != 0)
		return -1;
	if (stale == NULL && is_locked_whole(s) && now->n != (s->rel->oid >= READS_FIRST))
		stale = "what the name leads to";
	return stale != NULL ? was_altered(stale, e) : 0;
}

/* Is there anything that no lock holds? */
static bool
stands_on_more(const struct source_pg *s)
{
	size_t i;

	if (!is_locked_whole(s) || json_object_size(s->base.header->schema.types) > 0)
		return true;
	for (i = 0; i < s->rel->ncolumns; i++)
		if (s->rel->columns[i].generated)
			return true;
	return false;
}

static PGresult *
read_stands(struct source_pg *s, const struct reads *now, struct err *e)
{
	const struct extract_options *o = s->base.options;
	char *text = xasprintf("%s %s", s->query != NULL ? s->query : "",
			       o->where != NULL ? o->where : "");
	PGresult *res = NULL;

	if (narrow_path(s, e) == 0 && db_exec(&s->db, e, "SET LOCAL jit = off") == 0)
		res = stands_read(&s->db, text, now, &s->reads, s->reach, s->types,
				  s->base.header->schema.ncolumns, e);
	free(text);
	return res;
}

static void
end_transaction(struct source_pg *s)
{
	session_rollback(&s->db);
	free(s->saved_path);
	s->saved_path = NULL;
}

/* The newest state is seen by a new snapshot only, and so by another transaction. */
static int
check_stands(struct source_pg *s, const struct reads *now, struct err *e)
{
	PGresult *before = read_stands(s, now, e), *after = NULL;
	const char *what;
	int rc = -1;

	if (before != NULL) {
		end_transaction(s);
		if (session_begin(&s->db, SESSION_PLAN, -1, e) == 0)
			after = read_stands(s, now, e);
	}
	if (after != NULL) {
		what = stands_changed(before, after);
		rc = what != NULL ? was_altered(what, e) : 0;
	}
	PQclear(before);
	PQclear(after);
	return rc;
}

/*
 * All rows are here.  Before the end document says so: were they what the names meant
 * at the snapshot?  No transaction is left open, which would cost a pooler its
 * connection.
 */
static enum source_event
settle(struct source_pg *s, struct err *e)
{
	struct reads now = {.list = NULL};
	int rc = check_reads(s, &now, e);

	if (rc == 0 && stands_on_more(s))
		rc = check_stands(s, &now, e);
	reads_release(&now);
	if (rc != 0)
		return SOURCE_FAILED;
	end_transaction(s);
	return SOURCE_END;
}

static enum source_event
end_of_rows(struct source_pg *s, struct err *e)
{
	s->copying = false;
	if (s->rows.counted == s->nrows)
		return settle(s, e);
	err_set(e, EXIT_DATA, "the server says it sent %llu rows, but %llu have come",
		(unsigned long long)s->rows.counted, (unsigned long long)s->nrows);
	return SOURCE_FAILED;
}

static enum source_event
source_pg_next(struct source *base, int timeout, struct source_chunk *chunk, struct err *e)
{
	struct source_pg *s = pg(base);

	if (!s->copying)
		return settle(s, e);
	switch (rowblock_fill(&s->rows, &s->db, timeout, e)) {
	case DB_ROW:
		break;
	case DB_NO_ROW_YET:
		return SOURCE_IDLE;
	case DB_ROWS_END:
		return end_of_rows(s, e);
	case DB_ROW_FAILED:
		return SOURCE_FAILED;
	}
	chunk->data = s->rows.bytes.data;
	chunk->len = s->rows.len;
	chunk->rows = s->rows.rows;
	chunk->pause = s->rows.pause;
	s->nrows += chunk->rows;
	return SOURCE_ROWS;
}

static void
source_pg_close(struct source *base)
{
	struct source_pg *s = pg(base);

	db_close(&s->db);
	rowblock_release(&s->rows);
	relation_free(s->rel);
	reads_release(&s->reads);
	free(s->types);
	free(s->query);
	free(s->select);
	free(s->saved_path);
}

static const struct source_ops source_pg_ops = {
	.open = source_pg_open,
	.next = source_pg_next,
	.close = source_pg_close,
};

struct source *
source_pg_new(void)
{
	struct source_pg *s = xcalloc(1, sizeof(*s));

	s->base.ops = &source_pg_ops;
	s->db = DB_INIT;
	return &s->base;
}
