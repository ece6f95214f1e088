/*
 * A few bytes for each member; types are the same ones again and again.
 */
#include "extract/pg/basis.h"

#include <stdlib.h>

#include "common/base/xalloc.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "extract/options/options.h"
#include "extract/pg/largeobj.h"
#include "extract/pg/member.h"

#define TYPES_MANY 4096 /* that are not known to be different */

static int
by_oid(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

size_t
basis_types(struct basis *b)
{
	size_t kept = 0, i;

	if (b->ntypes > 0)
		qsort(b->types, b->ntypes, sizeof(*b->types), by_oid);
	for (i = 0; i < b->ntypes; i++)
		if (kept == 0 || b->types[kept - 1] != b->types[i])
			b->types[kept++] = b->types[i];
	b->ntypes = kept;
	return kept;
}

static void
add_types(struct basis *b, const unsigned *types, size_t n)
{
	size_t i;

	if (b->types_room - b->ntypes < n && b->types_room >= TYPES_MANY)
		basis_types(b);
	while (b->types_room - b->ntypes < n) {
		b->types_room = b->types_room > 0 ? 2 * b->types_room : 64;
		b->types = xrealloc(b->types, b->types_room * sizeof(*b->types));
	}
	for (i = 0; i < n; i++)
		b->types[b->ntypes++] = types[i];
}

void
basis_add(struct basis *b, const struct member *m)
{
	bool sequence = m->rel != NULL && member_is_sequence(m);

	if (b->n == b->room) {
		b->room = b->room > 0 ? 2 * b->room : 1;
		b->list = xrealloc(b->list, b->room * sizeof(*b->list));
	}
	b->list[b->n++] = (struct basis_member){
		.oid = m->rel != NULL ? m->rel->oid : 0,
		.leaf = member_leaf(m),
		.sequence = sequence,
		.plain = member_is_plain(m),
		.more = m->rel != NULL && !sequence && member_stands_on_more(m),
		.large = largeobj_may_tell(&m->header->schema),
	};
	add_types(b, m->types, m->header->schema.ncolumns);
	if (m->rows->where != NULL)
		buf_addf(&b->text, " %s", m->rows->where);
}

void
basis_release(struct basis *b)
{
	free(b->list);
	free(b->types);
	buf_release(&b->text);
	*b = (struct basis){.list = NULL};
}
