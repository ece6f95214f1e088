/*
 * PostgreSQL as a source.  One REPEATABLE READ READ ONLY transaction; the
 * relation is locked before the snapshot is taken, or, where LOCK is refused,
 * the snapshot is thrown away if a relation was rewritten (TRUNCATE, REFRESH)
 * while the query waited for it.  Then one COPY … TO STDOUT.
 */
#include "extract/source_pg.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/db.h"
#include "common/err.h"
#include "common/log.h"
#include "common/pgcopy.h"
#include "common/relation.h"
#include "common/schema.h"
#include "common/session.h"
#include "common/typedocs.h"
#include "common/xalloc.h"
#include "extract/options.h"
#include "extract/select.h"
#include "extract/source.h"

#define ATTEMPTS 20 /* snapshots thrown away before giving up */

struct source_pg {
	struct source base;
	struct db db;
	struct relation *rel; /* NULL: a query */
	char *select;
	char *saved_path; /* search_path as the user has it; NULL: not narrowed */
	bool lock;        /* LOCK TABLE is worth trying */
	bool copying;
	bool header_seen; /* of the server's COPY binary data */
	uint64_t rows;
};

/* Columns of the described statement, with what the catalog knows of them. */
static const char columns_sql[] =
	"SELECT format_type(d.type, d.mod), format_type(d.type, NULL),"
	" CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation THEN"
	" (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l"
	" JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation) END,"
	" coalesce(a.attnotnull, false), coalesce(a.attgenerated <> '', false)"
	" FROM unnest($1::oid[], $2::int4[], $3::oid[], $4::int4[])"
	" WITH ORDINALITY AS d(type, mod, rel, attnum, place)"
	" JOIN pg_type t ON t.oid = d.type"
	" LEFT JOIN pg_attribute a ON a.attrelid = d.rel AND a.attnum = d.attnum AND d.attnum > 0"
	" ORDER BY d.place";

/*
 * Heaps that this transaction has locked and whose file is not the one that the
 * snapshot's catalog names: they were rewritten after the snapshot was taken.
 */
static const char rewritten_sql[] =
	"SELECT 1 FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation"
	" WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'"
	" AND l.database = (SELECT oid FROM pg_catalog.pg_database"
	" WHERE datname = pg_catalog.current_database())"
	" AND c.relkind IN ('r', 'm', 't') AND c.relfilenode <> 0"
	" AND pg_catalog.pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode LIMIT 1";

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

/* Look the relation up before the transaction, for looking takes a snapshot. */
static int
find_relation(struct source_pg *s, struct err *e)
{
	const struct extract_options *o = s->base.options;
	unsigned oid = relation_find(&s->db, o->rel_schema, o->rel_name, e);

	if (oid == 0)
		return -1;
	s->rel = relation_read(&s->db, oid, e);
	if (s->rel == NULL)
		return -1;
	if (!is_readable_kind(s->rel->kind))
		return err_set(e, EXIT_USAGE, "\"%s\" is not a table or view", s->rel->name);
	s->lock = strchr("rpv", s->rel->kind) != NULL;
	return 0;
}

