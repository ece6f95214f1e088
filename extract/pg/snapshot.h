/*
 * Is a snapshot older than what it would be used on?
 */
#ifndef EXTRACT_SNAPSHOT_H
#define EXTRACT_SNAPSHOT_H

struct db;
struct err;

/*
 * snapshot_is_stale(db, select, e):
 * Tell whether a relation that the open transaction has locked came or was
 * rewritten (TRUNCATE, REFRESH) after its snapshot was taken: read by it, the
 * relation would be empty.  ${select} is planned first, for planning locks what
 * parsing and LOCK have not: children, partitions; NULL if there are none.
 * Returns 1 for stale, 0 for good, -1.
 */
int snapshot_is_stale(struct db *db, const char *select, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_SNAPSHOT_H */
