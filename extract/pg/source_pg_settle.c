/*
 * CHECK, STANDS and DISK of README, for one relation or for all of a set at once.
 */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "extract/options.h"
#include "extract/pg/durable.h"
#include "extract/pg/source_pg_parts.h"
#include "extract/pg/stands.h"

static int
was_altered(const char *what, struct err *e)
{
	err_set(e, EXIT_DATA, "%s was altered while the rows were read", what);
	return err_hint(e, "Nothing is wrong with the source: run it again.");
}

/* Is all that is read known by name, so that anything beside it was led to by another? */
static bool
is_all_locked_whole(const struct source_pg *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!source_pg_snapshot_is_whole(s, &s->members[i]) &&
		    !member_is_sequence(&s->members[i]))
			return false;
	return true;
}

/* The server's own relations are not seen, and so not compared. */
static size_t
nseen(const struct reads *r)
{
	size_t i, n = 0;

	for (i = 0; i < r->n; i++)
		n += r->list[i].oid >= READS_FIRST;
	return n;
}

/* Have all relations that were read kept their names and files since the snapshot? */
static int
check_reads(struct source_pg *s, struct reads *now, struct err *e)
{
	const char *stale;

	if (reads_see(&s->db, now, &stale, e) != 0)
		return -1;
	if (stale == NULL && is_all_locked_whole(s) && now->n != nseen(&s->reads))
		stale = "what the name leads to";
	return stale != NULL ? was_altered(stale, e) : 0;
}

/* Is there anything that no lock holds? */
static bool
stands_on_more(const struct source_pg *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!member_is_sequence(&s->members[i]) &&
		    (!source_pg_snapshot_is_whole(s, &s->members[i]) ||
		     member_stands_on_more(&s->members[i])))
			return true;
	return false;
}

static char *
user_text(const struct source_pg *s)
{
	struct buf text = BUF_INIT;
	size_t i;

	buf_adds(&text, s->query != NULL ? s->query : "");
	for (i = 0; i < s->n; i++)
		if (s->members[i].rows->where != NULL)
			buf_addf(&text, " %s", s->members[i].rows->where);
	return buf_detach(&text);
}

static int
by_oid(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The types of all members, each once, for the caller to free. */
static unsigned *
all_types(const struct source_pg *s, size_t *n)
{
	size_t total = 0, kept = 0, i;
	unsigned *types;

	for (i = 0; i < s->n; i++)
		total += s->members[i].header->schema.ncolumns;
	types = xcalloc(total, sizeof(*types));
	for (i = 0, total = 0; i < s->n; i++) {
		size_t more = s->members[i].header->schema.ncolumns;

		if (more > 0)
			memcpy(types + total, s->members[i].types, more * sizeof(*types));
		total += more;
	}
	if (total > 0)
		qsort(types, total, sizeof(*types), by_oid);
	for (i = 0; i < total; i++)
		if (kept == 0 || types[kept - 1] != types[i])
			types[kept++] = types[i];
	*n = kept;
	return types;
}

static PGresult *
read_stands(struct source_pg *s, const struct reads *now, struct err *e)
{
	char *text = user_text(s);
	size_t n;
	unsigned *types = all_types(s, &n);
	PGresult *res = NULL;

	if (path_narrow(&s->path, &s->db, e) == 0 &&
	    db_exec(&s->db, e, "SET LOCAL jit = off") == 0)
		res = stands_read(&s->db, text, now, &s->reads, source_pg_snapshot_reach(s),
				  types, n, e);
	free(types);
	free(text);
	return res;
}

/* The newest state is seen by a new snapshot only, and so by another transaction. */
static int
check_stands(struct source_pg *s, const struct reads *now, struct err *e)
{
	PGresult *before = read_stands(s, now, e), *after = NULL;
	const char *what;
	int rc = -1;

	if (before != NULL) {
		path_rollback(&s->path, &s->db);
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

int
source_pg_settle(struct source_pg *s, struct err *e)
{
	struct reads now = {.list = NULL};
	int rc = check_reads(s, &now, e);

	if (rc == 0 && stands_on_more(s))
		rc = check_stands(s, &now, e);
	reads_release(&now);
	if (rc == 0)
		path_rollback(&s->path, &s->db);
	if (rc == 0 && s->wal != NULL && !s->base.options->common.dry_run)
		rc = durable_wait(&s->db, s->wal, e);
	return rc;
}
