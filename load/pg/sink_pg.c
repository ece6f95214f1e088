/*
 * PostgreSQL as a sink: the frame of connection, transactions and batches; how
 * rows get into the target is the route's.  The plan is made at the header; the
 * transaction that loads opens with the first row (or the end), so that nothing
 * is locked while a slow source is waited for.
 */
#include "load/pg/sink_pg.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/stream/stream_chunk.h"
#include "common/talk/log.h"
#include "common/talk/receipt.h"
#include "load/match/plan.h"
#include "load/options/options.h"
#include "load/pg/catchup.h"
#include "load/pg/partload.h"
#include "load/pg/publication.h"
#include "load/pg/sequences.h"
#include "load/pg/sink_pg_parts.h"
#include "load/pg/state.h"
#include "load/pg/setplan.h"
#include "load/pg/steps.h"
#include "load/pg/target.h"
#include "load/pg/targets.h"
#include "load/rejects/rejects.h"
#include "load/route/ready.h"
#include "load/route/route.h"
#include "load/route/routes.h"
#include "load/sink/sink.h"
#include "load/stage/plan_stage.h"
#include "load/plan/plan_log.h"
#include "load/plan/plan_show.h"
#include "load/plan/planner.h"

/*
 * Seconds that a staged row takes to get into the target, for those who wait: 3 µs where it
 * is there, 6 to insert and 16 to update it, with one index and as measured here.
 */
#define STAGED_ROW 8e-6

static struct sink_pg *
pg(struct sink *s)
{
	return (struct sink_pg *)s;
}

/* Before the server is asked for anything else: the rows that it is still at. */
static int
settle(struct sink_pg *s, struct err *e)
{
	struct target *t = s->ending;

	s->ending = NULL;
	if (t == NULL)
		return 0;
	if (target_end(t, e) != 0)
		return -1;
	targets_done(&s->targets, t);
	return 0;
}

/* The server speaks while the input is waited for. */
static int
on_readable(void *arg, struct err *e)
{
	struct sink_pg *s = arg;

	if (db_copy_on_readable(&s->db, e) == 0)
		return s->ending != NULL && db_copy_in_answered(&s->db) ? settle(s, e) : 0;
	/* 0: rows can be rejected */
	return s->phase == BATCH ? target_locate(targets_at(&s->targets), e) : -1;
}

/* What parts of several snapshots lack, which is not published yet. */
static bool
is_caught_up(const struct sink_pg *s)
{
	return s->base.options->parts == LOAD_CATCH_UP;
}

/* A run's parts have come before. */
static const char *
name_of_input(const struct sink_pg *s)
{
	return s->in != NULL ? input_name(s->in) : s->base.options->plan_path;
}

/* While upstream plans, so can we: a plan takes a new session ten times as long as the next. */
static int
warm_up(struct sink_pg *s, struct err *e)
{
	int come = input_wait(s->in, 0, e);

	return come == 0 ? planner_warm(&s->db, e) : come < 0 ? -1 : 0;
}

static int
sink_pg_open(struct sink *base, struct input *in, struct err *e)
{
	struct sink_pg *s = pg(base);

	s->in = in;
	targets_one(&s->targets, base->options, name_of_input(s));
	if (db_connect(&s->db, &base->options->common.db, e) != 0)
		return -1;
	/* only now, for a stop signal that comes while connecting just ends the program */
	if (base->options->rejects != NULL && base->options->common.check == CHECK_NOT) {
		s->rejects = rejects_open(base->options->rejects, base->options->max_rejects,
					  e);
		if (s->rejects == NULL)
			return -1;
	}
	if (session_stay(&s->db, &s->stayed, e) != 0)
		return -1;
	base->where = db_connect_where(&s->db);
	if (partload_open(&s->part, base->options, base->part, &s->db, e) != 0)
		return -1;
	if (publication_open(&s->publication, base->options, &s->db, e) != 0)
		return -1;
	base->done = s->part.there || s->publication.done;
	if (is_caught_up(s) && !base->done && catchup_prepare(&s->publication, &s->db, e) != 0)
		return -1;
	base->all = s->part.all;
	if (in == NULL)
		return 0;
	input_watch(in, PQsocket(s->db.conn), on_readable, s);
	return partload_makes_target(&s->part) ? 0 : warm_up(s, e);
}

static int
open_transaction(struct sink_pg *s, struct err *e)
{
	if (session_begin(&s->db, SESSION_WRITE, s->base.options->common.lock_timeout, e) != 0)
		return -1;
	s->phase = OPEN;
	s->text = TEXT_OURS;
	s->since = db_clock();
	targets_start(&s->targets);
	if (partload_take(&s->part, &s->db, e) != 0)
		return -1;
	return publication_hold(&s->publication, &s->db, e);
}

