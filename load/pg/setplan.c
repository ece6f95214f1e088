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
#include "load/match/identity.h"
#include "load/match/known.h"
#include "load/match/plan.h"
#include "load/options/options.h"
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

/* And by rules that are only its own, or NULL. */
static const struct load_rules *
own_rules(const struct sink_set *set, size_t i)
{
	return set->rules != NULL ? &set->rules[i] : NULL;
}

static struct relname
into(const struct load_options *options, const struct sink_set *set, size_t i)
{
	const struct load_rules *own = own_rules(set, i);

	return own != NULL ? own->target
			   : destination(options, &set->manifest->members[i].relation);
}

static struct target *
make_member(const struct load_options *options, const char *input, const struct sink_set *set,
	    size_t i)
{
	const struct relname *name = &set->manifest->members[i].relation;
	const struct load_rules *own = own_rules(set, i);
	struct target *t = xcalloc(1, sizeof(*t));
	char *called = manifest_name(set->manifest, i);
	char *text = xasprintf("%s: %s", input, called);

	target_init(t, options, own != NULL ? own : load_options_rules(options, name), text);
	t->member = i;
	t->into = into(options, set, i);
	t->rules.target = t->into;
	t->rules.together = true;
	free(text);
	free(called);
	return t;
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

#define AT_ONCE ((size_t)250)     /* relations that are planned from facts read together */
#define IDENTITIES ((size_t)2000) /* that are read together: each time costs a lot */

/* The making of a set's plans. */
struct setplan {
	struct targets *ts;
	struct db *db;
	const struct load_options *options;
	const char *input;
	const struct sink_set *set;
	struct relname *names; /* of each relation, as far as it is known where it goes */
	size_t made;           /* targets */
	size_t told;           /* members that are told of */
	size_t asked;          /* members that are chosen */
	bool together;         /* a transaction is open for all that follow */
	struct known known[AT_ONCE + 1]; /* then: of the targets from ${first} on */
	size_t first;
	char *identities[IDENTITIES]; /* of the targets from ${read} on, up to ${end} */
	size_t read, end;
	struct buf reasons; /* against all that are refused */
	size_t refused;
};

/* Two members for one relation would be one for it. */
static int
refuse_twice(const struct setplan *s, struct err *e)
{
	const struct relname **names = xcalloc(s->ts->n + 1, sizeof(void *));
	char *text;
	size_t i, n = 0;

	for (i = 0; i < s->ts->n; i++)
		if (s->names[i].name != NULL)
			names[n++] = &s->names[i];
	if (n > 0)
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

/* A name without schema is looked up by its own plan, which alone may find several ways. */
static int
begin_together(struct setplan *s, struct err *e)
{
	const struct load_rules *rules = own_rules(s->set, 0);
	size_t i, n = 0;

	for (i = 0; i < s->ts->n; i++) {
		n += s->names[i].name != NULL;
		if (s->names[i].name != NULL && s->names[i].schema == NULL)
			return 0;
	}
	if (n < 2)
		return 0;
	s->together = true;
	return planner_begin(s->db, rules != NULL ? rules : &s->options->rules, e);
}

/* Of the targets from ${from} on; keys have no name. */
static int
read_identities(struct setplan *s, size_t from, struct err *e)
{
	struct identity_of *of = xcalloc(IDENTITIES, sizeof(*of));
	char **texts = xcalloc(IDENTITIES, sizeof(*texts));
	size_t n = 0, i;
	int rc;

	s->read = s->end = from;
	for (; s->end < s->ts->n && s->end - from < IDENTITIES; s->end++)
		if (s->names[s->end].name != NULL)
			of[n++].name = &s->names[s->end];
	rc = identity_read_all(s->db, of, n, texts, e);
	for (i = from, n = 0; i < s->end; i++)
		s->identities[i - from] = s->names[i].name != NULL ? texts[n++] : NULL;
	free(of);
	free(texts);
	return rc;
}

static int
take_identity(struct setplan *s, size_t i, char **identity, struct err *e)
{
	if (i >= s->end && read_identities(s, i, e) != 0)
		return -1;
	*identity = s->identities[i - s->read];
	s->identities[i - s->read] = NULL;
	return 0;
}

/* The targets from ${s->first} on. */
static int
know_some(struct setplan *s, struct err *e)
{
	const struct relname *names[AT_ONCE + 1];
	struct known list[AT_ONCE + 1];
	size_t n = 0, i;
	int rc = 0;

	memset(list, 0, sizeof(list));
	for (i = s->first; rc == 0 && s->together && i < s->made; i++)
		if (s->ts->list[i]->base == NULL) {
			names[n] = &s->ts->list[i]->into;
			rc = take_identity(s, i, &list[n++].identity, e);
		}
	if (rc == 0 && n > 0)
		rc = known_read(s->db, names, n, list, e);
	for (i = s->first, n = 0; i < s->made; i++)
		if (s->ts->list[i]->base == NULL)
			s->known[i - s->first] = list[n++];
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
	const struct target *base = s->ts->list[k]->base;

	if (base == NULL || base->plan == NULL || base->plan->rel == NULL)
		return 0;
	return known_find(s->db, &base->plan->target, &s->known[k - s->first], e);
}

static int
plan_member(struct setplan *s, size_t k, struct err *e)
{
	struct target *t = s->ts->list[k];

	t->header = manifest_copy(s->set->manifest, t->member);
	if (s->together) {
		if (know_again(s, k, e) == 0 &&
		    plan_rows(t, s->db, s->set, t->header, &s->known[k - s->first], e) == 0)
			return 0;
		if (!part_ways(s, e))
			return -1;
	}
	return plan_rows(t, s->db, s->set, t->header, NULL, e);
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

static bool
has_rows(const struct sink_set *set, size_t i)
{
	return set->chosen[i] && !set->manifest->members[i].is_sequence;
}

/* Targets for the members from ${from} on, of which keys stay with their rows: up to where? */
static size_t
make_some(struct setplan *s, size_t from)
{
	const struct manifest *m = s->set->manifest;
	struct target **list = s->ts->list;
	size_t i;

	s->first = s->made;
	for (i = from; i < m->n && (s->made - s->first < AT_ONCE || m->members[i].keys_of > 0);
	     i++) {
		s->told += s->set->chosen[i];
		if (!has_rows(s->set, i))
			continue;
		list[s->made] = make_member(s->options, s->input, s->set, i);
		list[s->made]->number = s->made;
		if (m->members[i].keys_of > 0) {
			init_keys(list[s->made], list[s->made - 1]);
			s->told--;
		} else {
			list[s->made]->told = s->told;
		}
		s->made++;
	}
	return i;
}

/* The members from ${from} up to ${end}, whose targets begin with ${s->first}. */
static int
plan_some(struct setplan *s, size_t from, size_t end, struct err *e)
{
	const struct manifest *m = s->set->manifest;
	size_t i, k = s->first;

	for (i = from; i < end; i++) {
		int rc;

		if (!s->set->chosen[i])
			continue;
		s->asked++;
		if (m->members[i].is_sequence)
			rc = plan_sequence(s->ts, s->db, s->options, manifest_header(m, i), e);
		else
			rc = plan_member(s, k++, e);
		if (rc != 0 && take_refusal(s, e) != 0)
			return -1;
	}
	for (k = s->first; k < s->made; k++) {
		const struct plan *p = s->ts->list[k]->plan;

		if (p != NULL && s->names[k].name != NULL)
			s->names[k] = p->target;
		if (p != NULL)
			targets_planned(s->ts, k);
	}
	return 0;
}

static int
plan_each(struct setplan *s, struct err *e)
{
	size_t from, end;
	int rc = 0;

	for (from = 0; rc == 0 && from < s->set->manifest->n; from = end) {
		end = make_some(s, from);
		if (know_some(s, e) != 0 && !part_ways(s, e))
			rc = -1;
		if (rc == 0)
			rc = plan_some(s, from, end, e);
		known_release(s->known, s->made - s->first);
	}
	return rc;
}

static int
plan_all(struct setplan *s, struct err *e)
{
	struct targets *ts = s->ts;
	int rc = 0;

	if (refuse_twice(s, e) != 0)
		return -1;
	if (begin_together(s, e) != 0 && !part_ways(s, e))
		rc = -1;
	if (rc == 0)
		rc = plan_each(s, e);
	if (s->together)
		session_rollback(s->db);
	if (rc != 0)
		return -1;
	if (s->refused > 0)
		return refuse(s->refused, s->asked, &s->reasons, e);
	if (refuse_twice(s, e) != 0) /* with the schemas that they have now */
		return -1;
	return ts->n > 0 ? targets_plan_keys(ts, s->db, e) : 0;
}

/* Does nobody ask for a plan before its stream comes?  Those whose rules are their own do. */
static bool
may_sleep(const struct load_options *options, const struct sink_set *set)
{
	return options->state == NULL && options->rejects == NULL && set->rules == NULL;
}

/* Where the members go that bring rows; those of keys have no name. */
static void
name_all(struct setplan *s)
{
	const struct manifest *m = s->set->manifest;
	size_t i, k = 0;

	s->names = xcalloc(s->ts->n + 1, sizeof(*s->names));
	for (i = 0; i < m->n; i++)
		if (has_rows(s->set, i) && m->members[i].keys_of > 0)
			k++;
		else if (has_rows(s->set, i))
			s->names[k++] = into(s->options, s->set, i);
}

int
setplan_make(struct targets *ts, struct db *db, const struct load_options *options,
	     const char *input, const struct sink_set *set, struct err *e)
{
	struct setplan *s = xcalloc(1, sizeof(*s));
	size_t i, n = 0;
	int rc;

	for (i = 0; i < set->manifest->n; i++)
		n += has_rows(set, i);
	targets_many(ts, n, set->manifest, may_sleep(options, set));
	s->ts = ts;
	s->db = db;
	s->options = options;
	s->input = input;
	s->set = set;
	name_all(s);
	rc = plan_all(s, e);
	for (i = s->read; i < s->end; i++)
		free(s->identities[i - s->read]);
	free(s->names);
	buf_release(&s->reasons);
	free(s);
	return rc;
}
