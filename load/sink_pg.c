/*
 * PostgreSQL as a sink.  The plan is made at the header; the one transaction
 * that loads opens with the first row (or the end), so that nothing is locked
 * while a slow source is waited for.
 */
#include "load/sink_pg.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/db.h"
#include "common/err.h"
#include "common/input.h"
#include "common/pgcopy.h"
#include "common/receipt.h"
#include "common/relation.h"
#include "common/schema.h"
#include "common/session.h"
#include "common/stream_reader.h"
#include "common/xalloc.h"
#include "load/commit.h"
#include "load/options.h"
#include "load/plan.h"
#include "load/sender.h"
#include "load/sink.h"

struct sink_pg {
	struct sink base;
	struct db db;
	struct input *in;             /* borrowed, for its name */
	struct stream_reader *reader; /* borrowed, of the current stream */
	struct plan *plan;            /* of the current stream */
	char *rel_schema, *rel_name;  /* the target of all streams; NULL before the first */
	char *key_sql;                /* to be run before COMMIT, or NULL */
	bool in_transaction;
	bool copying;
	bool dry_run;         /* asked for here or by the stream */
	bool hollow;          /* a stream left its rows out: its sender runs dry */
	uint64_t rows_before; /* read by the streams before this one */
	uint64_t inserted;    /* as the server counts */
};

static struct sink_pg *
pg(struct sink *s)
{
	return (struct sink_pg *)s;
}

static int
sink_pg_open(struct sink *base, struct input *in, struct err *e)
{
	struct sink_pg *s = pg(base);

	s->in = in;
	if (db_connect(&s->db, &base->options->common.db, e) != 0)
		return -1;
	base->where = db_where(&s->db);
	input_watch(in, PQsocket(s->db.conn), db_on_readable, &s->db);
	return 0;
}

static bool
is_same_target(const struct sink_pg *s)
{
	return strcmp(s->rel_schema, s->plan->rel_schema) == 0 &&
	       strcmp(s->rel_name, s->plan->rel_name) == 0;
}

static int
sink_pg_begin(struct sink *base, struct stream_reader *r, struct err *e)
{
	struct sink_pg *s = pg(base);
	struct schema *schema = stream_reader_schema(r);

	plan_free(s->plan);
	s->reader = r;
	s->rows_before = stream_reader_rows(r);
	s->plan = plan_make(&s->db, base->options, schema, stream_reader_is_text(r), e);
	if (s->plan == NULL)
		return -1;
	if (s->rel_name == NULL) {
		s->rel_schema = xstrdup(s->plan->rel_schema);
		s->rel_name = xstrdup(s->plan->rel_name);
		base->relation = xasprintf("%s.%s", s->rel_schema, s->rel_name);
	} else if (!is_same_target(s)) {
		err_set(e, EXIT_TARGET, "one stream is for \"%s\", another for \"%s\"",
			s->rel_name, s->plan->rel_name);
		return err_hint(e, "Use -t to load all of them into one table.");
	}
	s->hollow = s->hollow || (schema != NULL && schema->dry_run);
	s->dry_run = s->hollow || base->options->common.dry_run;
	free(base->plan);
	base->plan = plan_summary(s->plan);
	plan_show(s->plan);
	stream_reader_select(r, s->plan->keep, s->plan->ncolumns);
	return 0;
}

/* Between plan and lock the table may have changed; bytes would mean something else. */
static int
lock_target(struct sink_pg *s, struct err *e)
{
	PGresult *res = db_describe(&s->db, e, s->plan->lock_sql);
	char *now;
	int rc;

	PQclear(res);
	if (res == NULL)
		return -1;
	now = relation_fingerprint(&s->db, s->plan->rel->oid, e);
	if (now == NULL)
		return -1;
	rc = strcmp(now, s->plan->fingerprint);
	free(now);
	if (rc == 0)
		return 0;
	err_set(e, EXIT_DATA, "the table \"%s\" was altered just now", s->rel_name);
	return err_hint(e, "Run the transfer again.");
}

static int
open_transaction(struct sink_pg *s, struct err *e)
{
	if (session_begin(&s->db, SESSION_WRITE, s->base.options->common.lock_timeout, e) != 0)
		return -1;
	s->in_transaction = true;
	if (session_watch_client(&s->db, e) != 0)
		return -1;
	if (s->plan->create_sql != NULL && db_exec(&s->db, e, "%s", s->plan->create_sql) != 0)
		return -1;
	if (s->plan->truncate_sql != NULL &&
	    sender_check_lock(&s->db, s->plan->schema, s->plan->rel->oid, e) != 0)
		return -1;
	if (s->plan->truncate_sql != NULL &&
	    db_exec(&s->db, e, "%s", s->plan->truncate_sql) != 0)
		return -1;
	if (s->plan->key_sql != NULL)
		s->key_sql = xstrdup(s->plan->key_sql);
	return 0;
}

