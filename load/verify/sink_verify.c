/*
 * The frame of a comparison: one transaction, whose snapshot is taken when the header is here,
 * behind the locks, and which is READ ONLY before a row is read.  Relations whose rows have to
 * be staged need temporary tables, which are made in it before.
 *
 * That rows are equal is said when the stream is proven whole, and each of its rows has been
 * found.
 */
#include "load/verify/sink_verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/stream/input.h"
#include "common/stream/stream_chunk.h"
#include "common/talk/log.h"
#include "common/talk/receipt.h"
#include "load/match/plan.h"
#include "load/options/options.h"
#include "load/sink/sink.h"
#include "load/verify/compared.h"
#include "load/verify/differences.h"
#include "load/sides/merge.h"
#include "load/verify/differing.h"
#include "load/verify/staging.h"
#include "load/verify/tally.h"

/* A relation, or a sequence of a set. */
struct relation_verified {
	const struct header *header; /* NULL: a plain PGCOPY file */
	struct header *copy;         /* the same, of a set's, owned; or NULL */
	struct relname into;         /* where it is; no name: the stream's; owned */
	struct compared c;
	struct staging staging; /* if it is not merged */
	struct tally tally;
	bool sequence;
};

struct sink_verify {
	struct sink base;
	struct db db;
	struct input *in;                /* borrowed */
	char *stayed;                    /* what undoes session_stay(), or NULL; owned */
	struct differences *differences; /* or NULL */
	struct differing *differing;     /* or NULL */
	struct relation_verified *list;  /* owned */
	size_t n, begun;
	bool set;
	bool role_text; /* text is read as the role would, for no server wrote it */
	struct merge merge;
};

static struct sink_verify *
verify(struct sink *s)
{
	return (struct sink_verify *)s;
}

static struct relation_verified *
current(struct sink_verify *s)
{
	return &s->list[s->begun - 1];
}

static int
sink_verify_open(struct sink *base, struct input *in, struct err *e)
{
	struct sink_verify *s = verify(base);
	const struct load_options *o = base->options;

	s->in = in;
	base->receipt->committed = RECEIPT_NOT_APPLICABLE;
	if (db_connect(&s->db, &o->common.db, e) != 0)
		return -1;
	if (o->differences != NULL && o->common.check == CHECK_NOT) {
		s->differences = differences_open(o->differences, e);
		if (s->differences == NULL)
			return -1;
	}
	if (o->differing_keys != NULL && o->common.check == CHECK_NOT) {
		s->differing = differing_open(o->differing_keys, e);
		if (s->differing == NULL)
			return -1;
	}
	if (session_stay(&s->db, &s->stayed, e) != 0)
		return -1;
	base->where = db_connect_where(&s->db);
	return 0;
}

/* ---- what is compared ---- */

static const struct relname *
name_of(const struct relation_verified *r)
{
	return r->into.name != NULL ? &r->into
	       : r->header != NULL  ? &r->header->schema.relation
				    : &r->into;
}

/*
 * A lock comes before the snapshot, or a TRUNCATE that it waits for would have left nothing to
 * see.  What cannot be locked so is not truncated so, or is refused by its name later.
 */
static int
lock_all(struct sink_verify *s, struct err *e)
{
	struct buf sql = BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; i < s->n; i++) {
		if (s->list[i].sequence || name_of(&s->list[i])->name == NULL)
			continue;
		buf_adds(&sql, sql.len == 0 ? "LOCK TABLE " : ", ");
		relname_add_quoted(name_of(&s->list[i]), &sql);
	}
	if (sql.len > 0)
		rc = db_exec(&s->db, e, "%s IN ACCESS SHARE MODE", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
}

static bool
is_no_lock(const struct err *e)
{
	static const char *const states[] = {"42809", "42501", "42P01", "3F000"};
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(e->sqlstate, states[i]) == 0)
			return true;
	return false;
}

static int
begin(struct sink_verify *s, enum session_kind kind, struct err *e)
{
	int64_t timeout = s->base.options->common.lock_timeout;

	s->role_text = false;
	session_rollback(&s->db);
	if (session_begin(&s->db, kind, timeout, e) != 0)
		return -1;
	if (lock_all(s, e) == 0)
		return db_exec(&s->db, e, "SET LOCAL jit = off");
	if (!is_no_lock(e))
		return -1;
	err_release(e);
	session_rollback(&s->db);
	if (session_begin(&s->db, kind, timeout, e) != 0)
		return -1;
	return db_exec(&s->db, e, "SET LOCAL jit = off");
}

