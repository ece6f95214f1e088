/*
 * The relations of a run in the loading transaction: held, emptied, compared and told of
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

/* A text for each relation that ${wanted} gives one of; NULL for the others. */
static int
read_identities(struct db *db, const struct targets *ts,
		const char *(*wanted)(const struct target *), char **texts, struct err *e)
{
	struct identity_of *of = xcalloc(ts->n + 1, sizeof(*of));
	char **found = xcalloc(ts->n + 1, sizeof(*found));
	size_t *at = xcalloc(ts->n + 1, sizeof(*at)), n = 0, i;
	int rc;

	for (i = 0; i < ts->n; i++) {
		const struct plan *p = ts->list[i].plan;

		if (wanted(&ts->list[i]) == NULL)
			continue;
		of[n].name = &p->target;
		of[n].oid = p->rel != NULL ? p->rel->oid : 0;
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
	return t->counts.read > 0 || t->absent.deleted > 0 ? target_expected(t) : NULL;
}

int
targets_check(const struct targets *ts, struct db *db, struct err *e)
{
	return compare(ts, db, loaded, e);
}

/* What each would look for before its first row. */
static int
look_ahead(struct targets *ts, struct db *db, struct err *e)
{
	struct sequences_of *of = xcalloc(ts->n + 1, sizeof(*of));
	size_t i, n = 0;
	int rc;

	for (i = 0; i < ts->n; i++) {
		struct target *t = &ts->list[i];

		t->looked_ahead = true;
		if (t->moves_sequences)
			of[n++] = (struct sequences_of){t->plan, &t->sequences};
	}
	rc = sequences_add(db, of, n, e);
	free(of);
	return rc;
}

/*
 * Locked and compared together, which for many is faster than one by one.  Not in batches,
 * whose transactions are too many and too short for that.
 */
static int
hold_all(struct targets *ts, struct db *db, struct err *e)
{
	const struct plan **plans = xcalloc(ts->n + 1, sizeof(void *));
	size_t i;
	int rc;

	for (i = 0; i < ts->n; i++)
		plans[i] = ts->list[i].plan;
	rc = ready_lock_all(db, plans, ts->n, ts->keys.drop != NULL, e);
	free(plans);
	if (rc != 0 || compare(ts, db, planned, e) != 0)
		return -1;
	for (i = 0; i < ts->n; i++)
		ts->list[i].plan->held = true;
	return look_ahead(ts, db, e);
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
		buf_adds(&sql, relation_only(t->plan->rel));
		relname_add_quoted(&t->plan->target, &sql);
		target_emptied(t);
	}
	if (rc == 0 && sql.len > 0)
		rc = db_exec(db, e, "%s", buf_cstr(&sql));
	buf_release(&sql);
	return rc;
}

/* All at once: a set's are held already. */
static int
drop_keys(struct targets *ts, struct db *db, struct err *e)
{
	char **texts = xcalloc(ts->n + 1, sizeof(*texts));
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < ts->n; i++)
		if (!ts->list[i].plan->held)
			rc = target_hold(&ts->list[i], db, e);
	if (rc == 0)
		rc = fkeys_drop(&ts->keys, db, e);
	if (rc == 0)
		rc = read_identities(db, ts, planned, texts, e);
	for (i = 0; rc == 0 && i < ts->n; i++)
		if (texts[i] != NULL) {
			target_altered(&ts->list[i], texts[i]);
			texts[i] = NULL;
		}
	free_texts(texts, ts->n);
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
	if (fkeys_defer(&ts->keys, db, e) != 0)
		return -1;
	return ts->keys.drop != NULL ? drop_keys(ts, db, e) : 0;
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
