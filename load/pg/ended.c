/*
 * Each is a few bytes on a shelf, for there may be very many of them in one transaction.
 */
#include "load/pg/ended.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/base/relname.h"
#include "common/base/shelf.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/talk/receipt.h"
#include "load/match/identity.h"
#include "load/match/plan.h"
#include "load/pg/target.h"
#include "load/route/ready.h"
#include "load/stage/plan_stage.h"

#define AT_ONCE ((size_t)2000) /* relations that are compared in one query */

struct one {
	struct relname target;
	unsigned oid;
	size_t told;
	struct route_counts counts;
	bool vague;
};

bool
ended_may(const struct target *t)
{
	const struct plan_stage *st = t->plan->stage;

	return t->base == NULL && t->rules.keys == KEYS_OF_ROWS && t->route == NULL &&
	       t->rules.parts.what == PARTS_NONE && t->plan->replace == NULL &&
	       (st == NULL || !st->deletes) && t->original == NULL && t->roundings == NULL &&
	       (t->sequences.n == 0 || t->unmoved == 0) &&
	       (t->key_sql == NULL ||
		!t->rules.batches); /* which is made with the last COMMIT */
}

void
ended_add(struct ended *x, const struct target *t)
{
	const struct relation *rel = t->plan->rel;
	struct buf b = BUF_INIT;
	struct one one;

	memset(&one, 0, sizeof(one)); /* what is between its members, too, becomes bytes */
	one.target = t->plan->target;
	one.oid = rel != NULL ? rel->oid : 0;
	one.told = t->told;
	one.counts = t->counts;
	one.vague = t->vague;
	if (x->shelf == NULL)
		x->shelf = shelf_new();
	buf_add(&b, &one, sizeof(one));
	pack_text(&b, t->identity);
	pack_text(&b, t->key_sql);
	shelf_put(x->shelf, b.data, b.len);
	buf_release(&b);
	x->n++;
	x->read += t->counts.read;
	x->rejected += t->counts.rejected;
	x->taken += t->rows_before;
	x->keys = x->keys || t->key_sql != NULL;
}

/* The caller frees both texts. */
static void
take(const struct ended *x, size_t i, struct one *one, char **identity, char **key_sql)
{
	struct unpack from;

	from.at = shelf_get(x->shelf, i, &from.left);
	pack_take_bytes(&from, one, sizeof(*one));
	*identity = pack_take_text(&from);
	*key_sql = pack_take_text(&from);
}

/* Those from number ${*from} on, as many as are compared at once. */
struct some {
	struct one ones[AT_ONCE];
	struct identity_of of[AT_ONCE];
	char *want[AT_ONCE], *is[AT_ONCE];
	size_t n;
};

static void
gather(const struct ended *x, size_t *from, struct some *s)
{
	for (s->n = 0; *from < x->n && s->n < AT_ONCE; (*from)++) {
		struct one *one = &s->ones[s->n];
		char *key_sql;

		take(x, *from, one, &s->want[s->n], &key_sql);
		free(key_sql);
		if (one->counts.read == 0) {
			free(s->want[s->n]);
			continue;
		}
		s->of[s->n] = (struct identity_of){.oid = one->oid, .name = &one->target};
		s->is[s->n++] = NULL;
	}
}

static int
compare(struct some *s, struct db *db, struct err *e)
{
	size_t i;
	int rc = s->n > 0 ? identity_read_all(db, s->of, s->n, s->is, e) : 0;

	for (i = 0; i < s->n; i++) {
		if (rc == 0 && strcmp(s->is[i], s->want[i]) != 0)
			rc = ready_altered(&s->ones[i].target, e);
		free(s->is[i]);
		free(s->want[i]);
	}
	return rc;
}

int
ended_check(const struct ended *x, struct db *db, struct err *e)
{
	struct some *s = xmalloc(sizeof(*s));
	size_t from = 0;
	int rc = 0;

	while (rc == 0 && from < x->n) {
		gather(x, &from, s);
		rc = compare(s, db, e);
	}
	free(s);
	return rc;
}

int
ended_add_keys(const struct ended *x, struct db *db, struct err *e)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && x->keys && i < x->n; i++) {
		char *identity, *key_sql;
		struct one one;

		take(x, i, &one, &identity, &key_sql);
		rc = key_sql != NULL ? db_exec(db, e, "%s", key_sql) : 0;
		free(identity);
		free(key_sql);
	}
	return rc;
}

static void
tell(const struct one *one, struct receipt *receipt)
{
	const struct route_counts *c = &one->counts;
	struct receipt_relation *r;

	receipt->inserted += c->inserted;
	receipt->updated += c->updated;
	receipt->unchanged += c->unchanged;
	receipt->skipped += c->skipped;
	receipt->rejected += c->rejected;
	receipt->vague = receipt->vague || one->vague;
	if (one->told == 0 || (c->read == 0 && !one->vague))
		return;
	r = receipt_at(receipt, one->told - 1);
	r->inserted += c->inserted;
	r->updated += c->updated;
	r->unchanged += c->unchanged;
	r->skipped += c->skipped;
	r->rejected += c->rejected;
	r->vague = r->vague || one->vague;
}

void
ended_tell(const struct ended *x, struct receipt *receipt)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		char *identity, *key_sql;
		struct one one;

		take(x, i, &one, &identity, &key_sql);
		tell(&one, receipt);
		free(identity);
		free(key_sql);
	}
}

void
ended_start(struct ended *x)
{
	shelf_free(x->shelf);
	*x = (struct ended){.taken = x->taken};
}

void
ended_release(struct ended *x)
{
	shelf_free(x->shelf);
	*x = (struct ended){.shelf = NULL};
}
