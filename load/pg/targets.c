/*
 * A set's relations: planned together, emptied together, and what their plans refuse said
 * together.
 */
#include "load/pg/targets.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "common/talk/receipt.h"
#include "load/match/identity.h"
#include "load/match/plan.h"
#include "load/options.h"
#include "load/pg/fkeys.h"
#include "load/pg/target.h"
#include "load/route/ready.h"
#include "load/sink/sink.h"

void
targets_one(struct targets *ts, const struct load_options *options, const char *input)
{
	*ts = (struct targets){.list = xcalloc(1, sizeof(*ts->list)), .n = 1};
	target_init(&ts->list[0], options, &options->rules, input);
}

struct target *
targets_at(const struct targets *ts)
{
	return &ts->list[ts->at];
}

void
targets_next(struct targets *ts)
{
	ts->at = ts->begun++;
}

/* ---- the plans of a set ---- */

/* What is against one of them, as a paragraph among those of the others. */
static void
add_reasons(struct buf *all, struct err *why)
{
	buf_addf(all, "%s%s", all->len > 0 ? "\n" : "", why->msg);
	if (why->detail != NULL)
		buf_addf(all, "\n  %s", why->detail);
	if (why->hint != NULL)
		buf_addf(all, "\n  %s", why->hint);
	err_release(why);
}

/* Where a member goes. */
static struct relname
destination(const struct load_options *options, const struct header *header)
{
	const struct relname *name = &header->schema.relation;
	struct relname into = RELNAME_INIT;

	relname_set(&into, options->into_schema != NULL ? options->into_schema : name->schema,
		    name->name);
	return into;
}

static void
init_member(struct target *t, const struct load_options *options, const char *input,
	    const struct sink_set *set, size_t i)
{
	const struct relname *name = &set->manifest->members[i]->schema.relation;
	char *called = manifest_name(set->manifest, i);
	char *text = xasprintf("%s: %s", input, called);

	target_init(t, options, load_options_rules(options, name), text);
	t->into = destination(options, set->manifest->members[i]);
	t->rules.target = t->into;
	t->rules.together = true;
	free(text);
	free(called);
}

static int
plan_rows(struct target *t, struct db *db, const struct sink_set *set,
	  const struct header *header, const char *identity, struct err *e)
{
	struct sink_stream stream = {
		.header = header,
		.text = set->ndjson || header->values == HEADER_TEXT,
		.ndjson = set->ndjson,
	};

	return target_plan(t, db, &stream, identity, e);
}

static int
plan_sequence(struct targets *ts, struct db *db, const struct load_options *options,
	      const struct header *header, struct err *e)
{
	struct relname into;
	int rc;

	if (options->no_sync_sequences)
		return 0;
	into = destination(options, header);
	rc = sequences_expect(&ts->sequences, db, &into, &header->sequence, e);
	relname_release(&into);
	return rc;
}

static int
refuse(size_t refused, size_t n, struct buf *all, struct err *e)
{
	err_set(e, EXIT_TARGET, "%zu of %zu relations cannot take their streams", refused, n);
	return err_detail(e, "%s", buf_cstr(all));
}

/*
 * A text for each relation that ${wanted} gives one of (NULL: for all); NULL for the others,
 * and where a name has no schema, which each plan finds by itself.
 */
static int
read_identities(struct db *db, const struct targets *ts,
		const char *(*wanted)(const struct target *), char **texts, struct err *e)
{
	struct identity_of *of = xcalloc(ts->n + 1, sizeof(*of));
	char **found = xcalloc(ts->n + 1, sizeof(*found));
	size_t *at = xcalloc(ts->n + 1, sizeof(*at)), n = 0, i;
	int rc;

	for (i = 0; i < ts->n; i++) {
		const struct target *t = &ts->list[i];
		const struct plan *p = t->plan;

		of[n].name = p != NULL ? &p->target : &t->into;
		of[n].oid = p != NULL && p->rel != NULL ? p->rel->oid : 0;
		if (of[n].name->schema != NULL && (wanted == NULL || wanted(t) != NULL))
			at[n++] = i;
	}
	rc = n > 0 ? identity_read_all(db, of, n, found, e) : 0;
	for (i = 0; rc == 0 && i < n; i++)
		texts[at[i]] = found[i];
	free(of);
	free(at);
	free(found);
	return rc;
}

