/*
 * Plans of thousands of relations are made in one transaction, from facts that were read in a
 * few queries.  If anything but a refusal ends that transaction, a lock that was not had above
 * all, those that are left are planned one by one, where each may wait.
 */
#include "load/pg/setplan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "load/match/known.h"
#include "load/match/plan.h"
#include "load/options.h"
#include "load/pg/fkeys.h"
#include "load/pg/target.h"
#include "load/pg/targets.h"
#include "load/plan/planner.h"
#include "load/sink/sink.h"

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
destination(const struct load_options *options, const struct relname *name)
{
	struct relname into = *name;

	if (options->into_schema != NULL)
		into.schema = intern(options->into_schema);
	return into;
}

static void
init_member(struct target *t, const struct load_options *options, const char *input,
	    const struct sink_set *set, size_t i)
{
	const struct relname *name = &set->manifest->members[i].relation;
	const struct load_rules *own = set->rules != NULL ? &set->rules[i] : NULL;
	char *called = manifest_name(set->manifest, i);
	char *text = xasprintf("%s: %s", input, called);

	target_init(t, options, own != NULL ? own : load_options_rules(options, name), text);
	if (own != NULL)
		t->into = own->target;
	else
		t->into = destination(options, name);
	t->rules.target = t->into;
	t->rules.together = true;
	free(text);
	free(called);
}

/* The keys of all rows of ${base}'s relation: nothing else is done with them. */
static void
init_keys(struct target *t, struct target *base)
{
	t->base = base;
	t->moves_sequences = false;
	t->rules.keys = KEYS_ALONE;
	base->rules.keys = KEYS_FOLLOW;
}

static int
plan_rows(struct target *t, struct db *db, const struct sink_set *set,
	  const struct header *header, struct known *known, struct err *e)
{
	struct sink_stream stream = {
		.header = header,
		.text = set->ndjson || header->values == HEADER_TEXT,
		.ndjson = set->ndjson,
	};

	return target_plan(t, db, &stream, known, e);
}

static int
plan_sequence(struct targets *ts, struct db *db, const struct load_options *options,
	      const struct header *header, struct err *e)
{
	struct relname into;

	if (options->no_sync_sequences)
		return 0;
	into = destination(options, &header->schema.relation);
	return sequences_expect(&ts->sequences, db, &into, &header->sequence, e);
}

