/*
 * The members of a set.  Of all of them no more is kept than their names at first, and then
 * what a shelf takes; a few hundred at a time are found out about.
 */
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/base/relname.h"
#include "common/base/shelf.h"
#include "common/base/xalloc.h"
#include "common/os/runid.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "extract/options/options.h"
#include "extract/pg/order.h"
#include "extract/pg/source_pg_parts.h"

#define AT_ONCE ((size_t)250) /* members that are found out about */

static int
check_each(const struct source_pg *s, const struct choose_list *list, struct err *e)
{
	const struct relname **names = xcalloc(list->n, sizeof(struct relname *));
	size_t i;
	int rc;

	for (i = 0; i < list->n; i++)
		names[i] = &list->rels[i].id;
	rc = extract_options_check_each(s->base.options, names, list->n, e);
	free(names);
	return rc;
}

int
source_pg_set_choose(struct source_pg *s, struct err *e)
{
	int rc;

	choose_release(&s->chosen);
	rc = choose_relations(&s->db, &s->base.options->what, &s->chosen, e);
	if (rc == 0)
		rc = choose_check(&s->db, &s->chosen, e);
	return rc == 0 ? check_each(s, &s->chosen, e) : -1;
}

static bool
are_same(const struct choose_list *a, const struct choose_list *b)
{
	size_t i;

	for (i = 0; i < a->n && i < b->n; i++)
		if (a->rels[i].oid != b->rels[i].oid ||
		    !relname_equal(&a->rels[i].id, &b->rels[i].id))
			return false;
	return a->n == b->n;
}

int
source_pg_set_same(struct source_pg *s, struct err *e)
{
	struct choose_list now = {.n = 0};
	int rc = choose_relations(&s->db, &s->base.options->what, &now, e);

	if (rc == 0 && !are_same(&now, &s->chosen)) {
		s->seen = false;
		rc = 1;
	}
	choose_release(&now);
	return rc;
}

/* ---- some of them ---- */

static int
by_oid(const void *a, const void *b)
{
	const struct relation *const *x = a, *const *y = b;

	return ((*x)->oid > (*y)->oid) - ((*x)->oid < (*y)->oid);
}

/* Members of ${n} relations, of which all is read. */
static int
read_some(struct source_pg *s, const unsigned *order, size_t n, struct err *e)
{
	struct relation *rels[AT_ONCE], *sorted[AT_ONCE];
	size_t i;

	for (i = 0; i < n; i++) {
		const struct choose_relation *of = &s->chosen.rels[order[i]];

		rels[i] = sorted[i] = xcalloc(1, sizeof(*rels[i]));
		*rels[i] = (struct relation){.oid = of->oid, .id = of->id, .kind = of->kind};
	}
	source_pg_members_make(s, rels, n);
	qsort(sorted, n, sizeof(struct relation *), by_oid);
	return relation_read_all(&s->db, sorted, n, e);
}

/*
 * Behind each of them the keys of all its rows; of those only that were asked for, where rows
 * have been brought that no longer are.
 */
static int
add_keys(struct source_pg *s, struct err *e)
{
	bool catch_up = s->base.options->catch_up;
	size_t i;

	for (i = 0; s->base.options->with_keys && i < s->n; i++)
		if (!member_is_sequence(&s->members[i]) &&
		    member_add_keys(&s->members[i], catch_up, e) != 0) {
			if (catch_up)
				e->code = EXIT_TARGET;
			return -1;
		}
	return 0;
}

static void
put_away(struct source_pg *s, struct member *m)
{
	struct buf b = BUF_INIT;

	source_pg_members_finish(s, m);
	if (m->header->keys_of == 0)
		basis_add(&s->basis, m);
	member_pack(&b, m);
	shelf_put(s->shelf, b.data, b.len);
	buf_release(&b);
	manifest_add(s->base.set, m->header);
	m->header = NULL;
}

/* Those before them may have been planned under the user's search_path. */
static int
describe_some(struct source_pg *s, const unsigned *order, size_t n, struct err *e)
{
	size_t i;
	int rc = path_narrow(&s->path, &s->db, e);

	if (rc == 0)
		rc = read_some(s, order, n, e);
	if (rc == 0)
		rc = add_keys(s, e);
	if (rc == 0)
		rc = source_pg_members_describe(s, s->base.set->n, e);
	if (rc == 0)
		rc = source_pg_members_plan(s, e);
	for (i = 0; rc == 0 && i < s->nsent; i++)
		put_away(s, s->sent[i]);
	source_pg_members_drop(s);
	return rc;
}

int
source_pg_set_describe(struct source_pg *s, struct err *e)
{
	unsigned *order = xcalloc(s->chosen.n, sizeof(*order));
	char id[RUNID_LEN + 1];
	size_t from, n;
	int rc = path_narrow(&s->path, &s->db, e);

	runid_make(id);
	s->base.set = manifest_new(id);
	manifest_expect(s->base.set, s->chosen.n);
	shelf_free(s->shelf);
	s->shelf = shelf_new();
	if (rc == 0)
		rc = order_relations(&s->db, &s->chosen, order, e);
	for (from = 0; rc == 0 && from < s->chosen.n; from += n) {
		n = s->chosen.n - from < AT_ONCE ? s->chosen.n - from : AT_ONCE;
		rc = describe_some(s, order + from, n, e);
	}
	free(order);
	return rc;
}

/* ---- all of them ---- */

static void
take(struct source_pg *s, struct member *m, size_t i)
{
	struct unpack from;

	from.at = shelf_get(s->shelf, i, &from.left);
	member_unpack(m, &from, manifest_copy(s->base.set, i));
}

void
source_pg_set_take(struct source_pg *s, size_t i)
{
	member_release(&s->taken);
	take(s, &s->taken, i);
}

void
source_pg_set_unfold(struct source_pg *s)
{
	const struct manifest *set = s->base.set;
	size_t i;

	source_pg_members_drop(s);
	s->members = xcalloc(set->n, sizeof(*s->members));
	for (i = 0; i < set->n; i++)
		if (set->members[i].keys_of == 0)
			take(s, &s->members[s->n++], i);
}