static void
free_texts(char **texts, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

/* In a transaction that only reads. */
static int
look_at_all(struct db *db, const struct targets *ts, char **texts, struct err *e)
{
	int rc = session_begin(db, SESSION_PLAN, ts->list[0].rules.lock_timeout, e);

	if (rc == 0)
		rc = read_identities(db, ts, NULL, texts, e);
	session_rollback(db);
	return rc;
}

static int
by_name(const void *a, const void *b)
{
	const struct relname *x = *(const struct relname *const *)a;
	const struct relname *y = *(const struct relname *const *)b;
	int order = strcmp(x->schema != NULL ? x->schema : "",
			   y->schema != NULL ? y->schema : "");

	return order != 0 ? order : strcmp(x->name, y->name);
}

/* Two members for one relation would be one for it. */
static int
refuse_twice(const struct targets *ts, struct err *e)
{
	const struct relname **names = xcalloc(ts->n + 1, sizeof(void *));
	char *text;
	size_t i;

	for (i = 0; i < ts->n; i++)
		names[i] = &ts->list[i].plan->target;
	qsort(names, ts->n, sizeof(void *), by_name);
	for (i = 1; i < ts->n; i++)
		if (by_name(&names[i - 1], &names[i]) == 0) {
			text = relname_text(names[i]);
			err_set(e, EXIT_TARGET, "two relations of the set are for \"%s\"",
				text);
			free(text);
			break;
		}
	free(names);
	return e->code == EXIT_DONE ? 0 : -1;
}

/* A refusal leaves the others to be looked at; any other failure does not. */
static int
plan_all(struct targets *ts, struct db *db, const struct load_options *options,
	 const struct sink_set *set, struct err *e)
{
	struct buf all = BUF_INIT;
	char **texts = xcalloc(ts->n + 1, sizeof(*texts));
	size_t i, k = 0, n = 0, refused = 0;
	int rc = ts->n > 0 ? look_at_all(db, ts, texts, e) : 0;

	for (i = 0; rc == 0 && i < set->manifest->n; i++) {
		const struct header *header = set->manifest->members[i];

		if (!set->chosen[i])
			continue;
		n++;
		if (header->is_sequence) {
			rc = plan_sequence(ts, db, options, header, e);
		} else {
			rc = plan_rows(&ts->list[k], db, set, header, texts[k], e);
			k++;
		}
		if (rc != 0 && e->code == EXIT_TARGET && e->sqlstate[0] == '\0') {
			add_reasons(&all, e);
			refused++;
			rc = 0;
		}
	}
	if (rc == 0 && refused > 0)
		rc = refuse(refused, n, &all, e);
	else if (rc == 0 && refuse_twice(ts, e) != 0)
		rc = -1;
	else if (rc == 0 && ts->n > 0)
		rc = fkeys_plan(&ts->keys, db, ts->list, ts->n, e);
	buf_release(&all);
	free_texts(texts, ts->n);
	return rc;
}

static bool
has_rows(const struct sink_set *set, size_t i)
{
	return set->chosen[i] && !set->manifest->members[i]->is_sequence;
}

int
targets_expect(struct targets *ts, struct db *db, const struct load_options *options,
	       const char *input, const struct sink_set *set, struct err *e)
{
	size_t i, k = 0, told = 0;

	targets_release(ts);
	ts->set = true;
	for (i = 0; i < set->manifest->n; i++)
		ts->n += has_rows(set, i);
	ts->list = xcalloc(ts->n > 0 ? ts->n : 1, sizeof(*ts->list));
	for (i = 0; i < set->manifest->n; i++) {
		told += set->chosen[i];
		if (!has_rows(set, i))
			continue;
		init_member(&ts->list[k], options, input, set, i);
		ts->list[k++].told = told;
	}
	return plan_all(ts, db, options, set, e);
}

/* ---- in the transaction ---- */

/* Are the relations what is ${expected} of them?  NULL: nothing is. */
static int
compare(const struct targets *ts, struct db *db, const char *(*expected)(const struct target *),
	struct err *e)
{
	char **texts = xcalloc(ts->n + 1, sizeof(*texts));
	size_t i;
	int rc = read_identities(db, ts, expected, texts, e);

	for (i = 0; rc == 0 && i < ts->n; i++) {
		const char *want = expected(&ts->list[i]);

		if (want != NULL &&
		    (texts[i] == NULL || texts[i][0] == '\0' || strcmp(texts[i], want) != 0))
			rc = ready_altered(ts->list[i].plan, e);
	}
	free_texts(texts, ts->n);
	return rc;
}

static const char *
planned(const struct target *t)
{
	return t->plan != NULL && t->plan->rel != NULL ? t->plan->identity : NULL;
}

static const char *
loaded(const struct target *t)
{
	return t->counts.read > 0 ? target_expected(t) : NULL;
}

int
targets_check(const struct targets *ts, struct db *db, struct err *e)
{
	return compare(ts, db, loaded, e);
}

/*
 * Locked and compared together, which for many is faster than one by one.  Not in batches,
 * whose transactions are too many and too short for that.
 */
static int
hold_all(struct targets *ts, struct db *db, struct err *e)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (ready_lock(db, ts->list[i].plan, ts->keys.drop != NULL, e) != 0)
			return -1;
	if (compare(ts, db, planned, e) != 0)
		return -1;
	for (i = 0; i < ts->n; i++)
		ts->list[i].plan->held = true;
	return 0;
}

