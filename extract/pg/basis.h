/*
 * What the rows of all members stand on, as far as it has to be compared when the last of them
 * is here; the members themselves are not kept so long.
 */
#ifndef EXTRACT_BASIS_H
#define EXTRACT_BASIS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

struct member;

struct basis_member {
	unsigned oid;  /* of the relation, 0: a query */
	unsigned leaf; /* of the partition that is read in its place, or 0 */
	bool sequence;
	bool plain; /* see member_is_plain() */
	bool more;  /* see member_stands_on_more(); not of a query's */
	bool large; /* largeobj_may_tell() */
};

struct basis {
	struct basis_member *list; /* in the order of the set, without the members of keys */
	size_t n, room;
	unsigned *types; /* of all columns, once basis_types() has been asked */
	size_t ntypes, types_room;
	struct buf text; /* the user's conditions */
};

/*
 * basis_add(b, m):
 * Append what a member stands on that is described.
 */
void basis_add(struct basis *b, const struct member *m);

/*
 * basis_types(b):
 * Have each type once, and return how many there are.
 */
size_t basis_types(struct basis *b);

/*
 * basis_release(b):
 * Forget all; it may be used again.
 */
void basis_release(struct basis *b);

#endif /* EXTRACT_BASIS_H */
