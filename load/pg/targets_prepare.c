/*
 * What is done with all relations of a set at once in the loading transaction, a few hundred at
 * a time: they are held, emptied and compared together.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/session.h"
#include "load/match/identity.h"
#include "load/match/plan.h"
#include "load/pg/fkeys.h"
#include "load/pg/indexes.h"
#include "load/pg/target.h"
#include "load/pg/targets.h"
#include "load/pg/targets_parts.h"
#include "load/route/ready.h"

#define AT_ONCE ((size_t)2000) /* relations in one query */

/* Some of the relations, and what they are now; texts are owned. */
struct some {
	struct identity_of of[AT_ONCE];
	size_t at[AT_ONCE];
	char *texts[AT_ONCE];
	size_t n;
};

/* Those from number ${*from} on that ${wanted}. */
static int
read_some(const struct targets *ts, size_t *from, struct some *s, struct db *db,
	  bool (*wanted)(const struct targets *ts, size_t i), struct err *e)
{
	for (s->n = 0; *from < ts->n && s->n < AT_ONCE; (*from)++) {
		if (!wanted(ts, *from))
			continue;
		s->of[s->n] = (struct identity_of){.oid = ts->brief[*from].oid,
						   .name = &ts->brief[*from].name};
		s->at[s->n] = *from;
		s->texts[s->n++] = NULL;
	}
	return s->n > 0 ? identity_read_all(db, s->of, s->n, s->texts, e) : 0;
}

static void
free_some(struct some *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->texts[i]);
	s->n = 0;
}

static bool
is_there(const struct targets *ts, size_t i)
{
	return ts->brief[i].oid != 0;
}

static bool
is_loaded(const struct targets *ts, size_t i)
{
	const struct target *t = ts->list[i];

	return t != NULL && (t->counts.read > 0 || t->absent.deleted > 0) &&
	       target_expected(t) != NULL;
}

static bool
is_planned_as(const struct targets *ts, size_t i, const char *text)
{
	return XXH128_isEqual(targets_mark(text), ts->brief[i].identity) != 0;
}

static bool
is_loaded_as(const struct targets *ts, size_t i, const char *text)
{
	const char *expected = target_expected(ts->list[i]);

	if (ts->brief[i].unindexed) /* built again, and compared then */
		return strncmp(text, expected, IDENTITY_BUT_INDEXES) == 0;
	return strcmp(text, expected) == 0;
}

/* Are the relations that ${wanted} what they have to be? */
static int
compare(const struct targets *ts, struct db *db,
	bool (*wanted)(const struct targets *ts, size_t i),
	bool (*is)(const struct targets *ts, size_t i, const char *text), struct err *e)
{
	struct some *s = xcalloc(1, sizeof(*s));
	size_t from = 0, i;
	int rc = 0;

	while (rc == 0 && from < ts->n) {
		rc = read_some(ts, &from, s, db, wanted, e);
		for (i = 0; rc == 0 && i < s->n; i++)
			if (!is(ts, s->at[i], s->texts[i]))
				rc = ready_altered(&ts->brief[s->at[i]].name, e);
		free_some(s);
	}
	free(s);
	return rc;
}

int
targets_prepare_check(const struct targets *ts, struct db *db, struct err *e)
{
	if (compare(ts, db, is_loaded, is_loaded_as, e) != 0)
		return -1;
	return ended_check(&ts->ended, db, e);
}

/* ---- prepared ---- */

/* Those that are woken for what has been found of them. */
struct looking {
	struct targets *ts;
	size_t from; /* the number of the first that is asked for */
	size_t at;   /* the one that was woken; ts->n: none */
};

/* What has come to light of one that slept, it sleeps with. */
static void
look_away(struct looking *l)
{
	if (l->at < l->ts->n)
		targets_sleep(l->ts, l->at);
	l->at = l->ts->n;
}

static struct sequences_of
sequences_of(void *arg, size_t i)
{
	struct looking *l = arg;
	struct target *t;

	if (l->at != l->from + i)
		look_away(l);
	if (l->ts->list[l->from + i] == NULL)
		l->at = l->from + i;
	t = targets_wake(l->ts, l->from + i);
	return (struct sequences_of){t->plan, &t->sequences};
}

/* What those from number ${*from} on would look for before their first rows. */
static int
look_at_some(struct targets *ts, size_t *from, struct db *db, struct err *e)
{
	struct looking l = {ts, *from, ts->n};
	unsigned oids[AT_ONCE];
	size_t n = 0;
	int rc;

	for (; *from < ts->n && n < AT_ONCE; (*from)++) {
		const struct targets_brief *b = &ts->brief[*from];

		oids[n++] = b->moves && b->kind != 'v' ? b->oid : 0;
	}
	rc = sequences_add(db, oids, n, sequences_of, &l, e);
	look_away(&l);
	return rc;
}

static int
look_ahead(struct targets *ts, struct db *db, struct err *e)
{
	size_t from = 0, i;

	while (from < ts->n)
		if (look_at_some(ts, &from, db, e) != 0)
			return -1;
	ts->looked_ahead = true;
	for (i = 0; i < ts->n; i++)
		if (ts->list[i] != NULL)
			ts->list[i]->looked_ahead = true;
	return 0;
}

/* All of them, and the one that was woken last. */
struct roll {
	struct targets *ts;
	size_t at; /* or n */
};

static struct ready_relation
relation_of(void *arg, size_t i)
{
	const struct roll *roll = arg;
	const struct targets_brief *b = &roll->ts->brief[i];

	return (struct ready_relation){.target = &b->name,
				       .kind = b->kind,
				       .alone = b->emptied || b->unindexed,
				       .kept = b->kept};
}

