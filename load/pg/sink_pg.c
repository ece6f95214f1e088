/*
 * PostgreSQL as a sink: the frame of connection, transactions and batches; how
 * rows get into the target is the route's.  The plan is made at the header; the
 * transaction that loads opens with the first row (or the end), so that nothing
 * is locked while a slow source is waited for.
 */
#include "load/pg/sink_pg.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/stream/input.h"
#include "common/stream/stream_reader.h"
#include "common/talk/receipt.h"
#include "load/match/plan.h"
#include "load/options.h"
#include "load/pg/commit.h"
#include "load/pg/sequences.h"
#include "load/rejects/rejects.h"
#include "load/route/route.h"
#include "load/sink.h"
#include "load/stage/plan_log.h"

struct sink_pg {
	struct sink base;
	struct db db;
	struct input *in;             /* borrowed, for its name */
	struct stream_reader *reader; /* borrowed, of the current stream */
	struct plan *plan;            /* of the current stream */
	struct route *route;          /* of that plan */
	struct rejects *rejects;      /* or NULL: no row may be refused */
	struct sequences sequences;   /* of all streams' columns */
	struct relname target;        /* of all streams; empty before the first */
	char *key_sql;                /* to be run before the last COMMIT, or NULL */
	bool in_transaction;
	bool foreign; /* text is read under the settings of the role */
	bool in_batch;              /* the route has begun one */
	bool sequenced;             /* the current stream's columns are among sequences */
	bool prepared;              /* the target is created or emptied, where asked for */
	bool wrote;                 /* rows since all sequences were moved */
	bool dry_run;               /* asked for here or by the stream */
	bool hollow;                /* a stream left its rows out: its sender runs dry */
	uint64_t rows_before;       /* of the input, before the current batch */
	struct route_counts counts; /* of the open transaction */
};

static struct sink_pg *
pg(struct sink *s)
{
	return (struct sink_pg *)s;
}

/* The server speaks while the input is waited for. */
static int
on_readable(void *arg, struct err *e)
{
	struct sink_pg *s = arg;

	if (db_on_readable(&s->db, e) == 0)
		return 0;
	return s->in_batch ? route_locate(s->route, e) : -1; /* 0: rows can be rejected */
}

static int
sink_pg_open(struct sink *base, struct input *in, struct err *e)
{
	struct sink_pg *s = pg(base);

	s->in = in;
	if (db_connect(&s->db, &base->options->common.db, e) != 0)
		return -1;
	/* only now, for a stop signal that comes while connecting just ends the program */
	if (base->options->rejects != NULL && base->options->common.check == CHECK_NOT) {
		s->rejects = rejects_open(base->options->rejects, base->options->max_rejects,
					  e);
		if (s->rejects == NULL)
			return -1;
	}
	if (session_stay(&s->db, e) != 0)
		return -1;
	base->where = db_connect_where(&s->db);
	input_watch(in, PQsocket(s->db.conn), on_readable, s);
	return 0;
}

/* A dry run has nothing to commit, and batches must see those before them. */
static bool
in_batches(const struct sink_pg *s)
{
	return s->base.options->commit == COMMIT_BATCH && !s->dry_run;
}

static int
sink_pg_begin(struct sink *base, struct stream_reader *r, struct err *e)
{
	struct sink_pg *s = pg(base);
	struct header *header = stream_reader_header(r);

	route_free(s->route);
	s->route = NULL;
	plan_free(s->plan);
	s->reader = r;
	s->plan = plan_make(&s->db, &base->options->rules, header, stream_reader_is_text(r), e);
	if (s->plan == NULL)
		return -1;
	if (s->target.name == NULL) {
		relname_set(&s->target, s->plan->target.schema, s->plan->target.name);
		base->relation = relname_text(&s->target);
	} else if (!relname_equal(&s->target, &s->plan->target)) {
		err_set(e, EXIT_TARGET, "one stream is for \"%s\", another for \"%s\"",
			s->target.name, s->plan->target.name);
		return err_hint(e, "Use -t to load all of them into one table.");
	}
	s->hollow = s->hollow || (header != NULL && header->dry_run);
	s->dry_run = s->hollow || base->options->common.dry_run;
	free(base->plan);
	base->plan = plan_show_line(s->plan);
	plan_show(s->plan);
	plan_log(s->plan);
	stream_reader_select(r, s->plan->keep, s->plan->ncolumns);
	s->sequenced = false;
	s->route = route_new(&s->db, s->plan, input_name(s->in), s->rejects);
	if (s->rejects != NULL &&
	    rejects_begin(s->rejects, s->plan, stream_reader_is_ndjson(r), e) != 0)
		return -1;
	if (in_batches(s))
		stream_reader_stop(r, (uint64_t)base->options->batch_size);
	return 0;
}