static int
lock_relation(struct source_pg *s, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_adds(&sql, "LOCK TABLE ");
	db_add_relation(&s->db, &sql, s->rel->schema, s->rel->name);
	buf_adds(&sql, " IN ACCESS SHARE MODE");
	rc = db_exec(&s->db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
}

/* Read the relation again, now that it is locked, and build the SELECT. */
static int
build_select(struct source_pg *s, struct err *e)
{
	if (s->rel != NULL) {
		unsigned oid = s->rel->oid;

		if (narrow_path(s, e) != 0)
			return -1;
		relation_free(s->rel);
		s->rel = relation_read(&s->db, oid, e);
		if (s->rel == NULL)
			return -1;
	}
	if (has_user_text(s) && restore_path(s, e) != 0)
		return -1;
	free(s->select);
	s->select = select_build(&s->db, s->base.options, s->rel, e);
	return s->select != NULL ? 0 : -1;
}

static char *
int_array(const PGresult *res, int (*value)(const PGresult *, int))
{
	struct buf b = BUF_INIT;
	int i;

	buf_addc(&b, '{');
	for (i = 0; i < PQnfields(res); i++)
		buf_addf(&b, "%s%d", i > 0 ? "," : "", value(res, i));
	buf_addc(&b, '}');
	return buf_detach(&b);
}

static char *
oid_array(const PGresult *res, Oid (*value)(const PGresult *, int))
{
	struct buf b = BUF_INIT;
	int i;

	buf_addc(&b, '{');
	for (i = 0; i < PQnfields(res); i++)
		buf_addf(&b, "%s%u", i > 0 ? "," : "", value(res, i));
	buf_addc(&b, '}');
	return buf_detach(&b);
}

static int
add_columns(struct source_pg *s, const PGresult *described, const PGresult *res, struct err *e)
{
	int i;

	for (i = 0; i < PQntuples(res); i++) {
		const char *name = PQfname(described, i);
		struct schema_column *c;

		if (schema_find(s->base.schema, name) >= 0) {
			err_set(e, EXIT_USAGE, "two columns are called \"%s\"", name);
			return err_hint(e, "Columns are matched by name: give one of them "
					   "another name with AS.");
		}
		c = schema_add_column(s->base.schema, name, PQgetvalue(res, i, 0),
				      PQgetvalue(res, i, 1));
		if (!PQgetisnull(res, i, 2))
			c->collation = xstrdup(PQgetvalue(res, i, 2));
		c->not_null = PQgetvalue(res, i, 3)[0] == 't';
		c->generated = PQgetvalue(res, i, 4)[0] == 't';
	}
	return 0;
}

static int
describe_columns(struct source_pg *s, const PGresult *described, struct err *e)
{
	char *types = oid_array(described, PQftype), *mods = int_array(described, PQfmod);
	char *tables = oid_array(described, PQftable),
	     *places = int_array(described, PQftablecol);
	const char *params[] = {types, mods, tables, places};
	PGresult *res = db_query(&s->db, e, columns_sql, 4, params);
	int rc = res != NULL ? add_columns(s, described, res, e) : -1;

	PQclear(res);
	free(types);
	free(mods);
	free(tables);
	free(places);
	return rc;
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
	s->base.schema->values = text || docs->text_only != NULL ? SCHEMA_TEXT : SCHEMA_BINARY;
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
describe_types(struct source_pg *s, const PGresult *described, struct err *e)
{
	size_t n = (size_t)PQnfields(described), i;
	unsigned *oids = xcalloc(n, sizeof(*oids));
	struct typedocs docs;
	int rc;

	for (i = 0; i < n; i++)
		oids[i] = PQftype(described, (int)i);
	rc = typedocs_fetch(&s->db, oids, n, &docs, e);
	free(oids);
	if (rc == 0)
		rc = choose_values(s, &docs, e);
	if (rc == 0)
		json_object_update(s->base.schema->types, docs.types);
	typedocs_release(&docs);
	return rc;
}

/* Fill the header document's facts from the statement as the server sees it. */
static int
describe(struct source_pg *s, struct err *e)
{
	PGresult *described = db_describe(&s->db, e, s->select);
	int rc = -1;

	if (described == NULL)
		return -1;
	if (PQnparams(described) > 0)
		err_set(e, EXIT_USAGE,
			"the query has parameters ($1); nobody gives them values");
	else if (narrow_path(s, e) == 0 && describe_columns(s, described, e) == 0 &&
		 describe_types(s, described, e) == 0)
		rc = 0;
	PQclear(described);
	return rc;
}

static void
describe_relation(struct source_pg *s)
{
	struct schema *schema = s->base.schema;
	const struct extract_options *o = s->base.options;
	size_t i;

	schema->server_version = PQserverVersion(s->db.conn);
	if (s->rel == NULL)
		return;
	schema->rel_schema = xstrdup(s->rel->schema);
	schema->rel_name = xstrdup(s->rel->name);
	if (o->where == NULL && o->limit < 0)
		schema->rows_estimate = s->rel->rows_estimate;
	for (i = 0; i < s->rel->nprimary_key; i++)
		if (schema_find(schema, s->rel->primary_key[i]) < 0)
			return; /* a part of a key is no key */
	for (i = 0; i < s->rel->nprimary_key; i++)
		schema_add_key(schema, s->rel->primary_key[i]);
}

/* 1: the snapshot is older than the rows that it would be used on; 0: it is good. */
static int
is_snapshot_stale(struct source_pg *s, struct err *e)
{
	PGresult *res;
	int stale;

	if (!s->lock) { /* planning locks what parsing has not: children, partitions */
		char *sql = xasprintf("EXPLAIN (COSTS off)\n%s", s->select);

		res = db_query(&s->db, e, sql, 0, NULL);
		free(sql);
		if (res == NULL)
			return -1;
		PQclear(res);
	}
	res = db_query(&s->db, e, rewritten_sql, 0, NULL);
	if (res == NULL)
		return -1;
	stale = PQntuples(res) > 0;
	PQclear(res);
	return stale;
}

/* LOCK needs more than SELECT on a column; views may stand on what cannot be locked. */
static bool
is_lock_refusal(const struct err *e)
{
	return strcmp(e->sqlstate, "42501") == 0 || strcmp(e->sqlstate, "42809") == 0;
}

static void
start_over(struct source_pg *s)
{
	session_rollback(&s->db);
	free(s->saved_path);
	s->saved_path = NULL;
	schema_free(s->base.schema);
	s->base.schema = schema_new();
}

/* One attempt: 0 with a good snapshot, 1 to try again, -1. */
static int
take_snapshot(struct source_pg *s, struct err *e)
{
	const struct extract_options *o = s->base.options;
	int rc;

	if (session_begin(&s->db, o->row_security ? SESSION_READ_SEEN : SESSION_READ,
			  o->common.lock_timeout, e) != 0)
		return -1;
	if (s->lock && lock_relation(s, e) != 0) {
		if (!is_lock_refusal(e))
			return -1;
		err_release(e);
		s->lock = false;
		start_over(s);
		return 1;
	}
	if (build_select(s, e) != 0 || describe(s, e) != 0)
		return -1;
	rc = is_snapshot_stale(s, e);
	if (rc > 0)
		start_over(s);
	return rc;
}

/* Privileges are looked at when a query is about to run, and EXPLAIN gets that far. */
static int
check_query(struct source_pg *s, struct err *e)
{
	char *sql = xasprintf("EXPLAIN (COSTS false)\n%s", s->select);
	PGresult *res = db_query(&s->db, e, sql, 0, NULL);

	PQclear(res);
	free(sql);
	return res != NULL ? 0 : -1;
}

static int
start_copy(struct source_pg *s, struct err *e)
{
	char *sql;
	int rc;

	if (s->base.options->common.dry_run)
		return check_query(s, e);
	sql = select_copy(&s->db, s->base.options, s->rel, s->select,
			  s->base.schema->values == SCHEMA_BINARY);
	rc = db_copy_out(&s->db, e, sql);
	free(sql);
	s->copying = rc == 0;
	return rc;
}

static int
source_pg_open(struct source *base, int watch_fd, struct err *e)
{
	struct source_pg *s = pg(base);
	int attempt, rc = 1;

	if (db_connect(&s->db, &base->options->common.db, e) != 0)
		return -1;
	base->where = db_where(&s->db);
	s->db.watch_fd = watch_fd;
	if (base->options->rel_name != NULL && find_relation(s, e) != 0)
		return -1;
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
	s->base.schema->backend = session_backend(&s->db, e);
	return s->base.schema->backend != NULL ? start_copy(s, e) : -1;
}

/* The server's own header comes in front of the first row. */
static int
strip_header(struct source_pg *s, struct source_chunk *chunk, struct err *e)
{
	size_t skip = PGCOPY_PREAMBLE_LEN;

	if (chunk->len >= skip)
		skip += pgcopy_get32(chunk->data + PGCOPY_PREAMBLE_LEN - 4);
	if (chunk->len < skip ||
	    memcmp(chunk->data, PGCOPY_SIGNATURE, PGCOPY_SIGNATURE_LEN) != 0)
		return err_set(e, EXIT_DATA, "the server's COPY data have no header");
	s->header_seen = true;
	chunk->data += skip;
	chunk->len -= skip;
	return 0;
}

static enum source_event
end_of_rows(struct source_pg *s, uint64_t counted, struct err *e)
{
	s->copying = false;
	if (counted == s->rows)
		return SOURCE_END;
	err_set(e, EXIT_DATA, "the server says it sent %llu rows, but %llu have come",
		(unsigned long long)counted, (unsigned long long)s->rows);
	return SOURCE_FAILED;
}

static enum source_event
source_pg_next(struct source *base, int timeout, struct source_chunk *chunk, struct err *e)
{
	struct source_pg *s = pg(base);
	bool binary = base->schema->values == SCHEMA_BINARY;

	if (!s->copying)
		return SOURCE_END;
	for (;;) {
		switch (db_copy_out_row(&s->db, &chunk->data, &chunk->len, timeout, e)) {
		case DB_ROWS_END:
			return end_of_rows(s, chunk->len, e);
		case DB_NO_ROW_YET:
			return SOURCE_IDLE;
		case DB_ROW_FAILED:
			return SOURCE_FAILED;
		case DB_ROW:
			break;
		}
		if (binary && !s->header_seen && strip_header(s, chunk, e) != 0)
			return SOURCE_FAILED;
		if (chunk->len == 0 || (binary && chunk->len == PGCOPY_TRAILER_LEN &&
					pgcopy_get16(chunk->data) == 0xffff))
			continue;
		s->rows++;
		chunk->rows = 1;
		return SOURCE_ROWS;
	}
}

static void
source_pg_close(struct source *base)
{
	struct source_pg *s = pg(base);

	db_close(&s->db);
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