static int
plan_one(struct sink_verify *s, struct relation_verified *r, bool ndjson, struct err *e)
{
	const struct load_options *o = s->base.options;
	const struct header *header = r->header;
	struct compared_stream stream = {
		.header = header,
		.text = ndjson || (header != NULL && header->values == HEADER_TEXT),
		.ndjson = ndjson,
		.edited = o->edited != STREAM_AS_SENT,
		.part = o->edited == STREAM_EDITED_ROWS,
	};

	if (header != NULL && (header->partial & HEADER_PARTIAL_KEYS) != 0)
		stream.keys = keylist_find(&o->only, &header->schema.relation);

	compared_release(&r->c);
	r->c.rules = header != NULL ? *load_options_rules(o, &header->schema.relation)
				    : o->rules;
	r->c.rules.target = *name_of(r);
	r->c.alone = s->set;
	r->tally = (struct tally){
		.c = &r->c, .differences = s->differences, .differing = s->differing};
	return compared_plan(&r->c, &s->db, &stream, e);
}

/* What is against one relation of several is said with all that is against the others. */
static int
plan_all(struct sink_verify *s, bool ndjson, struct err *e)
{
	struct buf all = BUF_INIT;
	size_t i, refused = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < s->n; i++) {
		if (s->list[i].sequence || plan_one(s, &s->list[i], ndjson, e) == 0)
			continue;
		if (!s->set || e->code != EXIT_TARGET || e->sqlstate[0] != '\0') {
			rc = -1;
			break;
		}
		buf_addf(&all, "%s%s\n  %s", refused++ > 0 ? "\n" : "", e->msg,
			 e->detail != NULL ? e->detail : "");
		err_release(e);
	}
	if (rc == 0 && refused > 0) {
		err_set(e, EXIT_TARGET,
			"%zu of %zu relations cannot be compared with their streams", refused,
			s->n);
		rc = err_detail(e, "%s", buf_cstr(&all));
	}
	buf_release(&all);
	return rc;
}

static bool
is_staged(const struct relation_verified *r)
{
	return !r->sequence && r->c.unmerged != NULL;
}

static bool
needs_stage(const struct sink_verify *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (is_staged(&s->list[i]))
			return true;
	return false;
}

static int
make_stages(struct sink_verify *s, struct err *e)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (is_staged(&s->list[i]) &&
		    staging_create(&s->list[i].staging, &s->db, &s->list[i].c, e) != 0)
			return -1;
	return db_exec(&s->db, e, "SET TRANSACTION READ ONLY");
}

static int
prepare(struct sink_verify *s, bool ndjson, struct err *e)
{
	if (begin(s, SESSION_READ, e) != 0 || plan_all(s, ndjson, e) != 0)
		return -1;
	if (!needs_stage(s))
		return 0;
	if (begin(s, SESSION_COMPARE, e) != 0 || plan_all(s, ndjson, e) != 0)
		return -1;
	return s->base.options->common.check == CHECK_NOT ? make_stages(s, e) : 0;
}

static int
refuse_unproven(const struct sink_verify *s, const struct header *header, struct err *e)
{
	/* what is checked is a header alone */
	if (header != NULL && header->dry_run && s->base.options->common.check == CHECK_NOT)
		return err_set(e, EXIT_TARGET,
			       "the stream is that of a dry run, and its rows were left out");
	if (header != NULL && header->keys_of > 0)
		return err_set(e, EXIT_TARGET,
			       "keys that go with changed rows (--with-keys) are not compared");
	if ((header != NULL && !header->bare) || s->base.options->bare)
		return 0;
	err_set(e, EXIT_STREAM, "a stream without an end record cannot be proven whole");
	return err_hint(e, "--bare says that it is.");
}

static int
sink_verify_expect(struct sink *base, const struct sink_set *set, struct err *e)
{
	struct sink_verify *s = verify(base);
	const struct manifest *m = set->manifest;
	size_t i;

	s->set = true;
	s->list = xcalloc(m->n > 0 ? m->n : 1, sizeof(*s->list));
	for (i = 0; i < m->n; i++) {
		struct relation_verified *r;

		if (!set->chosen[i])
			continue;
		r = &s->list[s->n++];
		r->header = r->copy = manifest_copy(m, i);
		if (refuse_unproven(s, r->header, e) != 0)
			return -1;
		r->sequence = r->header->is_sequence;
		r->into = m->members[i].relation;
		if (base->options->into_schema != NULL)
			r->into.schema = intern(base->options->into_schema);
	}
	return prepare(s, set->ndjson, e);
}

static int
expect_one(struct sink_verify *s, const struct sink_stream *stream, struct err *e)
{
	const struct header *header = stream->header;

	if (refuse_unproven(s, header, e) != 0)
		return -1;
	if (header != NULL && header->is_sequence)
		return err_set(e, EXIT_TARGET,
			       "a sequence is compared as a member of a set only");
	s->list = xcalloc(1, sizeof(*s->list));
	s->n = 1;
	s->list[0].header = header;
	rules_place(&s->base.options->rules, header != NULL ? &header->schema.relation : NULL,
		    &s->list[0].into);
	return prepare(s, stream->ndjson, e);
}