static int
expect_rejects(struct sink_pg *s, const struct sink_set *set, struct err *e)
{
	size_t n = s->targets.n, i;
	const struct plan **plans = xcalloc(n, sizeof(void *));
	int rc;

	for (i = 0; i < n; i++)
		plans[i] = s->targets.list[i]->plan;
	rc = rejects_expect(s->rejects, set->manifest->id, plans, n, set->ndjson, e);
	free(plans);
	return rc;
}

/* All relations of a plan, whose rows are here. */
static int
expect_publication(struct sink_pg *s, const struct sink_set *set, struct err *e)
{
	struct sink_set own = *set;

	if (is_caught_up(s))
		return catchup_expect(&s->catchup, &s->publication, &own, &s->db, e) != 0
			       ? -1
			       : setplan_make(&s->targets, &s->db, s->base.options,
					      name_of_input(s), &own, e);
	publication_expect(&s->publication, &own);
	if (setplan_make(&s->targets, &s->db, s->base.options, name_of_input(s), &own, e) !=
		    0 ||
	    state_expect(&s->state, s->base.options, &s->targets, &s->db, e) != 0)
		return -1;
	return publication_build(&s->publication, &s->targets, &s->db, e);
}

static int
sink_pg_expect(struct sink *base, const struct sink_set *set, struct err *e)
{
	struct sink_pg *s = pg(base);

	if (publication_is(&s->publication))
		return expect_publication(s, set, e);
	if (partload_is(&s->part))
		return err_set(e, EXIT_STREAM, "a set is no part of a run");
	if (setplan_make(&s->targets, &s->db, base->options, input_name(s->in), set, e) != 0 ||
	    state_expect(&s->state, base->options, &s->targets, &s->db, e) != 0)
		return -1;
	return s->rejects != NULL ? expect_rejects(s, set, e) : 0;
}

/*
 * The table gets the columns that it lacks, in the transaction of the rows, which holds it
 * from now on; then it is planned anew.
 */
static int
add_columns(struct sink_pg *s, const struct sink_stream *stream, struct err *e)
{
	struct target *t = targets_at(&s->targets);

	if (settle(s, e) != 0 || (s->phase == IDLE && open_transaction(s, e) != 0))
		return -1;
	if (ready_add(&s->db, t->plan, e) != 0 || target_plan(t, &s->db, stream, NULL, e) != 0)
		return -1;
	/* an event trigger may have undone it */
	return t->plan->sql[SQL_ADD] != NULL ? ready_altered(&t->plan->target, e) : 0;
}

/* Where it stands is known from the manifest; it is moved right before COMMIT. */
static int
begin_sequence(struct sink_pg *s, const struct header *header, struct err *e)
{
	struct load_rules none;

	if (!s->targets.set && !partload_is(&s->part))
		return err_set(e, EXIT_TARGET,
			       "a sequence is loaded as a member of a set only");
	if (partload_is(&s->part) && partload_expect(&s->part, header, &none, e) != 0)
		return -1;
	free(s->base.relation);
	s->base.relation = relname_text(&header->schema.relation);
	free(s->base.plan);
	s->base.plan = xstrdup("a sequence, moved forward at the end");
	return 0;
}

/* A stream by itself. */
static int
plan_stream(struct sink_pg *s, const struct sink_stream *stream, struct err *e)
{
	struct target *t = targets_at(&s->targets);

	if (is_caught_up(s))
		return err_set(e, EXIT_STREAM, "the last stream of a run is a set");
	if (stream->header != NULL) /* a job may have a block for it */
		t->rules = *load_options_rules(s->base.options,
					       &stream->header->schema.relation);
	if (partload_is(&s->part)) {
		t->moves_sequences = t->moves_sequences &&
				     s->base.options->commit == COMMIT_PART;
		if (partload_expect(&s->part, stream->header, &t->rules, e) != 0)
			return -1;
	}
	if (target_plan(t, &s->db, stream, NULL, e) != 0)
		return -1;
	if (!partload_is(&s->part))
		return state_expect(&s->state, s->base.options, &s->targets, &s->db, e);
	t->ready = true; /* what is created is there, and nothing is emptied */
	return partload_prepare(&s->part, t->plan, &s->db, e);
}

/* A set has each relation's own rows; a stream by itself, those of its source's heirs too. */
static void
warn_of_heirs(const struct plan *p)
{
	if (p->rel != NULL && p->rel->kind == 'r' && p->rel->has_children &&
	    p->rules->conflict->has_key)
		log_warning("tables inherit from \"%s\": their rows are not looked at, and may "
			    "have keys that the stream's rows have",
			    p->target.name);
}

