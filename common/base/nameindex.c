/*
 * A hash table with open addressing.  Its hash can be made to collide by whoever chooses the
 * names; that costs what no index would, and no more.
 */
#include "common/base/nameindex.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/base/xalloc.h"

#define SLOTS_LEAST 8

static bool
is(const char *name, const char *bytes, size_t len)
{
	return strlen(name) == len && memcmp(name, bytes, len) == 0;
}

/* The slot where the name is, or would be. */
static size_t
slot_of(const struct nameindex *x, const char *name, size_t len)
{
	size_t i = XXH3_64bits(name, len) & (x->nslots - 1);

	while (x->slots[i] != 0 && !is(x->names[x->slots[i] - 1], name, len))
		i = (i + 1) & (x->nslots - 1);
	return i;
}

/* An equal name that came before keeps the slot. */
static int
take_slot(struct nameindex *x, size_t number)
{
	const char *name = x->names[number];
	size_t *slot = &x->slots[slot_of(x, name, strlen(name))];

	if (*slot != 0)
		return (int)*slot - 1;
	*slot = number + 1;
	return -1;
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
		take_slot(x, i);
}

int
nameindex_add(struct nameindex *x, const char *name)
{
	if (2 * (x->n + 1) > x->nslots)
		grow(x);
	x->names[x->n++] = name;
	return take_slot(x, x->n - 1);
}

int
nameindex_find_bytes(const struct nameindex *x, const char *name, size_t len)
{
	return x->nslots > 0 ? (int)x->slots[slot_of(x, name, len)] - 1 : -1;
}

int
nameindex_find(const struct nameindex *x, const char *name)
{
	return nameindex_find_bytes(x, name, strlen(name));
}

void
nameindex_release(struct nameindex *x)
{
	free(x->names);
	free(x->slots);
	*x = NAMEINDEX_INIT;
}
