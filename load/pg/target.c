/*
 * What is known of a relation over all streams and batches that are loaded into it, and how
 * a batch of it begins and ends.  When a transaction begins and ends is the sink's to say.
 */
#include "load/pg/target.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/base/xalloc.h"
#include "common/schema/header.h"
#include "common/stream/stream_reader.h"
#include "common/talk/log.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/talk/receipt.h"
#include "load/match/identity.h"
#include "load/match/plan.h"
#include "load/plan/planner.h"
#include "load/plan/planpack.h"
#include "load/options/options.h"
#include "load/pg/infinite.h"
#include "load/pg/roundings.h"
#include "load/rejects/rejects.h"
#include "load/replace/replace.h"
#include "load/route/ready.h"
#include "load/sink/sink.h"
#include "load/stage/plan_stage.h"

static int
settle_name(struct target *t, struct err *e)
{
	const struct relname *name = &t->plan->target;

	if (t->name.name == NULL) {
		relname_set(&t->name, name->schema, name->name);
		return 0;
	}
	if (relname_equal(&t->name, name))
		return 0;
	err_set(e, EXIT_TARGET, "one stream is for \"%s\", another for \"%s\"", t->name.name,
		name->name);
	return err_hint(e, "Use -t to load all of them into one table.");
}

/* All rows of a stream are here. */
static void
finish_roundings(struct target *t)
{
	roundings_tell(t->roundings);
	roundings_free(t->roundings);
	t->roundings = NULL;
}

static void
finish_infinite(struct target *t)
{
	infinite_free(t->infinite);
	t->infinite = NULL;
}

void
target_init(struct target *t, const struct load_options *options,
	    const struct load_rules *rules, const char *input)
{
	*t = (struct target){
		.rules = *rules,
		.input = xstrdup(input),
		.moves_sequences = !options->no_sync_sequences,
	};
}

/* A plan that is made anew, for columns that were added, would empty it once more. */
static void
forget_truncate(struct plan *p)
{
	free(p->sql[SQL_TRUNCATE]);
	p->sql[SQL_TRUNCATE] = NULL;
}

int
target_plan(struct target *t, struct db *db, const struct sink_stream *stream,
	    struct known *known, struct err *e)
{
	route_free(t->route);
	t->route = NULL;
	finish_roundings(t);
	finish_infinite(t);
	planner_free(t->plan);
	t->plan = known != NULL ? planner_make_known(db, &t->rules, stream->header,
						     stream->text, known, e)
				: planner_make(db, &t->rules, stream->header, stream->text, e);
	if (t->plan == NULL)
		return -1;
	t->state = TARGET_PLANNED;
	if (t->emptied)
		forget_truncate(t->plan);
	t->infinite = infinite_new(t->plan);
	if (t->rules.rounding != ROUNDING_IGNORE)
		t->roundings = roundings_new(t->plan, t->rules.rejects);
	return settle_name(t, e);
}

static struct sequences_of
sequences_of(void *target, size_t i)
{
	struct target *t = target;

	(void)i;
	return (struct sequences_of){t->plan, &t->sequences};
}

/* What the plan wants behind the rows; asked where the first ones come. */
static int
look_ahead(struct target *t, struct db *db, struct err *e)
{
	const struct plan *p = t->plan;
	unsigned oid = p->rel != NULL && p->rel->kind != 'v' ? p->rel->oid : 0;

	if (t->moves_sequences && !t->looked_ahead &&
	    sequences_add(db, &oid, 1, sequences_of, t, e) != 0)
		return -1;
	if (p->sql[SQL_KEY] != NULL &&
	    (t->rules.parts.what == PARTS_NONE ? !t->ready : t->rules.parts.keyed))
		t->key_sql = xstrdup(p->sql[SQL_KEY]);
	return 0;
}

static int
leave_out(void *target, uint64_t row, struct err *e)
{
	struct target *t = target;
	uint64_t number;

	if (route_number(t->route, row, &number, e) != 0)
		return -1;
	return roundings_leave_out(t->roundings, number - t->rows_before, e);
}

/* A dry run's stream leaves its rows out, which are not absent. */
static bool
deletes(const struct target *t)
{
	const struct plan *p = t->plan;

	return p->stage != NULL && p->stage->deletes && !p->header->dry_run;
}

