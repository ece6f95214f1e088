/*
 * PostgreSQL as a source.  One REPEATABLE READ READ ONLY transaction; the
 * relation is locked before the snapshot is taken, or, where LOCK is refused,
 * the snapshot is thrown away if a relation was rewritten (TRUNCATE, REFRESH)
 * while the query waited for it.  Then one COPY … TO STDOUT.
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
#include "extract/pg/rowblock.h"
#include "extract/pg/select.h"
#include "extract/pg/snapshot.h"
#include "extract/source/source.h"

#define ATTEMPTS 20 /* snapshots thrown away before giving up */

struct source_pg {
	struct source base;
	struct db db;
	struct relation *rel; /* NULL: a query */
	char *select;
	char *saved_path; /* search_path as the user has it; NULL: not narrowed */
	bool lock;        /* LOCK TABLE is worth trying */
	bool no_lock;     /* it was refused */
	bool copying;
	struct rowblock rows;
	uint64_t nrows; /* given out so far */
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
	rc = session_restore_path(&s->db, s->saved_path, e);
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
	s->lock = !s->no_lock && strchr("rpv", s->rel->kind) != NULL;
	return 0;
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

static int
lock_relation(struct source_pg *s, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_adds(&sql, "LOCK TABLE ");
	relname_add_quoted(&s->rel->id, &sql);
	buf_adds(&sql, " IN ACCESS SHARE MODE");
	rc = db_exec(&s->db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
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
	return now->oid != oid ? 1 : relation_read(&s->db, now, e);
}

static int
build_select(struct source_pg *s, struct err *e)
{
	if (has_user_text(s) && restore_path(s, e) != 0)
		return -1;
	free(s->select);
	s->select = select_build(&s->db, s->base.options, s->rel, e);
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

/* Fill the header document's facts from the statement as the server sees it. */
static int
describe(struct source_pg *s, struct err *e)
{
	PGresult *described = db_describe(&s->db, e, s->select);
	size_t n = described != NULL ? (size_t)PQnfields(described) : 0;
	unsigned *types = xcalloc(n, sizeof(*types));
	int rc = -1;

	if (described != NULL && PQnparams(described) > 0)
		err_set(e, EXIT_USAGE,
			"the query has parameters ($1); nobody gives them values");
	else if (described != NULL && narrow_path(s, e) == 0 &&
		 describe_columns(&s->db, described, s->rel, &s->base.header->schema, types,
				  e) == 0)
		rc = describe_types(s, types, n, e);
	PQclear(described);
	free(types);
	return rc;
}

static void
describe_relation(struct source_pg *s)
{
	struct header *header = s->base.header;
	struct schema *schema = &header->schema;
	const struct extract_options *o = s->base.options;
	size_t i;

	header->server_version = PQserverVersion(s->db.conn);
	if (s->rel == NULL)
		return;
	relname_set(&schema->relation, s->rel->id.schema, s->rel->id.name);
	if (o->where == NULL && o->limit < 0)
		header->rows_estimate = s->rel->rows_estimate;
	if (s->rel->kind == 'r' && s->rel->has_children)
		return; /* children may repeat their parent's keys */
	for (i = 0; i < s->rel->nprimary_key; i++)
		if (schema_find(schema, s->rel->primary_key[i]) < 0)
			return; /* a part of a key is no key */
	for (i = 0; i < s->rel->nprimary_key; i++)
		schema_add_key(schema, s->rel->primary_key[i]);
}

/* LOCK needs more than SELECT on a column; views may stand on what cannot be locked. */
static bool
is_lock_refusal(const struct err *e)
{
	return strcmp(e->sqlstate, "42501") == 0 || strcmp(e->sqlstate, "42809") == 0;
}

/* As 0, but 1 if another attempt may do: LOCK is refused or the relation has gone. */
static int
try_lock(struct source_pg *s, struct err *e)
{
	if (!s->lock || lock_relation(s, e) == 0)
		return 0;
	if (is_lock_refusal(e))
		s->no_lock = true;
	else if (strcmp(e->sqlstate, "42P01") != 0)
		return -1;
	err_release(e);
	return 1;
}

/*
 * Was all that is read locked before the snapshot?  A plain table is; children,
 * policies and expressions may lead to others.
 */
static bool
is_locked_whole(const struct source_pg *s)
{
	return s->lock && s->rel->kind == 'r' && !s->rel->has_children &&
	       !s->rel->row_security && s->base.options->where == NULL;
}

/* One attempt: 0 with a good snapshot, 1 to try again, -1. */
static int
take_snapshot(struct source_pg *s, struct err *e)
{
	const struct extract_options *o = s->base.options;
	int rc;

	if (o->rel.name != NULL && find_relation(s, e) != 0)
		return -1;
	if (session_begin(&s->db, o->row_security ? SESSION_READ_SEEN : SESSION_READ,
			  o->common.lock_timeout, e) != 0)
		return -1;
	rc = try_lock(s, e);
	if (rc == 0 && s->rel != NULL)
		rc = read_locked(s, e);
	if (rc == 0 && (build_select(s, e) != 0 || describe(s, e) != 0))
		rc = -1;
	if (rc == 0 && !is_locked_whole(s))
		rc = snapshot_is_stale(&s->db, !s->lock || o->where != NULL ? s->select : NULL,
				       e);
	if (rc > 0)
		start_over(s);
	return rc;
}

static int
start_copy(struct source_pg *s, struct err *e)
{
	char *sql;
	int rc;

	if (s->base.options->common.dry_run)
		return select_plan(&s->db, s->select, e);
	sql = select_copy(s->base.options, s->rel, s->base.header, s->select);
	rc = db_copy_out(&s->db, e, sql);
	free(sql);
	s->copying = rc == 0;
	rowblock_init(&s->rows, s->base.header->values == HEADER_BINARY,
		      (int)s->base.header->schema.ncolumns);
	return rc;
}

static int
source_pg_open(struct source *base, int watch_fd, struct err *e)
{
	struct source_pg *s = pg(base);
	int attempt, rc = 1;

	if (db_connect(&s->db, &base->options->common.db, e) != 0)
		return -1;
	base->where = db_connect_where(&s->db);
	s->db.watch_fd = watch_fd;
	for (attempt = 0; rc > 0 && attempt < ATTEMPTS; attempt++)
		rc = take_snapshot(s, e);
	if (rc > 0)
		return err_set(e, EXIT_DATA,
			       "the relation is rewritten again and again; "
			       "%d snapshots were thrown away",
			       ATTEMPTS);
	if (rc < 0)
		return -1;
	describe_relation(s);
	if (session_watch_client(&s->db, &s->base.header->backend, e) != 0)
		return -1;
	return start_copy(s, e);
}

static enum source_event
end_of_rows(struct source_pg *s, struct err *e)
{
	s->copying = false;
	if (s->rows.counted == s->nrows)
		return SOURCE_END;
	err_set(e, EXIT_DATA, "the server says it sent %llu rows, but %llu have come",
		(unsigned long long)s->rows.counted, (unsigned long long)s->nrows);
	return SOURCE_FAILED;
}

static enum source_event
source_pg_next(struct source *base, int timeout, struct source_chunk *chunk, struct err *e)
{
	struct source_pg *s = pg(base);

	if (!s->copying)
		return SOURCE_END;
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
