/*
 * The table's columns by names as people write them: Order Date is order_date.
 */
#ifndef LOAD_LOOSENAME_H
#define LOAD_LOOSENAME_H

#include <stddef.h>

#include "common/base/ident.h"
#include "common/base/nameindex.h"

struct relation;

struct loosename {
	struct ident_list folded; /* the names of all columns */
	struct nameindex index;   /* of these */
	size_t *other; /* per column: one that folds to the same name, or itself; owned */
};

/*
 * loosename_init(x, rel):
 * Index the columns.  Release with loosename_release(), of zeroed memory as well.
 */
void loosename_init(struct loosename *x, const struct relation *rel);

/*
 * loosename_find(x, name, other):
 * Return the position of the column with this name, without regard to case (of ASCII and
 * Latin-1), blanks, underscores and hyphens; -1: there is none.  ${*other} is the position of
 * a second one, or the same.
 */
int loosename_find(const struct loosename *x, const char *name, int *other);

void loosename_release(struct loosename *x);

/*
 * loosename_look(rel, name):
 * The same without an index, for a message: the position, or -1.
 */
int loosename_look(const struct relation *rel, const char *name);

#endif /* LOAD_LOOSENAME_H */
