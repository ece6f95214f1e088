/*
 * Rows that change between two parts get a new xmin, and come again.  Rows that only move do
 * not: a rewrite (VACUUM FULL, CLUSTER) takes old rows from blocks that are still to be read
 * to blocks that have been, a partition may be exchanged for another.  So a part says in what
 * file its rows were, and what parts of one partition, or of a relation without any, do not
 * agree on is not known at all.
 */
#include "extract/pg/partpos.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/schema/position.h"

char *
partpos_value(const struct partplan *plan, size_t number, uint64_t files)
{
	return xasprintf("%016" PRIx64 " %zu %s", files, number, plan->id);
}

char *
partpos_next(const char *word, const struct partplan *plan, size_t number, struct err *e)
{
	struct position p = {.leaves = NULL};
	char *next = NULL;

	if (position_parse(&p, word, strlen(word), e) == 0) {
		uint64_t files = strtoull(p.value, NULL, 16);

		free(p.value);
		p.value = partpos_value(plan, number, files);
		next = position_word(&p);
	}
	position_release(&p);
	return next;
}

/* ---- which part a word is of ---- */

/* Its number, 0: it is of no part of the run. */
static size_t
number_of(const struct partplan *plan, const struct position *word)
{
	const char *at = word->value != NULL ? strchr(word->value, ' ') : NULL;
	unsigned long number;
	char *end;

	if (word->kind != POSITION_XMIN || at == NULL)
		return 0;
	number = strtoul(at + 1, &end, 10);
	if (*end != ' ' || strcmp(end + 1, plan->id) != 0 || number > plan->nparts)
		return 0;
	return number;
}

/* By part, each once, in ${of}. */
static int
sort_words(const struct partplan *plan, const struct position *words, size_t n,
	   const struct position **of, struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		size_t number = number_of(plan, &words[i]);

		if (number == 0)
			return err_usage(
				e, "since",
				"--since: word %zu is no position of a part of this plan",
				i + 1);
		if (of[number - 1] != NULL)
			return err_usage(e, "since", "--since has two positions of part %zu",
					 number);
		of[number - 1] = &words[i];
	}
	for (i = 0; i < plan->nparts; i++)
		if (of[i] == NULL &&
		    !partplan_is_sequence(partplan_relation_of(plan, &plan->parts[i])))
			return err_usage(e, "since",
					 "--since has no position of part %zu of %zu", i + 1,
					 plan->nparts);
	return 0;
}

/* ---- what parts agree on ---- */

static bool
is_of_same_relation(const struct position *a, const struct position *b)
{
	return a->system == b->system && a->database == b->database &&
	       a->timeline == b->timeline && a->relation == b->relation &&
	       a->natts == b->natts && a->columns == b->columns && a->rows == b->rows &&
	       a->made == b->made;
}

/* Have both read the same files? */
static bool
is_of_same_files(const struct position *a, const struct position *b)
{
	return a->nleaves == b->nleaves && strncmp(a->value, b->value, 16) == 0 &&
	       (a->nleaves == 0 ||
		memcmp(a->leaves, b->leaves, a->nleaves * sizeof(*a->leaves)) == 0);
}

/* A relation's parts that are put together. */
struct merging {
	const struct partplan *plan;
	const struct position *const *of; /* by part */
	size_t relation;                  /* its number */
	struct position all;
};

/* Do all parts of the leaf that part ${i} is of agree with it? */
static bool
is_agreed(const struct merging *m, size_t i)
{
	const struct partplan_part *p = m->plan->parts;
	size_t j;

	for (j = 0; j < m->plan->nparts; j++)
		if (p[j].relation == m->relation && relname_equal(&p[j].leaf, &p[i].leaf) &&
		    !is_of_same_files(m->of[j], m->of[i]))
			return false;
	return true;
}

static int
by_oid(const void *a, const void *b)
{
	const struct position_leaf *x = a, *y = b;

	return (x->oid > y->oid) - (x->oid < y->oid);
}

static void
add_leaves(struct position *all, const struct position *from)
{
	const struct position_leaf itself = {from->relation, from->natts};
	const struct position_leaf *leaves = from->nleaves > 0 ? from->leaves : &itself;
	size_t n = from->nleaves > 0 ? from->nleaves : 1;

	all->leaves = xrealloc(all->leaves, (all->nleaves + n) * sizeof(*all->leaves));
	memcpy(all->leaves + all->nleaves, leaves, n * sizeof(*leaves));
	all->nleaves += n;
}

static void
sort_leaves(struct position *all)
{
	size_t i, kept = 0;

	qsort(all->leaves, all->nleaves, sizeof(*all->leaves), by_oid);
	for (i = 0; i < all->nleaves; i++)
		if (kept == 0 || all->leaves[kept - 1].oid != all->leaves[i].oid)
			all->leaves[kept++] = all->leaves[i];
	all->nleaves = kept;
}

/* The first part of its leaf, which all of them are compared with. */
static bool
is_first_of_leaf(const struct partplan *plan, size_t i)
{
	const struct partplan_part *p = plan->parts;
	size_t j = 0;

	while (p[j].relation != p[i].relation || !relname_equal(&p[j].leaf, &p[i].leaf))
		j++;
	return j == i;
}

/* False: nothing is known of it as a whole. */
static bool
merge_relation(struct merging *m)
{
	const struct position *first = NULL, *one;
	size_t i;

	for (i = 0; i < m->plan->nparts; i++) {
		if (m->plan->parts[i].relation != m->relation)
			continue;
		one = m->of[i];
		if (one == NULL) /* a sequence's */
			return false;
		if (first == NULL) {
			first = one;
			m->all = *one;
			m->all.leaves = NULL;
			m->all.nleaves = 0;
			m->all.value = xstrdup(one->value);
		}
		if (!is_of_same_relation(first, one))
			return false;
		if (one->xid < m->all.xid)
			m->all.xid = one->xid;
		if (is_first_of_leaf(m->plan, i) && is_agreed(m, i))
			add_leaves(&m->all, one);
	}
	if (m->all.nleaves == 0)
		return false;
	sort_leaves(&m->all);
	return true;
}

int
partpos_merge(const struct partplan *plan, struct position *words, size_t *n, struct err *e)
{
	const struct position **of = xcalloc(plan->nparts, sizeof(void *));
	struct position *merged = xcalloc(plan->nrelations, sizeof(*merged));
	struct merging m = {.plan = plan, .of = of};
	size_t nmerged = 0, i;
	int rc = sort_words(plan, words, *n, of, e);

	for (m.relation = 1; rc == 0 && m.relation <= plan->nrelations; m.relation++) {
		m.all = (struct position){.leaves = NULL};
		if (merge_relation(&m))
			merged[nmerged++] = m.all;
		else
			position_release(&m.all);
	}
	for (i = 0; rc == 0 && i < *n; i++)
		position_release(&words[i]);
	if (rc == 0) {
		memcpy(words, merged, nmerged * sizeof(*merged)); /* no more than there were */
		*n = nmerged;
	}
	free(merged);
	free(of);
	return rc;
}