static int
open_transaction(struct sink_pg *s, struct err *e)
{
	if (session_begin(&s->db, SESSION_WRITE, s->base.options->common.lock_timeout, e) != 0)
		return -1;
	s->in_transaction = true;
	s->foreign = false;
	s->counts = (struct route_counts){.read = 0};
	return 0;
}

/* Text that no server wrote (CSV, plain NDJSON) means what it means to the role. */
static int
settle_text(struct sink_pg *s, struct err *e)
{
	const struct header *header = s->plan->header;
	bool foreign = header != NULL && header->server_version == 0;

	if (foreign == s->foreign)
		return 0;
	s->foreign = foreign;
	return session_text(&s->db, !foreign, e);
}

static int
begin_batch(struct sink_pg *s, struct err *e)
{
	if ((!s->in_transaction && open_transaction(s, e) != 0) || settle_text(s, e) != 0)
		return -1;
	if (!s->sequenced && !s->base.options->no_sync_sequences &&
	    sequences_add(&s->sequences, &s->db, s->plan, e) != 0)
		return -1;
	s->sequenced = true;
	if (!s->prepared && !s->plan->key_first && s->plan->key_sql != NULL)
		s->key_sql = xstrdup(s->plan->key_sql);
	s->in_batch = true;
	return route_begin(s->route, s->rows_before, !s->prepared, e);
}

/* All rows of the batch are in the target, though not committed. */
static int
end_batch(struct sink_pg *s, struct err *e)
{
	const struct route_counts *c = &s->route->counts;

	s->in_batch = false;
	if (route_end(s->route, e) != 0)
		return -1;
	s->prepared = true;
	s->rows_before += c->read;
	s->counts.read += c->read;
	s->counts.inserted += c->inserted;
	s->counts.updated += c->updated;
	s->counts.unchanged += c->unchanged;
	s->counts.skipped += c->skipped;
	s->counts.rejected += c->rejected;
	return 0;
}

static void
add_to_receipt(const struct sink_pg *s)
{
	struct receipt *receipt = s->base.receipt;

	receipt->inserted += s->counts.inserted;
	receipt->updated += s->counts.updated;
	receipt->unchanged += s->counts.unchanged;
	receipt->skipped += s->counts.skipped;
	receipt->rejected += s->counts.rejected;
}

static void
in_doubt(const struct sink_pg *s, struct err *e)
{
	char *detail = xstrdup(e->detail != NULL ? e->detail : "");

	err_detail(e,
		   "%s\nThis is about the last %" PRIu64 " rows; those before are committed.",
		   detail, s->counts.read);
	free(detail);
}

static int
commit(struct sink_pg *s, bool last, struct err *e)
{
	struct receipt *receipt = s->base.receipt;
	enum receipt_committed before = receipt->committed, now;
	int rc;

	s->wrote = s->wrote || s->counts.inserted + s->counts.updated > 0;
	if (s->wrote && sequences_move(&s->sequences, &s->db, last, e) != 0)
		return -1;
	s->wrote = s->wrote && !last;
	if (s->rejects != NULL && rejects_store(s->rejects, !in_batches(s), e) != 0)
		return -1;
	s->in_transaction = false;
	rc = commit_send(&s->db, &s->base.options->common.db, &now, e);
	if (now == RECEIPT_YES)
		xalloc_last_words(last ? "The rows are committed."
				       : "Batches of rows are committed.");
	if (!last)
		intr_unblock(); /* COMMIT holds signals back, but rows are still to come */
	if (now == RECEIPT_UNKNOWN && before == RECEIPT_YES)
		in_doubt(s, e);
	if (s->rejects != NULL)
		rejects_settle(s->rejects, now != RECEIPT_NO);
	/* What is committed stays so, whatever becomes of later batches. */
	receipt->committed = now == RECEIPT_NO ? before : now;
	if (now != RECEIPT_NO)
		add_to_receipt(s);
	return rc;
}