static const struct plan *
plan_of(void *arg, size_t i)
{
	struct roll *roll = arg;

	if (roll->at < roll->ts->n)
		targets_drop(roll->ts, roll->at);
	roll->at = roll->ts->list[i] == NULL ? i : roll->ts->n;
	return targets_wake(roll->ts, i)->plan;
}

/*
 * Locked and compared together, which for many is faster than one by one.  Not in batches,
 * whose transactions are too many and too short for that.
 */
static int
hold_all(struct targets *ts, struct db *db, struct err *e)
{
	struct roll roll = {ts, ts->n};
	const struct ready_all all = {ts->n, relation_of, plan_of, &roll};
	size_t i;
	int rc = ready_lock_all(db, &all, ts->keys.ndropped > 0, e);

	if (roll.at < ts->n)
		targets_drop(ts, roll.at);
	if (rc != 0 || compare(ts, db, is_there, is_planned_as, e) != 0)
		return -1;
	ts->held = true;
	for (i = 0; i < ts->n; i++)
		if (ts->list[i] != NULL)
			ts->list[i]->plan->held = true;
	return look_ahead(ts, db, e);
}

/* One TRUNCATE, so that foreign keys among them are no obstacle. */
static int
empty_all(struct targets *ts, struct db *db, struct err *e)
{
	struct buf sql = BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; i < ts->n; i++) {
		const struct targets_brief *b = &ts->brief[i];

		if (!b->emptied)
			continue;
		buf_adds(&sql, sql.len > 0 ? ", " : "TRUNCATE TABLE ");
		/* a parent's rows are its own in a set */
		buf_adds(&sql, b->only ? "ONLY " : "");
		relname_add_quoted(&b->name, &sql);
		if (ts->list[i] != NULL)
			target_emptied(ts->list[i]);
	}
	ts->emptied = true;
	if (sql.len > 0)
		rc = db_exec(db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
}

static int
hold_each(struct targets *ts, struct db *db, struct err *e)
{
	size_t i;

	for (i = 0; i < ts->n; i++) {
		bool slept = ts->list[i] == NULL;
		const struct target *t = targets_wake(ts, i);
		int rc = t->plan->held ? 0 : target_hold(t, db, e);

		if (slept)
			targets_drop(ts, i);
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* Those that are no longer what was planned are so by our doing, and stay awake. */
static int
take_changes(struct targets *ts, struct db *db, struct err *e)
{
	struct some *s = xcalloc(1, sizeof(*s));
	size_t from = 0, i;
	int rc = 0;

	while (rc == 0 && from < ts->n) {
		rc = read_some(ts, &from, s, db, is_there, e);
		for (i = 0; rc == 0 && i < s->n; i++) {
			if (is_planned_as(ts, s->at[i], s->texts[i]))
				continue;
			ts->brief[s->at[i]].identity = targets_mark(s->texts[i]);
			target_altered(targets_wake(ts, s->at[i]), s->texts[i]);
			s->texts[i] = NULL;
		}
		free_some(s);
	}
	free(s);
	return rc;
}

static int
drop_indexes(struct targets *ts, struct db *db, struct err *e)
{
	char *path = NULL;
	size_t i;
	int rc = session_narrow_path(db, &path, e);

	for (i = 0; rc == 0 && i < ts->n; i++) {
		bool slept = ts->list[i] == NULL;

		if (!ts->brief[i].unindexed)
			continue;
		rc = indexes_drop(&ts->indexes, targets_wake(ts, i)->plan, db, e);
		if (slept)
			targets_drop(ts, i);
	}
	if (rc == 0)
		rc = session_set_path(db, path, e);
	free(path);
	return rc;
}

static bool
are_unindexed(const struct targets *ts)
{
	size_t i;

	for (i = 0; i < ts->n; i++)
		if (ts->brief[i].unindexed)
			return true;
	return false;
}

/* All targets are of one sender. */
static int
drop_keys(struct targets *ts, struct db *db, struct err *e)
{
	bool slept = ts->list[0] == NULL;
	int rc = fkeys_drop(&ts->keys, db, targets_wake(ts, 0)->plan->header, e);

	if (slept)
		targets_drop(ts, 0);
	return rc;
}

/* What would be looked at with each row.  A set's are held already. */
static int
drop_all(struct targets *ts, struct db *db, struct err *e)
{
	bool keys = ts->keys.ndropped > 0, indexes = are_unindexed(ts);

	if (!keys && !indexes)
		return 0;
	if (!ts->held && hold_each(ts, db, e) != 0)
		return -1;
	if ((keys && drop_keys(ts, db, e) != 0) || (indexes && drop_indexes(ts, db, e) != 0))
		return -1;
	return take_changes(ts, db, e);
}

/* Batches have rules of all, and the first may sleep. */
static bool
in_batches(struct targets *ts)
{
	bool slept = ts->list[0] == NULL, batches = targets_wake(ts, 0)->rules.batches;

	if (slept)
		targets_drop(ts, 0);
	return batches;
}

int
targets_prepare(struct targets *ts, struct db *db, struct err *e)
{
	if (ts->prepared)
		return 0;
	ts->prepared = true;
	targets_note(ts);
	if (ts->set && !in_batches(ts) && hold_all(ts, db, e) != 0)
		return -1;
	if (fkeys_defer(&ts->keys, db, e) != 0 || drop_all(ts, db, e) != 0)
		return -1;
	return ts->set ? empty_all(ts, db, e) : 0;
}