static int
sink_pg_begin(struct sink *base, const struct sink_stream *stream, struct sink_wants *wants,
	      struct err *e)
{
	struct sink_pg *s = pg(base);
	struct target *t;

	if (stream->header != NULL && stream->header->dry_run)
		s->dry = DRY_SENDER;
	else if (s->dry == DRY_NOT && base->options->common.dry_run)
		s->dry = DRY_HERE;
	s->sequence = stream->header != NULL && stream->header->is_sequence;
	if (s->sequence)
		return begin_sequence(s, stream->header, e);
	if (s->targets.set)
		targets_next(&s->targets);
	t = targets_at(&s->targets);
	if (!s->targets.set && plan_stream(s, stream, e) != 0)
		return -1;
	/* once: the transaction is open when further streams begin */
	if (!s->targets.set &&
	    (t->rules.recheck || s->rejects != NULL || t->plan->sql[SQL_UNINDEX] != NULL) &&
	    s->targets.keys.ndropped == 0 && s->phase == IDLE &&
	    targets_plan_keys(&s->targets, &s->db, e) != 0)
		return -1;
	if (t->plan->sql[SQL_ADD] != NULL && base->options->common.check == CHECK_NOT &&
	    add_columns(s, stream, e) != 0)
		return -1;
	free(base->relation); /* of a set, the current one's */
	base->relation = relname_text(&t->name);
	free(base->plan);
	base->plan = plan_show_line(t->plan);
	plan_show(t->plan);
	plan_log(t->plan);
	if (t->rows_before == 0 && s->targets.manifest == NULL)
		warn_of_heirs(t->plan);
	t->ready = t->ready || t->rules.parts.what == PARTS_PLACE; /* the table is there */
	t->route = routes_new(&s->db, t->plan, t->input, s->rejects);
	t->route->others = t->rows_before;
	t->route->late = fkeys_late(&s->targets.keys, s->targets.at);
	if (s->rejects != NULL && rejects_begin(s->rejects, t->plan, stream->ndjson, e) != 0)
		return -1;
	wants->schema = t->plan->adopted;
	wants->keep = t->plan->keep;
	wants->nkeep = t->plan->ncolumns;
	wants->faults = t->plan->stage != NULL && t->plan->stage->rejects != NULL;
	wants->finish = !sink_pg_commit_in_batches(s) && t->plan->route == PLAN_STAGED &&
					!plan_stage_is_named(t->plan->stage)
				? STAGED_ROW
				: 0;
	wants->batch = sink_pg_commit_in_batches(s) ? (uint64_t)base->options->batch_size : 0;
	return 0;
}

static int
settle_text(struct sink_pg *s, struct err *e)
{
	const struct header *header = targets_at(&s->targets)->plan->header;
	enum text text = header != NULL && header->server_version == 0 ? TEXT_ROLE : TEXT_OURS;

	if (text == s->text)
		return 0;
	s->text = text;
	return session_text(&s->db, text == TEXT_OURS, e);
}

static int
begin_batch(struct sink_pg *s, struct err *e)
{
	if (settle(s, e) != 0 || (s->phase == IDLE && open_transaction(s, e) != 0) ||
	    settle_text(s, e) != 0 || state_lock(&s->state, &s->db, e) != 0 ||
	    targets_prepare(&s->targets, &s->db, e) != 0)
		return -1;
	s->phase = BATCH;
	return target_begin(targets_at(&s->targets), &s->db, e);
}

/*
 * All rows of the batch are in the target, though not committed.  Of a member of a set they
 * may still be on their way there, while we read what the next one is.
 */
static int
end_batch(struct sink_pg *s, struct err *e)
{
	struct target *t = targets_at(&s->targets);
	int rc = 0;

	s->phase = OPEN;
	if (s->targets.set && !sink_pg_commit_in_batches(s) && s->rejects == NULL)
		rc = target_close(t, e);
	if (rc < 0)
		return -1;
	s->ending = rc > 0 ? t : NULL;
	return rc > 0 ? 0 : target_end(t, e);
}

/* COPY has to end for the key, with the server's verdict, and begins anew behind it. */
static int
write_around_key(struct sink_pg *s, struct target *t, const struct stream_chunk *chunk,
		 struct err *e)
{
	struct stream_chunk head = *chunk, rest = {.data = chunk->data + chunk->whole};

	head.len = chunk->whole;
	rest.len = chunk->len - chunk->whole;
	if (target_write(t, &head, e) != 0)
		return -1;
	s->phase = OPEN;
	if (target_end(t, e) != 0 || target_add_key(t, &s->db, e) != 0)
		return -1;
	if (rest.len == 0)
		return 0;
	return begin_batch(s, e) == 0 ? target_write(t, &rest, e) : -1;
}