/* ---- sequences ---- */

/* A load moves it forward, never back: it has come at least as far. */
static int
compare_sequence(struct sink_verify *s, struct relation_verified *r, struct err *e)
{
	struct buf sql = BUF_INIT;
	char *behind;

	r->c.name = relname_text(&r->into);
	r->tally = (struct tally){.c = &r->c, .differences = s->differences};
	buf_adds(&sql, "SELECT 1 FROM ");
	relname_add_quoted(&r->into, &sql);
	buf_addf(&sql,
		 " AS s JOIN pg_catalog.pg_sequence q ON q.seqrelid OPERATOR(pg_catalog.=)"
		 " s.tableoid WHERE (CASE WHEN q.seqincrement OPERATOR(pg_catalog.>) 0 THEN"
		 " s.last_value OPERATOR(pg_catalog.<) '%" PRId64 "'::pg_catalog.int8 ELSE"
		 " s.last_value OPERATOR(pg_catalog.>) '%" PRId64 "'::pg_catalog.int8 END)"
		 " OR s.last_value OPERATOR(pg_catalog.=) '%" PRId64 "'::pg_catalog.int8"
		 " AND NOT s.is_called AND %s",
		 r->header->sequence.last_value, r->header->sequence.last_value,
		 r->header->sequence.last_value,
		 r->header->sequence.is_called ? "true" : "false");
	behind = db_query_text(&s->db, e, buf_cstr(&sql), 0, NULL);
	buf_release(&sql);
	if (behind == NULL)
		return -1;
	if (behind[0] == '\0') {
		r->tally.counts.equal++;
		free(behind);
		return 0;
	}
	free(behind);
	r->tally.counts.different++;
	if (s->differences == NULL)
		return 0;
	return differences_add(s->differences, DIFFERENCE_DIFFERENT, r->c.name, json_object(),
			       json_pack("[s]", "last_value"), e);
}

/* ---- a stream ---- */

static int
settle_text(struct sink_verify *s, const struct header *header, struct err *e)
{
	bool role = header != NULL && header->server_version == 0;

	if (role == s->role_text)
		return 0;
	s->role_text = role;
	return session_text(&s->db, !role, e);
}

static void
tell_plan(struct sink_verify *s, const struct relation_verified *r)
{
	free(s->base.relation);
	free(s->base.plan);
	s->base.relation = r->sequence ? relname_text(&r->into) : xstrdup(r->c.name);
	s->base.plan = r->sequence ? xstrdup("a sequence, compared by its value")
		       : r->c.unmerged == NULL
			       ? xstrdup("rows compared while they pass, in the "
					 "order of the key")
			       : xasprintf("rows staged and compared by the "
					   "server: %s",
					   r->c.unmerged);
	log_record("plan",
		   json_pack("{s:s, s:s, s:b}", "relation", s->base.relation, "route", "verify",
			     "merged", !r->sequence && r->c.unmerged == NULL),
		   "comparing with %s: %s", s->base.relation, s->base.plan);
}

static int
start_merge(struct sink_verify *s, struct relation_verified *r, struct err *e)
{
	const struct merge_told told = {tally_merged, &r->tally};
	struct buf sql = BUF_INIT;
	int rc;

	compared_copy(&r->c, &s->db, &sql);
	rc = merge_begin(&s->merge, &s->db, buf_cstr(&sql),
			 compared_field(&r->c, r->c.plan->ncolumns), &r->c.order, &told, e);
	buf_release(&sql);
	return rc;
}

static int
start(struct sink_verify *s, struct relation_verified *r, struct err *e)
{
	if (r->c.unmerged == NULL)
		return start_merge(s, r, e);
	if (settle_text(s, r->header, e) != 0 || staging_begin(&r->staging, e) != 0)
		return -1;
	input_watch(s->in, PQsocket(s->db.conn), db_copy_on_readable, &s->db);
	return 0;
}

static int
sink_verify_begin(struct sink *base, const struct sink_stream *stream, struct sink_wants *wants,
		  struct err *e)
{
	struct sink_verify *s = verify(base);
	struct relation_verified *r;

	if (!s->set && s->n == 0 && expect_one(s, stream, e) != 0)
		return -1;
	s->begun++;
	r = current(s);
	tell_plan(s, r);
	if (base->options->common.check != CHECK_NOT)
		return 0;
	if (r->sequence)
		return compare_sequence(s, r, e);
	wants->schema = r->c.plan->adopted;
	wants->keep = r->c.plan->keep;
	wants->nkeep = r->c.plan->ncolumns;
	return start(s, r, e);
}