/* One TRUNCATE, so that foreign keys among them are no obstacle. */
static int
empty_all(struct targets *ts, struct db *db, struct err *e)
{
	struct buf sql = BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < ts->n; i++) {
		struct target *t = &ts->list[i];

		if (t->plan->sql[SQL_TRUNCATE] == NULL)
			continue;
		buf_adds(&sql, sql.len > 0 ? ", " : "TRUNCATE TABLE ");
		/* a parent's rows are its own in a set */
		buf_adds(&sql, t->plan->rel->kind == 'r' ? "ONLY " : "");
		relname_add_quoted(&t->plan->target, &sql);
		target_emptied(t);
	}
	if (rc == 0 && sql.len > 0)
		rc = db_exec(db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
}

int
targets_prepare(struct targets *ts, struct db *db, struct err *e)
{
	if (ts->prepared)
		return 0;
	ts->prepared = true;
	if (ts->set && !ts->list[0].rules.batches && hold_all(ts, db, e) != 0)
		return -1;
	if (ts->set && empty_all(ts, db, e) != 0)
		return -1;
	return fkeys_prepare(&ts->keys, db, ts->list, ts->n, e);
}

void
targets_start(struct targets *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		ts->list[i].counts = (struct route_counts){.read = 0};
}

void
targets_tell(const struct targets *ts, struct receipt *receipt)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		target_tell(&ts->list[i], receipt);
}

void
targets_warn(struct targets *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		target_warn(&ts->list[i]);
}

struct targets_rows
targets_rows(const struct targets *ts)
{
	struct targets_rows sum = {.read = 0};
	size_t i;

	for (i = 0; i < ts->n; i++) {
		sum.read += ts->list[i].counts.read;
		sum.rejected += ts->list[i].counts.rejected;
		sum.taken += ts->list[i].rows_before;
	}
	return sum;
}

int
targets_move(struct targets *ts, struct db *db, bool last, struct err *e)
{
	size_t i;

	for (i = 0; i < ts->n; i++) {
		struct target *t = &ts->list[i];

		if (t->unmoved == 0)
			continue;
		if (sequences_move(&t->sequences, db, last, e) != 0)
			return -1;
		if (last)
			t->unmoved = 0;
	}
	return last ? sequences_move(&ts->sequences, db, true, e) : 0;
}

bool
targets_wait(const struct targets *ts, bool last)
{
	size_t i;

	if (ts->sequences.n > 0)
		return true;
	for (i = 0; i < ts->n; i++) {
		const struct target *t = &ts->list[i];

		if (t->unmoved > 0 && t->sequences.n > 0 &&
		    (!last || sequences_wait(&t->sequences)))
			return true;
	}
	return false;
}

void
targets_release(struct targets *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		target_release(&ts->list[i]);
	free(ts->list);
	fkeys_release(&ts->keys);
	sequences_release(&ts->sequences);
	*ts = (struct targets){.list = NULL};
}