static int
sink_pg_write(struct sink *base, const struct stream_chunk *chunk, struct err *e)
{
	struct sink_pg *s = pg(base);
	struct target *t = targets_at(&s->targets);

	if (s->sequence)
		return err_set(e, EXIT_STREAM, "a sequence has rows");
	if (s->phase != BATCH && begin_batch(s, e) != 0)
		return -1;
	if (chunk->whole > 0 && !sink_pg_commit_in_batches(s) && target_wants_key(t))
		return write_around_key(s, t, chunk, e);
	if (target_write(t, chunk, e) != 0)
		return -1;
	if (!sink_pg_commit_in_batches(s) ||
	    t->route->counts.read < (uint64_t)base->options->batch_size)
		return 0;
	return end_batch(s, e) != 0 ? -1 : sink_pg_commit_batch(s, false, e);
}

static int
sink_pg_end(struct sink *base, struct err *e)
{
	struct sink_pg *s = pg(base);

	if (s->sequence)
		return 0;
	/* A stream without rows still creates or empties its table. */
	if (s->phase == BATCH || !targets_at(&s->targets)->ready ||
	    !sink_pg_commit_in_batches(s)) {
		if (s->phase != BATCH && begin_batch(s, e) != 0)
			return -1;
		if (end_batch(s, e) != 0)
			return -1;
	}
	if (s->rejects != NULL && rejects_end(s->rejects, e) != 0)
		return -1;
	if (!s->targets.set)
		return 0;
	if (s->ending == NULL)
		targets_done(&s->targets, targets_at(&s->targets));
	/* a relation is what is promised, at the least */
	return sink_pg_commit_in_batches(s) && s->phase == OPEN
		       ? sink_pg_commit_batch(s, false, e)
		       : 0;
}

static int
sink_pg_commit(struct sink *base, struct err *e)
{
	struct sink_pg *s = pg(base);

	if (settle(s, e) != 0)
		return -1;
	targets_warn(&s->targets);
	if (s->phase == IDLE) {
		if (!targets_wait(&s->targets, true) && !state_is_kept(&s->state) &&
		    !publication_is(&s->publication) && !partload_is(&s->part))
			return sink_pg_commit_rejects(s,
						      e); /* every batch is committed already */
		if (open_transaction(s, e) != 0)
			return -1;
	}
	if (s->dry == DRY_NOT && sink_pg_commit_batch(s, true, e) != 0)
		return -1;
	if (s->dry == DRY_NOT && partload_is(&s->part))
		return partload_look(&s->part, &s->db, &base->all, e);
	if (s->dry == DRY_NOT)
		return sink_pg_commit_rejects(s, e);
	return sink_pg_commit_dry(s, e);
}

/* All that was of the streams that are committed. */
static void
forget(struct sink_pg *s)
{
	state_release(&s->state);
	partload_release(&s->part);
	publication_release(&s->publication);
	catchup_release(&s->catchup);
	targets_release(&s->targets);
}

static int
sink_pg_again(struct sink *base, struct err *e)
{
	struct sink_pg *s = pg(base);

	forget(s);
	s->phase = IDLE;
	s->dry = DRY_NOT;
	intr_unblock(); /* COMMIT holds signals back, but parts are still to come */
	xalloc_last_words("The parts before are committed.");
	targets_one(&s->targets, base->options, name_of_input(s));
	if (partload_open(&s->part, base->options, base->part, &s->db, e) != 0)
		return -1;
	base->done = s->part.there;
	base->all = s->part.all;
	return 0;
}

static void
sink_pg_close(struct sink *base)
{
	struct sink_pg *s = pg(base);
	PGTransactionStatusType status = PQtransactionStatus(s->db.conn);
	const struct target *t = s->targets.n > 0 ? targets_at(&s->targets) : NULL;

	if (t != NULL && t->route != NULL &&
	    (status == PQTRANS_INERROR || status == PQTRANS_INTRANS))
		route_forget(t->route);
	session_leave(&s->db, s->stayed);
	free(s->stayed);
	db_close(&s->db);
	if (s->rejects != NULL)
		rejects_rescue(s->rejects);
	rejects_free(s->rejects);
	forget(s);
}

static const struct sink_ops sink_pg_ops = {
	.open = sink_pg_open,
	.expect = sink_pg_expect,
	.begin = sink_pg_begin,
	.write = sink_pg_write,
	.end = sink_pg_end,
	.commit = sink_pg_commit,
	.again = sink_pg_again,
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
