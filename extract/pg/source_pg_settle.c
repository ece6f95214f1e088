/*
 * CHECK, STANDS and DISK of README, for one relation or for all of a set at once.
 */
#include <libpq-fe.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "extract/options/options.h"
#include "extract/pg/durable.h"
#include "extract/pg/source_pg_parts.h"
#include "extract/pg/stands.h"

enum more {
	NOTHING,
	TABLES, /* plain ones */
	ALL     /* whatever may be */
};

static int
was_altered(const struct source_pg *s, const char *what, struct err *e)
{
	if (s->base.options->snapshot != NULL) {
		err_set(e, EXIT_DATA, "%s was altered after the snapshot \"%s\" was taken",
			what, s->base.options->snapshot);
		return err_hint(e, "No part can be read by it any more: begin anew with "
				   "another snapshot.");
	}
	err_set(e, EXIT_DATA, "%s was altered while the rows were read", what);
	return err_hint(e, "Nothing is wrong with the source: run it again.");
}

/* As source_pg_members_is_whole(). */
static bool
is_whole(const struct source_pg *s, const struct basis_member *m)
{
	enum reads_reach reach = source_pg_members_reach(s);

	return m->plain && reads_is_locked(&s->reads, m->oid, reach) &&
	       (m->leaf == 0 || reads_is_locked(&s->reads, m->leaf, reach));
}

/* Is all that is read known by name, so that anything beside it was led to by another? */
static bool
is_all_locked_whole(const struct source_pg *s)
{
	size_t i;

	for (i = 0; i < s->basis.n; i++)
		if (!s->basis.list[i].sequence && !is_whole(s, &s->basis.list[i]))
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

/*
 * Have all relations that were read kept their names and files since the snapshot?  A list of
 * them, which may be long, is made only where it is asked for.
 */
static int
check_reads(struct source_pg *s, bool listed, struct reads *now, struct err *e)
{
	struct reads_look look = {.stale = NULL};
	const char *stale;
	int rc;

	if (listed && reads_see(&s->db, now, &stale, e) != 0)
		return -1;
	if (!listed && reads_look(&s->db, &s->reads, &look, e) != 0)
		return -1;
	if (!listed)
		stale = look.stale;
	if (stale == NULL && is_all_locked_whole(s) &&
	    (listed ? now->n : look.n) != nseen(&s->reads))
		stale = "what the name leads to";
	rc = stale != NULL ? was_altered(s, stale, e) : 0;
	free(look.stale);
	return rc;
}

/* What is there that no lock has held since before the snapshot? */
static enum more
stands_on(const struct source_pg *s)
{
	enum more more = NOTHING;
	size_t i;

	for (i = 0; i < s->basis.n; i++) {
		const struct basis_member *m = &s->basis.list[i];

		if (m->sequence)
			continue;
		if (!m->plain || m->more)
			return ALL;
		if (!is_whole(s, m))
			more = TABLES;
	}
	return more;
}

static char *
user_text(const struct source_pg *s)
{
	struct buf text = BUF_INIT;

	buf_adds(&text, s->query != NULL ? s->query : "");
	buf_add(&text, s->basis.text.data, s->basis.text.len);
	return buf_detach(&text);
}

static PGresult *
read_all(struct source_pg *s, const struct reads *now, struct err *e)
{
	char *text = user_text(s);
	size_t ntypes = basis_types(&s->basis);
	PGresult *res = NULL;

	if (db_exec(&s->db, e, "SET LOCAL jit = off") == 0)
		res = stands_read(&s->db, text, now, &s->reads, source_pg_members_reach(s),
				  s->basis.types, ntypes, e);
	free(text);
	return res;
}

static PGresult *
read_stands(struct source_pg *s, enum more more, const struct reads *now, struct err *e)
{
	if (path_narrow(&s->path, &s->db, e) != 0)
		return NULL;
	return more == TABLES ? stands_tables(&s->db, now, e) : read_all(s, now, e);
}

/* What the snapshot has; of parts that are read by the same, once. */
static const PGresult *
what_stood(struct source_pg *s, enum more more, struct reads *now, struct err *e)
{
	if (s->stood != NULL && reads_same(now, &s->stood_on))
		return s->stood;
	source_pg_settle_forget(s);
	s->stood = read_stands(s, more, now, e);
	s->stood_on = *now;
	*now = (struct reads){.list = NULL};
	return s->stood;
}

void
source_pg_settle_forget(struct source_pg *s)
{
	PQclear(s->stood);
	s->stood = NULL;
	reads_release(&s->stood_on);
}

/* The newest state is seen by a new snapshot only, and so by another transaction. */
static int
check_stands(struct source_pg *s, enum more more, struct reads *now, struct err *e)
{
	const PGresult *before = what_stood(s, more, now, e);
	PGresult *after = NULL;
	const char *what;
	int rc = -1;

	if (before != NULL) {
		path_rollback(&s->path, &s->db);
		if (session_begin(&s->db, SESSION_PLAN, -1, e) == 0)
			after = read_stands(s, more, &s->stood_on, e);
	}
	if (after != NULL) {
		what = stands_changed(before, after);
		rc = what != NULL ? was_altered(s, what, e) : 0;
	}
	PQclear(after);
	return rc;
}

int
source_pg_settle(struct source_pg *s, struct err *e)
{
	struct reads now = {.list = NULL};
	enum more more = stands_on(s);
	int rc = check_reads(s, more != NOTHING, &now, e);

	if (rc == 0 && more != NOTHING)
		rc = check_stands(s, more, &now, e);
	reads_release(&now);
	if (rc == 0)
		path_rollback(&s->path, &s->db);
	if (rc == 0 && s->wal != NULL && !s->base.options->common.dry_run)
		rc = durable_wait(&s->db, s->wal, e);
	free(s->wal); /* what else is read by this snapshot is there, too */
	s->wal = NULL;
	return rc;
}