static int
refuse(size_t refused, size_t n, struct buf *all, struct err *e)
{
	err_set(e, EXIT_TARGET, "%zu of %zu relations cannot take their streams", refused, n);
	return err_detail(e, "%s", buf_cstr(all));
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

/* As far as it is known where a member goes. */
static const struct relname *
goes_to(const struct target *t)
{
	return t->plan != NULL ? &t->plan->target : &t->into;
}

/* Two members for one relation would be one for it. */
static int
refuse_twice(const struct targets *ts, struct err *e)
{
	const struct relname **names = xcalloc(ts->n + 1, sizeof(void *));
	char *text;
	size_t i, n = 0;

	for (i = 0; i < ts->n; i++)
		if (ts->list[i].base == NULL)
			names[n++] = goes_to(&ts->list[i]);
	qsort(names, n, sizeof(void *), by_name);
	for (i = 1; i < n; i++)
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

/* The making of a set's plans. */
struct setplan {
	struct targets *ts;
	struct db *db;
	const struct load_options *options;
	const struct sink_set *set;
	bool together;       /* a transaction is open for all that follow */
	struct known *known; /* then: of each of ts->list */
	struct buf reasons;  /* against all that are refused */
	size_t refused;
};

/* A name without schema is looked up by its own plan, which alone may find several ways. */
static int
know_all(struct setplan *s, struct err *e)
{
	size_t n = 0, i;
	const struct relname **names = xcalloc(s->ts->n + 1, sizeof(void *));
	struct known *list = xcalloc(s->ts->n + 1, sizeof(*list));
	bool qualified = true;
	int rc = 0;

	for (i = 0; i < s->ts->n; i++)
		if (s->ts->list[i].base == NULL) {
			names[n] = &s->ts->list[i].into;
			qualified = qualified && names[n++]->schema != NULL;
		}
	if (qualified && n > 1) {
		rc = planner_begin(s->db, &s->ts->list[0].rules, e);
		if (rc == 0)
			rc = known_read(s->db, names, n, list, e);
		s->together = rc == 0;
	}
	for (i = n = 0; i < s->ts->n; i++)
		if (s->ts->list[i].base == NULL)
			s->known[i] = list[n++];
	free(list);
	free(names);
	return rc;
}

/* Is the failure one of the common transaction?  It is over then, and forgotten. */
static bool
part_ways(struct setplan *s, struct err *e)
{
	if (e->sqlstate[0] == '\0' || e->signal != 0 || db_is_lost(s->db))
		return false;
	session_rollback(s->db);
	s->together = false;
	err_release(e);
	return true;
}

/* What is known of a relation has become its rows' plan: keys need it once more. */
static int
know_again(struct setplan *s, size_t k, struct err *e)
{
	const struct target *base = s->ts->list[k].base;

	if (base == NULL || base->plan == NULL || base->plan->rel == NULL)
		return 0;
	return known_find(s->db, &base->plan->target, &s->known[k], e);
}

static int
plan_member(struct setplan *s, size_t k, struct header *header, struct err *e)
{
	struct target *t = &s->ts->list[k];

	t->header = header;
	if (s->together) {
		if (know_again(s, k, e) == 0 &&
		    plan_rows(t, s->db, s->set, header, &s->known[k], e) == 0)
			return 0;
		if (!part_ways(s, e))
			return -1;
	}
	return plan_rows(t, s->db, s->set, header, NULL, e);
}

/* A refusal leaves the others to be looked at; any other failure does not. */
static int
take_refusal(struct setplan *s, struct err *e)
{
	if (e->code != EXIT_TARGET || e->sqlstate[0] != '\0')
		return -1;
	add_reasons(&s->reasons, e);
	s->refused++;
	return 0;
}

static int
plan_each(struct setplan *s, size_t *n, struct err *e)
{
	const struct manifest *m = s->set->manifest;
	size_t i, k = 0;

	for (i = *n = 0; i < m->n; i++) {
		int rc;

		if (!s->set->chosen[i])
			continue;
		(*n)++;
		rc = m->members[i].is_sequence
			     ? plan_sequence(s->ts, s->db, s->options, manifest_header(m, i), e)
			     : plan_member(s, k++, manifest_copy(m, i), e);
		if (rc != 0 && take_refusal(s, e) != 0)
			return -1;
	}
	return 0;
}

static int
plan_all(struct setplan *s, struct err *e)
{
	struct targets *ts = s->ts;
	size_t n;
	int rc = 0;

	if (refuse_twice(ts, e) != 0)
		return -1;
	if (know_all(s, e) != 0 && !part_ways(s, e))
		rc = -1;
	if (rc == 0)
		rc = plan_each(s, &n, e);
	if (s->together)
		session_rollback(s->db);
	if (rc != 0)
		return -1;
	if (s->refused > 0)
		return refuse(s->refused, n, &s->reasons, e);
	if (refuse_twice(ts, e) != 0) /* with the schemas that they have now */
		return -1;
	return ts->n > 0 ? fkeys_plan(&ts->keys, s->db, ts->list, ts->n, e) : 0;
}

static bool
has_rows(const struct sink_set *set, size_t i)
{
	return set->chosen[i] && !set->manifest->members[i].is_sequence;
}

/* A target for each member that brings rows. */
static void
init_all(struct targets *ts, const struct load_options *options, const char *input,
	 const struct sink_set *set)
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
		if (set->manifest->members[i].keys_of > 0) {
			init_keys(&ts->list[k], &ts->list[k - 1]);
			told--;
		} else {
			ts->list[k].told = told;
		}
		k++;
	}
}

int
setplan_make(struct targets *ts, struct db *db, const struct load_options *options,
	     const char *input, const struct sink_set *set, struct err *e)
{
	struct setplan s = {.ts = ts, .db = db, .options = options, .set = set};
	int rc;

	init_all(ts, options, input, set);
	s.known = xcalloc(ts->n + 1, sizeof(*s.known));
	rc = plan_all(&s, e);
	known_release(s.known, ts->n);
	free(s.known);
	buf_release(&s.reasons);
	return rc;
}
