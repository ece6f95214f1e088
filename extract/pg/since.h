/*
 * Positions: how far each member is read, and what --since leaves of it (portl-incremental(7)).
 */
#ifndef EXTRACT_SINCE_H
#define EXTRACT_SINCE_H

#include <stddef.h>

#include "extract/pg/path.h"

struct db;
struct err;
struct extract_options;
struct member;
struct sincefacts;

/*
 * since_apply(db, path, members, n, options, wal, e):
 * Under the snapshot, with the members described and search_path pg_catalog: give each header
 * its position, or the reason why it has none, and narrow the members that --since has a
 * word for to what changed.  A word that cannot be gone on from fills ${e} (EXIT_TARGET).
 * ${*wal}, freed before, becomes what durable_wait() has to see for the positions to be true,
 * for the caller to free; where none was made it stays what it is.
 *
 * since_apply_known(db, path, m, options, facts, known, wal, e):
 * The same of a part, with what was asked of its relation before under the same snapshot, or,
 * unless it is ${known}, fills ${facts} for others; sincefacts_release().
 */
int since_apply(struct db *db, struct path *path, struct member *members, size_t n,
		const struct extract_options *options, char **wal, struct err *e)
	__attribute__((warn_unused_result));
int since_apply_known(struct db *db, struct path *path, struct member *m,
		      const struct extract_options *options, struct sincefacts *facts,
		      bool known, char **wal, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_SINCE_H */
