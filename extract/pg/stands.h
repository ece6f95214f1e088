/*
 * What a statement stands on that no lock of ours holds: functions, types, labels,
 * foreign servers, and relations that were locked only after the snapshot was taken.
 * Asked for under the snapshot and again by the newest, and compared (README).
 */
#ifndef EXTRACT_STANDS_H
#define EXTRACT_STANDS_H

#include <libpq-fe.h>
#include <stddef.h>

#include "extract/pg/reads.h"

struct db;
struct err;

/*
 * stands_read(db, text, reads, locked, reach, types, ntypes, e):
 * Return the versions of all that a statement with the user's ${text} (NULL: none)
 * stands on that reads ${reads}, of which reads_lock(locked, reach) has locked some,
 * and yields ${types}; for stands_changed() and PQclear().  search_path must be
 * pg_catalog, jit off.  NULL with ${e} filled on failure.
 */
PGresult *stands_read(struct db *db, const char *text, const struct reads *reads,
		      const struct reads *locked, enum reads_reach reach, const unsigned *types,
		      size_t ntypes, struct err *e) __attribute__((warn_unused_result));

/*
 * stands_tables(db, reads, e):
 * The same of plain tables, whose rows stand on nothing else: an answer that costs next to
 * nothing.
 */
PGresult *stands_tables(struct db *db, const struct reads *reads, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stands_changed(before, now):
 * Return what of ${before} is no longer so, or NULL.  The text is the result's.
 */
const char *stands_changed(const PGresult *before, const PGresult *now);

#endif /* EXTRACT_STANDS_H */
