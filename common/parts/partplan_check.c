/*
 * A plan that was written by hand, or edited, must not leave rows out in silence: the parts
 * of a relation, or of each of its partitions, are one whole, or ranges that begin where
 * another one ends.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan_parts.h"

static int
compare_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int
compare_leaf(const struct partplan_part *a, const struct partplan_part *b)
{
	int order = (a->relation > b->relation) - (a->relation < b->relation);

	if (order == 0)
		order = compare_text(a->leaf.schema, b->leaf.schema);
	return order != 0 ? order : compare_text(a->leaf.name, b->leaf.name);
}

/* Parts of one leaf together, its blocks ascending. */
static int
by_leaf(const void *a, const void *b)
{
	const struct partplan_part *p = *(const struct partplan_part *const *)a;
	const struct partplan_part *q = *(const struct partplan_part *const *)b;
	int order = compare_leaf(p, q);

	if (order == 0)
		order = (p->from_block > q->from_block) - (p->from_block < q->from_block);
	return order != 0 ? order : compare_text(p->from, q->from);
}

static int
gap(const struct partplan *plan, const struct partplan_part *p, struct err *e)
{
	char *name = relname_text(p->leaf.name != NULL ? &p->leaf
						       : &partplan_relation_of(plan, p)->id);

	err_set(e, EXIT_JOBFILE, "the parts of %s leave rows out or repeat them (part %zu)",
		name, (size_t)(p - plan->parts) + 1);
	free(name);
	return -1;
}

static int
check_blocks(const struct partplan *plan, const struct partplan_part *const *p, size_t n,
	     struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int64_t next = i + 1 < n ? p[i + 1]->from_block : -1;

		if (p[i]->column != NULL || p[i]->to_block != next ||
		    (i == 0 && p[i]->from_block != 0))
			return gap(plan, p[i], e);
	}
	return 0;
}

/* The part that begins where ${to} ends the one before, which is the first for NULL. */
static const struct partplan_part *
that_begins(const struct partplan_part *const *p, size_t n, const char *from)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (compare_text(p[at]->from, from) < 0)
			low = at + 1;
		else
			high = at;
	}
	return low < n && compare_text(p[low]->from, from) == 0 ? p[low] : NULL;
}

/* How values are ordered is the server's to know: here they are a chain. */
static int
check_column(const struct partplan *plan, const struct partplan_part *const *p, size_t n,
	     struct err *e)
{
	const struct partplan_part *one = that_begins(p, n, NULL);
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i]->column == NULL || p[i]->from_block >= 0 ||
		    strcmp(p[i]->column, p[0]->column) != 0 ||
		    (i > 0 && compare_text(p[i]->from, p[i - 1]->from) == 0))
			return gap(plan, p[i], e);
	for (i = 1; one != NULL && one->to != NULL && i < n; i++)
		one = that_begins(p, n, one->to);
	return one == NULL || one->to != NULL || i < n ? gap(plan, p[0], e) : 0;
}

/* Those of one relation or leaf. */
static int
check_run(const struct partplan *plan, const struct partplan_part *const *p, size_t n,
	  struct err *e)
{
	if (p[0]->from_block >= 0)
		return check_blocks(plan, p, n, e);
	if (p[0]->column != NULL)
		return check_column(plan, p, n, e);
	return n > 1 ? gap(plan, p[1], e) : 0;
}

int
partplan_check(const struct partplan *plan, struct err *e)
{
	const struct partplan_part **p = xcalloc(plan->nparts, sizeof(void *));
	size_t i, n, relation = 0;
	int rc = 0;

	for (i = 0; i < plan->nparts; i++)
		p[i] = &plan->parts[i];
	if (plan->nparts > 0)
		qsort(p, plan->nparts, sizeof(void *), by_leaf);
	for (i = 0; rc == 0 && i < plan->nparts; i += n) {
		for (n = 1; i + n < plan->nparts && compare_leaf(p[i], p[i + n]) == 0;)
			n++;
		/* the relation itself comes before its leaves, and not with them */
		if (p[i]->relation == relation && p[i - 1]->leaf.name == NULL)
			rc = gap(plan, p[i], e);
		else if (p[i]->relation != relation && p[i]->relation != ++relation)
			rc = err_set(e, EXIT_JOBFILE, "relation %zu has no part", relation);
		else
			rc = check_run(plan, p + i, n, e);
	}
	if (rc == 0 && relation != plan->nrelations)
		rc = err_set(e, EXIT_JOBFILE, "relation %zu has no part", relation + 1);
	free(p);
	return rc;
}