int
target_begin(struct target *t, struct db *db, struct err *e)
{
	if (t->state != TARGET_FILLING && look_ahead(t, db, e) != 0)
		return -1;
	t->state = TARGET_FILLING;
	if (deletes(t))
		t->route->absent = t->base != NULL ? &t->base->absent : &t->absent;
	if (t->route->rejects != NULL)
		rejects_watch(t->route->rejects, leave_out, t);
	return route_begin(t->route, t->rows_before, !t->ready, e);
}

/* A table that we have made is to stay what it is when the first rows are in. */
static int
note_identity(struct target *t, struct err *e)
{
	const struct plan *p = t->plan;

	if (p->rel == NULL && t->ready)
		return 0;
	free(t->identity);
	t->identity = p->rel != NULL ? xstrdup(p->identity)
				     : identity_read(t->route->db, 0, &p->target, e);
	return t->identity != NULL ? 0 : -1;
}

int
target_close(struct target *t, struct err *e)
{
	int rc = route_close(t->route, e);

	if (rc < 0)
		replace_name(t->plan, e);
	return rc;
}

int
target_end(struct target *t, struct err *e)
{
	const struct route_counts *c = &t->route->counts;

	if (route_end(t->route, e) != 0) {
		replace_name(t->plan, e);
		return -1;
	}
	absent_added(t->route);
	if (note_identity(t, e) != 0)
		return -1;
	if (roundings_settle(t->roundings, e) != 0)
		return -1;
	if (t->plan->rules->rounding == ROUNDING_ERROR &&
	    roundings_refuse(t->roundings, e) != 0)
		return -1;
	t->ready = true;
	if (t->base != NULL) /* its rows are no more of them */
		return 0;
	t->rows_before += c->read;
	t->unmoved += c->inserted + c->updated;
	t->counts.read += c->read;
	t->counts.inserted += c->inserted;
	t->counts.updated += c->updated;
	t->counts.unchanged += c->unchanged;
	t->counts.skipped += c->skipped;
	t->counts.rejected += c->rejected;
	if (c->vague && !t->vague)
		log_warning("the server does not say which rows were inserted and which "
			    "updated; the receipt has null for both");
	t->vague = t->vague || c->vague;
	return 0;
}

int
target_hold(const struct target *t, struct db *db, struct err *e)
{
	return t->plan->rel != NULL ? ready_hold(db, t->plan, e) : 0;
}

void
target_emptied(struct target *t)
{
	t->emptied = true;
	forget_truncate(t->plan);
}

void
target_altered(struct target *t, char *identity)
{
	if (t->original == NULL)
		t->original = xstrdup(t->plan->identity);
	free(t->plan->identity);
	t->plan->identity = identity;
}

const char *
target_expected(const struct target *t)
{
	return t->original != NULL ? t->original : t->identity;
}

/* Rows that come by no stream, but were there: of others the reader tells. */
static uint64_t
read_before(const struct target *t)
{
	enum rules_parts what = t->rules.parts.what;

	return what == PARTS_PUBLISH || what == PARTS_PLACE ? t->counts.read : 0;
}

static void
tell_relation(const struct target *t, struct receipt *receipt)
{
	struct receipt_relation *r;

	if (t->told == 0 || (t->counts.read == 0 && t->absent.deleted == 0 && !t->vague))
		return;
	r = receipt_at(receipt, t->told - 1);
	r->read += read_before(t);
	r->inserted += t->counts.inserted;
	r->updated += t->counts.updated;
	r->unchanged += t->counts.unchanged;
	r->skipped += t->counts.skipped;
	r->rejected += t->counts.rejected;
	r->deleted += t->absent.deleted;
	r->vague = r->vague || t->vague;
}

void
target_tell(const struct target *t, struct receipt *receipt)
{
	receipt->read += read_before(t);
	receipt->inserted += t->counts.inserted;
	receipt->updated += t->counts.updated;
	receipt->unchanged += t->counts.unchanged;
	receipt->skipped += t->counts.skipped;
	receipt->rejected += t->counts.rejected;
	receipt->deleted += t->absent.deleted;
	receipt->vague = receipt->vague || t->vague;
	receipt->replaced = receipt->replaced || (t->plan != NULL && t->plan->replace != NULL &&
						  t->rules.parts.what != PARTS_ASIDE);
	tell_relation(t, receipt);
}