static int
sink_pg_write(struct sink *base, const struct stream_chunk *chunk, struct err *e)
{
	struct sink_pg *s = pg(base);

	if (!s->in_batch && begin_batch(s, e) != 0)
		return -1;
	if (route_write(s->route, chunk, e) != 0)
		return -1;
	if (!in_batches(s) || s->route->counts.read < (uint64_t)base->options->batch_size)
		return 0;
	if (end_batch(s, e) != 0 || commit(s, false, e) != 0)
		return -1;
	stream_reader_stop(s->reader, (uint64_t)base->options->batch_size);
	return 0;
}

static int
sink_pg_end(struct sink *base, struct err *e)
{
	struct sink_pg *s = pg(base);

	/* A stream without rows still creates or empties its table. */
	if (s->in_batch || !s->prepared || !in_batches(s)) {
		if (!s->in_batch && begin_batch(s, e) != 0)
			return -1;
		if (end_batch(s, e) != 0)
			return -1;
	}
	return s->rejects != NULL ? rejects_end(s->rejects, e) : 0;
}

static int
check_min_rows(const struct sink_pg *s, struct err *e)
{
	uint64_t read = s->base.receipt->read;
	int64_t least = s->base.options->min_rows;
	uint64_t rejected = s->counts.rejected; /* of all rows: batches are not counted */

	if (least <= 0 || read - rejected >= (uint64_t)least || s->hollow)
		return 0;
	err_set(e, EXIT_DATA, "only %" PRIu64 " rows %s, fewer than --min-rows=%" PRId64,
		read - rejected, rejected > 0 ? "were not rejected" : "have come", least);
	if (s->base.options->truncate)
		err_hint(e, "--truncate refuses to leave an empty table behind unless "
			    "--min-rows=0 is given.");
	return -1;
}

/* With --commit=batch, FILE gets its name when all batches are in. */
static int
finish_rejects(struct sink_pg *s, struct err *e)
{
	if (s->rejects == NULL || !in_batches(s) || rejects_finish(s->rejects, e) == 0)
		return 0;
	return err_detail(e, "The rows are committed.");
}

static int
sink_pg_commit(struct sink *base, struct err *e)
{
	struct sink_pg *s = pg(base);
	int rc;

	if (check_min_rows(s, e) != 0)
		return -1;
	if (!s->in_transaction) {
		if (!s->wrote || !sequences_wait(&s->sequences))
			return finish_rejects(s, e); /* every batch is committed already */
		if (open_transaction(s, e) != 0)
			return -1;
	}
	if (s->key_sql != NULL && db_exec(&s->db, e, "%s", s->key_sql) != 0)
		return -1;
	if (!s->dry_run)
		return commit(s, true, e) != 0 ? -1 : finish_rejects(s, e);
	base->receipt->dry_run = true;
	rc = db_exec(&s->db, e, "SET CONSTRAINTS ALL IMMEDIATE"); /* as COMMIT would */
	if (rc == 0)
		rc = db_exec(&s->db, e, "ROLLBACK");
	if (rc == 0)
		add_to_receipt(s);
	return rc;
}

static void
sink_pg_close(struct sink *base)
{
	struct sink_pg *s = pg(base);
	PGTransactionStatusType status = PQtransactionStatus(s->db.conn);

	if (s->route != NULL && (status == PQTRANS_INERROR || status == PQTRANS_INTRANS))
		route_forget(s->route);
	db_close(&s->db);
	if (s->rejects != NULL)
		rejects_rescue(s->rejects);
	rejects_free(s->rejects);
	route_free(s->route);
	plan_free(s->plan);
	sequences_release(&s->sequences);
	relname_release(&s->target);
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
