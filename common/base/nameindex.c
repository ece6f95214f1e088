/*
 * A hash table with open addressing.  Its hash (FNV-1a) can be made to collide by whoever
 * chooses the names; that costs what no index would, and no more.
 */
#include "common/base/nameindex.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/xalloc.h"

#define SLOTS_LEAST 64

/* The slot where the name is, or would be. */
static size_t
slot_of(const struct nameindex *x, const char *name)
{
	uint64_t hash = 14695981039346656037u;
	const char *p;
	size_t i;

	for (p = name; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	i = (size_t)(hash ^ (hash >> 32)) & (x->nslots - 1);
	while (x->slots[i] != 0 && strcmp(x->names[x->slots[i] - 1], name) != 0)
		i = (i + 1) & (x->nslots - 1);
	return i;
}

static void
grow(struct nameindex *x)
{
	size_t i;

	free(x->slots);
	x->nslots = x->nslots > 0 ? 2 * x->nslots : SLOTS_LEAST;
	x->slots = xcalloc(x->nslots, sizeof(*x->slots));
	x->names = xrealloc(x->names, x->nslots / 2 * sizeof(*x->names));
	for (i = 0; i < x->n; i++)
		x->slots[slot_of(x, x->names[i])] = i + 1;
}

int
nameindex_add(struct nameindex *x, const char *name)
{
	size_t slot;

	if (2 * (x->n + 1) > x->nslots)
		grow(x);
	slot = slot_of(x, name);
	if (x->slots[slot] != 0)
		return (int)x->slots[slot] - 1;
	x->names[x->n++] = name;
	x->slots[slot] = x->n;
	return -1;
}

int
nameindex_find(const struct nameindex *x, const char *name)
{
	return x->nslots > 0 ? (int)x->slots[slot_of(x, name)] - 1 : -1;
}

void
nameindex_release(struct nameindex *x)
{
	free(x->names);
	free(x->slots);
	*x = NAMEINDEX_INIT;
}