static int
sink_verify_write(struct sink *base, const struct stream_chunk *chunk, struct err *e)
{
	struct sink_verify *s = verify(base);
	struct relation_verified *r = current(s);

	if (r->sequence)
		return err_set(e, EXIT_STREAM, "a sequence has rows");
	return r->c.unmerged == NULL ? merge_write(&s->merge, chunk, e)
				     : staging_write(&r->staging, chunk, e);
}

static int
sink_verify_end(struct sink *base, struct err *e)
{
	struct sink_verify *s = verify(base);
	struct relation_verified *r = current(s);
	int rc;

	if (r->sequence)
		return 0;
	if (r->c.unmerged == NULL) {
		rc = merge_end(&s->merge, e);
		r->tally.counts.equal += s->merge.equal;
		merge_release(&s->merge);
	} else {
		rc = staging_end(&r->staging, e);
		input_watch(s->in, -1, NULL, NULL);
		if (rc == 0)
			rc = staging_compare(&r->staging, &r->tally, e);
	}
	if (rc == 0 && s->differing != NULL)
		rc = differing_relation(s->differing, &r->c, r->header, e);
	return rc;
}

/* ---- the verdict ---- */

static void
add_up(struct sink_verify *s)
{
	struct receipt *receipt = s->base.receipt;
	struct receipt_verified *all = &receipt->verified;
	size_t i;

	*all = (struct receipt_verified){.done = true, .extras = true};
	for (i = 0; i < s->n; i++) {
		struct receipt_verified *one = &s->list[i].tally.counts;

		one->done = true;
		one->extras = s->list[i].sequence || s->list[i].c.extras;
		all->extras = all->extras && one->extras;
		all->equal += one->equal;
		all->missing += one->missing;
		all->extra += one->extra;
		all->different += one->different;
		if (s->set)
			receipt_at(receipt, i)->verified = *one;
	}
}

static int
say_different(const struct sink_verify *s, struct err *e)
{
	struct buf text = BUF_INIT;
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		if (!tally_differs(&s->list[i].tally.counts))
			continue;
		buf_addf(&text, "%s%s: ", n++ > 0 ? "\n" : "", s->list[i].c.name);
		tally_add_counts(&s->list[i].tally.counts, &text);
	}
	if (s->set) {
		err_set(e, EXIT_DIFFERENT, "%zu of %zu relations differ from their streams", n,
			s->n);
		err_detail(e, "%s", buf_cstr(&text));
	} else {
		text.len = 0;
		tally_add_counts(&s->list[0].tally.counts, &text);
		err_set(e, EXIT_DIFFERENT, "%s differs from the stream: %s", s->list[0].c.name,
			buf_cstr(&text));
	}
	buf_release(&text);
	return -1;
}

/* No row has come that is not counted. */
static int
check_sum(const struct sink_verify *s, struct err *e)
{
	const struct receipt *receipt = s->base.receipt;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct receipt_verified *v = &s->list[i].tally.counts;

		sum += s->list[i].sequence ? 0 : v->equal + v->missing + v->different;
	}
	return sum == receipt->read
		       ? 0
		       : err_set(e, EXIT_DATA,
				 "%" PRIu64 " rows have come, and %" PRIu64 " were compared",
				 receipt->read, sum);
}

static int
sink_verify_commit(struct sink *base, struct err *e)
{
	struct sink_verify *s = verify(base);

	session_rollback(&s->db);
	if (check_sum(s, e) != 0)
		return -1;
	if (s->differences != NULL && differences_finish(s->differences, e) != 0)
		return -1;
	if (s->differing != NULL && differing_finish(s->differing, e) != 0)
		return -1;
	add_up(s);
	return tally_differs(&base->receipt->verified) ? say_different(s, e) : 0;
}

static void
sink_verify_close(struct sink *base)
{
	struct sink_verify *s = verify(base);
	size_t i;

	session_leave(&s->db, s->stayed);
	free(s->stayed);
	db_close(&s->db);
	merge_release(&s->merge);
	differences_free(s->differences);
	differing_free(s->differing);
	for (i = 0; s->list != NULL && i < s->n; i++) {
		compared_release(&s->list[i].c);
		header_free(s->list[i].copy);
	}
	free(s->list);
}

static const struct sink_ops sink_verify_ops = {
	.open = sink_verify_open,
	.expect = sink_verify_expect,
	.begin = sink_verify_begin,
	.write = sink_verify_write,
	.end = sink_verify_end,
	.commit = sink_verify_commit,
	.close = sink_verify_close,
};

struct sink *
sink_verify_new(void)
{
	struct sink_verify *s = xcalloc(1, sizeof(*s));

	s->base.ops = &sink_verify_ops;
	s->db = DB_INIT;
	return &s->base;
}
