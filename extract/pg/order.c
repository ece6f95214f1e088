/*
 * Circles are the strongly connected components of the graph of foreign keys, which Tarjan's
 * algorithm yields one after the other, each behind all that it leads to (R. Tarjan,
 * "Depth-First Search and Linear Graph Algorithms", 1972).  The stack of calls is an array:
 * chains of keys may be as long as there are tables.
 */
#include "extract/pg/order.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "extract/pg/choose.h"

/* A partition's keys are its table's. */
static const char keys_sql[] =
	"SELECT coalesce(pg_partition_root(conrelid), conrelid)::oid,"
	" coalesce(pg_partition_root(confrelid), confrelid)::oid"
	" FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid";

struct node {
	const struct choose_relation *rel;
	size_t *parents; /* numbers of nodes; owned */
	size_t nparents;
	size_t next;  /* parent to be looked at */
	size_t index; /* when it was reached, from 1; 0: not yet */
	size_t low;   /* the earliest that it leads back to */
	bool pending; /* reached, and its component is not known yet */
};

struct graph {
	struct node *nodes; /* by name */
	const struct choose_list *list;
	size_t n, reached;
	size_t *calls, ncalls;     /* the path from the root of the search */
	size_t *pending, npending; /* nodes whose components are not known yet */
};

static int
by_name(const void *a, const void *b)
{
	const struct choose_relation *x = ((const struct node *)a)->rel;
	const struct choose_relation *y = ((const struct node *)b)->rel;
	int rc = strcmp(x->id.schema, y->id.schema);

	return rc != 0 ? rc : strcmp(x->id.name, y->id.name);
}

static int
by_number(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Where the relation with the OID is in the list, or -1. */
static ssize_t
place_of(const struct choose_list *list, unsigned oid)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (list->rels[at].oid == oid)
			return (ssize_t)at;
		if (list->rels[at].oid < oid)
			low = at + 1;
		else
			high = at;
	}
	return -1;
}

static void
add_parent(struct node *node, size_t parent)
{
	if ((node->nparents & (node->nparents - 1)) == 0) /* the room is a power of two */
		node->parents = xrealloc(node->parents,
					 (node->nparents > 0 ? 2 * node->nparents : 1) *
						 sizeof(*node->parents));
	node->parents[node->nparents++] = parent;
}

/* ${where}[i]: the node of relation i. */
static void
add_keys(struct graph *g, const size_t *where, const PGresult *res)
{
	int row;

	for (row = 0; row < PQntuples(res); row++) {
		ssize_t child = place_of(g->list,
					 (unsigned)strtoul(PQgetvalue(res, row, 0), NULL, 10));
		ssize_t parent = place_of(g->list,
					  (unsigned)strtoul(PQgetvalue(res, row, 1), NULL, 10));

		if (child >= 0 && parent >= 0 && child != parent)
			add_parent(&g->nodes[where[child]], where[parent]);
	}
}

static void
make_nodes(struct graph *g, const struct choose_list *list, const PGresult *keys)
{
	size_t n = list->n, *where = xcalloc(n, sizeof(*where)), i;

	*g = (struct graph){.list = list, .n = n};
	g->nodes = xcalloc(n, sizeof(*g->nodes));
	g->calls = xcalloc(n, sizeof(*g->calls));
	g->pending = xcalloc(n, sizeof(*g->pending));
	for (i = 0; i < n; i++)
		g->nodes[i].rel = &list->rels[i];
	if (n > 0)
		qsort(g->nodes, n, sizeof(*g->nodes), by_name);
	for (i = 0; i < n; i++) {
		where[g->nodes[i].rel - list->rels] = i;
	}
	add_keys(g, where, keys);
	for (i = 0; i < n; i++)
		if (g->nodes[i].nparents > 1)
			qsort(g->nodes[i].parents, g->nodes[i].nparents, sizeof(size_t),
			      by_number);
	free(where);
}

static void
enter(struct graph *g, size_t at)
{
	struct node *node = &g->nodes[at];

	node->index = node->low = ++g->reached;
	node->pending = true;
	g->calls[g->ncalls++] = at;
	g->pending[g->npending++] = at;
}

/* All that ${at} leads to has been seen; if it leads to nothing earlier, a component is. */
static size_t
leave(struct graph *g, size_t at, unsigned *out)
{
	size_t from = g->npending, i;

	g->ncalls--;
	if (g->ncalls > 0) {
		struct node *caller = &g->nodes[g->calls[g->ncalls - 1]];

		if (g->nodes[at].low < caller->low)
			caller->low = g->nodes[at].low;
	}
	if (g->nodes[at].low != g->nodes[at].index)
		return 0;
	do
		g->nodes[g->pending[--from]].pending = false;
	while (g->pending[from] != at);
	qsort(g->pending + from, g->npending - from, sizeof(size_t), by_number);
	for (i = from; i < g->npending; i++)
		out[i - from] = (unsigned)(g->nodes[g->pending[i]].rel - g->list->rels);
	i -= from;
	g->npending = from;
	return i;
}

static void
walk(struct graph *g, unsigned *out)
{
	size_t root, done = 0;

	for (root = 0; root < g->n; root++) {
		if (g->nodes[root].index == 0)
			enter(g, root);
		while (g->ncalls > 0) {
			size_t at = g->calls[g->ncalls - 1];
			struct node *node = &g->nodes[at], *parent;

			if (node->next == node->nparents) {
				done += leave(g, at, out + done);
				continue;
			}
			parent = &g->nodes[node->parents[node->next]];
			if (parent->index == 0)
				enter(g, node->parents[node->next]);
			else if (parent->pending && parent->index < node->low)
				node->low = parent->index;
			node->next++;
		}
	}
}

int
order_relations(struct db *db, const struct choose_list *list, unsigned *order, struct err *e)
{
	PGresult *keys = db_query(db, e, keys_sql, 0, NULL);
	struct graph g;
	size_t i;

	if (keys == NULL)
		return -1;
	make_nodes(&g, list, keys);
	walk(&g, order);
	for (i = 0; i < g.n; i++)
		free(g.nodes[i].parents);
	free(g.nodes);
	free(g.calls);
	free(g.pending);
	PQclear(keys);
	return 0;
}
