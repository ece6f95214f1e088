/*
 * PostgreSQL as a source: one REPEATABLE READ READ ONLY transaction, in it one
 * COPY … TO STDOUT for each relation.  All that is read is locked before the snapshot is
 * taken, which may need several attempts (source_pg_snapshot.c); what cannot be is compared
 * after the last row (source_pg_settle.c).  README has the protocol.
 */
#include "extract/pg/source_pg.h"

#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/shelf.h"
#include "common/base/xalloc.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "extract/options/options.h"
#include "extract/pg/largeobj.h"
#include "extract/pg/source_pg_parts.h"
#include "extract/pg/sqltail.h"

static struct source_pg *
pg(struct source *s)
{
	return (struct source_pg *)s;
}

static const struct member *
current(const struct source_pg *s)
{
	return s->base.set != NULL ? &s->taken : &s->members[0];
}

static int
start_copy(struct source_pg *s, struct err *e)
{
	const struct member *m = current(s);
	bool dry = s->base.options->common.dry_run;

	s->copying = false;
	s->nrows = 0;
	if (member_is_sequence(m) ||
	    (dry && m->in_set)) /* whose statements have been planned */
		return 0;
	if (member_copy(m, &s->db, &s->path, dry, e) != 0)
		return -1;
	s->copying = !dry;
	rowblock_init(&s->rows, m->header->values == HEADER_BINARY,
		      (int)m->header->schema.ncolumns);
	if (s->rows.binary)
		s->rows.digest = &s->digest;
	return 0;
}

/* Of all that columns may point to large objects of. */
static int
tell_large(struct source_pg *s, struct err *e)
{
	const struct manifest *set = s->base.set;
	size_t i, k = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < s->basis.n; i++) {
		const struct basis_member *of = &s->basis.list[i];
		const struct header *header = s->base.header;

		for (; set != NULL && set->members[k].keys_of > 0; k++)
			continue;
		if (set != NULL && of->large)
			header = manifest_header(set, k);
		if (of->large)
			rc = largeobj_tell(&s->db, of->oid, &header->schema, e);
		k++;
	}
	return rc;
}

static int
tell_backend(struct source_pg *s, struct err *e)
{
	char *backend = NULL;
	int rc = session_watch_client(&s->db, &backend, e);

	s->base.backend = intern_null(backend);
	if (s->base.set == NULL)
		s->base.header->backend = s->base.backend;
	free(backend);
	return rc;
}

/* What else the headers say. */
int
source_pg_finish_headers(struct source_pg *s, struct err *e)
{
	return tell_large(s, e) == 0 ? tell_backend(s, e) : -1;
}

int
source_pg_connect(struct source_pg *s, int watch_fd, struct err *e)
{
	struct source *base = &s->base;

	if (base->options->query_text != NULL)
		s->query = sqltail_trim(base->options->query_text);
	if (base->options->is_set) { /* whose members have headers of their own */
		header_free(base->header);
		base->header = NULL;
	}
	if (db_connect(&s->db, &base->options->common.db, e) != 0)
		return -1;
	base->where = db_connect_where(&s->db);
	s->db.watch_fd = watch_fd;
	return 0;
}

/* Up to the first row. */
static int
look(struct source_pg *s, struct err *e)
{
	if (source_pg_snapshot(s, e) != 0 || source_pg_finish_headers(s, e) != 0)
		return -1;
	return s->base.set == NULL ? start_copy(s, e) : 0;
}

static int
source_pg_open(struct source *base, int watch_fd, struct err *e)
{
	return source_pg_connect(pg(base), watch_fd, e) == 0 ? look(pg(base), e) : -1;
}

int
source_pg_next_part(struct source *base, struct err *e)
{
	struct source_pg *s = pg(base);
	int rc = source_pg_part_is_like(s) ? source_pg_snapshot_again(s, e) : 1;

	if (rc < 0)
		return -1;
	if (rc > 0) {
		source_pg_settle_forget(s);
		source_pg_snapshot_forget(s);
		return look(s, e);
	}
	return source_pg_part_go_on(s, e) == 0 && tell_backend(s, e) == 0 ? start_copy(s, e)
									  : -1;
}

static int
source_pg_member(struct source *base, size_t i, struct err *e)
{
	struct source_pg *s = pg(base);

	s->current = i;
	source_pg_set_take(s, i);
	return start_copy(s, e);
}

/* The last one's end is that of all: before a document says so, is it true? */
static enum source_event
end_of_member(struct source_pg *s, struct err *e)
{
	if (s->base.set != NULL && s->current + 1 < s->base.set->n)
		return SOURCE_END;
	return source_pg_settle(s, e) == 0 ? SOURCE_END : SOURCE_FAILED;
}

static enum source_event
end_of_rows(struct source_pg *s, struct err *e)
{
	s->copying = false;
	if (s->rows.counted == s->nrows)
		return end_of_member(s, e);
	err_set(e, EXIT_DATA, "the server says it sent %llu rows, but %llu have come",
		(unsigned long long)s->rows.counted, (unsigned long long)s->nrows);
	return SOURCE_FAILED;
}

static enum source_event
source_pg_next(struct source *base, int timeout, struct source_chunk *chunk, struct err *e)
{
	struct source_pg *s = pg(base);

	if (!s->copying)
		return end_of_member(s, e);
	rowdigest_init(&s->digest);
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
	chunk->digest = s->rows.digest;
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
	source_pg_members_drop(s);
	member_release(&s->taken);
	choose_release(&s->chosen);
	basis_release(&s->basis);
	shelf_free(s->shelf);
	reads_release(&s->reads);
	source_pg_settle_forget(s);
	sincefacts_release(&s->facts);
	typecache_release(&s->types);
	path_release(&s->path);
	free(s->query);
	free(s->wal);
}

static const struct source_ops source_pg_ops = {
	.open = source_pg_open,
	.member = source_pg_member,
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