static int
write_rows(struct target *t, const struct stream_chunk *chunk, struct err *e)
{
	if (roundings_look(t->roundings, chunk, e) != 0 ||
	    infinite_look(t->infinite, chunk, e) != 0)
		return -1;
	if (route_write(t->route, chunk, e) == 0)
		return 0;
	replace_name(t->plan, e);
	return -1;
}

int
target_write(struct target *t, const struct stream_chunk *chunk, struct err *e)
{
	int rc;

	if (t->key_sql == NULL || t->early.settled)
		return write_rows(t, chunk, e);
	earlykey_enter(&t->early);
	rc = write_rows(t, chunk, e);
	earlykey_leave(&t->early, chunk->rows);
	return rc;
}

bool
target_wants_key(const struct target *t)
{
	return t->key_sql != NULL && !t->rules.parts.keyed && t->plan->route == PLAN_DIRECT &&
	       earlykey_is_due(&t->early);
}

int
target_add_key(struct target *t, struct db *db, struct err *e)
{
	bool ordered;

	t->early.settled = true;
	if (earlykey_in_order(db, t->plan, &ordered, e) != 0)
		return -1;
	if (!ordered)
		return 0;
	log_info("the source is slow: the primary key is made while rows come");
	if (db_exec(db, e, "%s", t->key_sql) != 0)
		return err_context(e, "adding the primary key");
	free(t->key_sql);
	t->key_sql = NULL;
	free(t->identity);
	t->identity = identity_read(db, 0, &t->plan->target, e);
	return t->identity != NULL ? 0 : -1;
}

int
target_locate(struct target *t, struct err *e)
{
	int rc = route_locate(t->route, e);

	replace_name(t->plan, e);
	return rc;
}

void
target_warn(struct target *t)
{
	finish_roundings(t);
}

void
target_done(struct target *t)
{
	size_t i;

	finish_roundings(t);
	finish_infinite(t);
	route_free(t->route);
	t->route = NULL;
	if (t->rules.parts.what == PARTS_PLACE) /* which comes last */
		return;
	for (i = 0; i < STATEMENTS; i++) {
		free(t->plan->sql[i]);
		t->plan->sql[i] = NULL;
	}
}

bool
target_may_pack(const struct target *t)
{
	return t->state == TARGET_PLANNED && planpack_may(t->plan) && t->route == NULL &&
	       t->roundings == NULL && t->infinite == NULL && t->base == NULL &&
	       t->rules.keys == KEYS_OF_ROWS && t->rules.parts.what == PARTS_NONE &&
	       t->original == NULL;
}

void
target_pack(struct buf *to, const struct target *t)
{
	struct target bare = *t;

	bare.plan = NULL; /* pointers that are of no use later */
	bare.header = NULL;
	bare.input = NULL;
	bare.sequences = (struct sequences){.n = 0};
	buf_add(to, &bare, sizeof(bare));
	pack_text(to, t->input);
	sequences_pack(to, &t->sequences);
	planpack_add(to, t->plan);
}

struct target *
target_unpack(struct unpack *from)
{
	struct target *t = xmalloc(sizeof(*t));

	pack_take_bytes(from, t, sizeof(*t));
	t->input = pack_take_text(from);
	sequences_unpack(from, &t->sequences);
	t->plan = planpack_take(from);
	t->plan->rules = &t->rules;
	return t;
}

void
target_take_header(struct target *t, struct header *header)
{
	t->header = header;
	t->plan->header = header;
	t->plan->schema = &header->schema;
}

void
target_release(struct target *t)
{
	route_free(t->route);
	roundings_free(t->roundings);
	infinite_free(t->infinite);
	planner_free(t->plan);
	sequences_release(&t->sequences);
	header_free(t->header);
	free(t->input);
	free(t->identity);
	free(t->original);
	free(t->key_sql);
	absent_release(&t->absent);
	*t = (struct target){.route = NULL};
}
