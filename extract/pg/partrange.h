/*
 * Which rows of its relation a part has, as SQL.
 */
#ifndef EXTRACT_PARTRANGE_H
#define EXTRACT_PARTRANGE_H

struct db;
struct err;
struct partplan_part;
struct relation;

/*
 * partrange_condition(part, rel, db, range, e):
 * Store in ${*range} the condition on rows of ${rel} that makes the part, under whatever
 * search_path, for the caller to free; NULL: all.  search_path must be pg_catalog.  A column
 * that is not there or a range that ends before it begins fills ${e}.
 */
int partrange_condition(const struct partplan_part *part, const struct relation *rel,
			struct db *db, char **range, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_PARTRANGE_H */