static int
start_copy(struct sink_pg *s, struct err *e)
{
	static const char preamble[PGCOPY_PREAMBLE_LEN] = PGCOPY_SIGNATURE;

	if (!s->in_transaction && open_transaction(s, e) != 0)
		return -1;
	if (s->plan->lock_sql != NULL && lock_target(s, e) != 0)
		return -1;
	if (db_copy_in(&s->db, e, s->plan->copy_sql) != 0)
		return -1;
	s->copying = true;
	if (s->plan->text)
		return 0;
	return db_copy_in_put(&s->db, preamble, PGCOPY_PREAMBLE_LEN, e);
}

/*
 * The server names the row in its context ("COPY orders, line 1042, column
 * amount: …"): put the place where a person looks for it, before the message.
 */
static int
locate(struct sink_pg *s, struct err *e)
{
	char *lead = xasprintf("COPY %s, line ", s->rel_name);
	const char *at = e->context != NULL ? strstr(e->context, lead) : NULL;
	char *end, *column;
	uint64_t line;

	if (at != NULL) {
		line = strtoull(at + strlen(lead), &end, 10);
		if (strncmp(end, ", column ", 9) == 0) {
			end += 9;
			column = xstrndup(end, strcspn(end, ":\n"));
			err_prefix(e, "column \"%s\": ", column);
			free(column);
		}
		err_prefix(e, "%s:%" PRIu64 ": ", input_name(s->in), s->rows_before + line);
		free(e->context);
		e->context = NULL;
	}
	free(lead);
	return -1;
}

static int
sink_pg_write(struct sink *base, const struct stream_chunk *chunk, struct err *e)
{
	struct sink_pg *s = pg(base);

	if (!s->copying && start_copy(s, e) != 0)
		return -1;
	if (db_copy_in_put(&s->db, chunk->data, chunk->len, e) != 0)
		return locate(s, e);
	return 0;
}

static int
sink_pg_end(struct sink *base, struct err *e)
{
	static const char trailer[PGCOPY_TRAILER_LEN] = {'\377', '\377'};
	struct sink_pg *s = pg(base);
	uint64_t rows = 0;

	if (!s->copying && start_copy(s, e) != 0)
		return -1;
	if (!s->plan->text && db_copy_in_put(&s->db, trailer, sizeof(trailer), e) != 0)
		return locate(s, e);
	s->copying = false;
	if (db_copy_in_end(&s->db, &rows, e) != 0)
		return locate(s, e);
	s->inserted += rows;
	return 0;
}

static int
check_min_rows(const struct sink_pg *s, uint64_t read, struct err *e)
{
	int64_t least = s->base.options->min_rows;

	if (least <= 0 || read >= (uint64_t)least || s->hollow)
		return 0;
	err_set(e, EXIT_DATA, "only %" PRIu64 " rows have come, fewer than --min-rows=%" PRId64,
		read, least);
	if (s->base.options->truncate)
		err_hint(e, "--truncate refuses to leave an empty table behind unless "
			    "--min-rows=0 is given.");
	return -1;
}

static int
finish(struct sink_pg *s, struct receipt *receipt, struct err *e)
{
	if (check_min_rows(s, receipt->read, e) != 0)
		return -1;
	if (s->key_sql != NULL && db_exec(&s->db, e, "%s", s->key_sql) != 0)
		return -1;
	if (s->dry_run) {
		receipt->dry_run = true;
		return db_exec(&s->db, e, "ROLLBACK");
	}
	return commit_send(&s->db, &s->base.options->common.db, &receipt->committed, e);
}

static int
sink_pg_commit(struct sink *base, struct receipt *receipt, struct err *e)
{
	struct sink_pg *s = pg(base);
	uint64_t read = receipt->read;
	int rc;

	if (s->inserted > read)
		return err_set(e, EXIT_DATA,
			       "the server counts %" PRIu64 " rows, but %" PRIu64 " were read",
			       s->inserted, read);
	rc = finish(s, receipt, e);
	if (rc == 0 || receipt->committed == RECEIPT_UNKNOWN) {
		receipt->inserted = s->inserted;
		receipt->skipped = read - s->inserted; /* by a trigger */
	}
	return rc;
}

static void
sink_pg_close(struct sink *base)
{
	struct sink_pg *s = pg(base);

	db_close(&s->db);
	plan_free(s->plan);
	free(s->rel_schema);
	free(s->rel_name);
	free(s->key_sql);
}

static const struct sink_ops sink_pg_ops = {
	.open = sink_pg_open,
	.begin = sink_pg_begin,
	.write = sink_pg_write,
	.end = sink_pg_end,
	.commit = sink_pg_commit,
	.close = sink_pg_close,
};

struct sink *
sink_pg_new(void)
{
	struct sink_pg *s = xcalloc(1, sizeof(*s));

	s->base.ops = &sink_pg_ops;
	s->db = DB_INIT;
	return &s->base;
}
