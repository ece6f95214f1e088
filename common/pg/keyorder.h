/*
 * The order of rows that is the same on every server: that of a key's columns, one after the
 * other, ascending, strings by the bytes of their UTF-8.
 */
#ifndef COMMON_KEYORDER_H
#define COMMON_KEYORDER_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct db;
struct relation;

/*
 * keyorder_add(rel, columns, n, db, sql):
 * Append " ORDER BY " and what puts the rows of ${rel} in the order of ${n} of its columns,
 * none of which may be NULL.  An index under the collation "C" serves it, and where no string
 * is among them any other as well; but where the encoding of the database of ${db} is not
 * UTF8, strings are converted first.
 */
void keyorder_add(const struct relation *rel, const char *const *columns, size_t n,
		  const struct db *db, struct buf *sql);

#endif /* COMMON_KEYORDER_H */
