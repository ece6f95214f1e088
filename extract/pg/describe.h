/*
 * What the server says of a parsed statement's columns, for the header.
 */
#ifndef EXTRACT_DESCRIBE_H
#define EXTRACT_DESCRIBE_H

#include <libpq-fe.h>

struct db;
struct err;
struct relation;
struct schema;

/*
 * describe_columns(db, described, rel, schema, types, e):
 * Append the columns of ${described}, db_describe()'s result, to ${schema}, and
 * fill ${types} with as many type OIDs.  ${rel} is the relation whose own rows
 * these are, or NULL: only of such rows are domains and NOT NULL true, for an
 * outer join in a query makes NULLs.  search_path must be pg_catalog.  Returns 1 if
 * the catalog of this snapshot does not know what the statement reads: it was made or
 * altered meanwhile.
 */
int describe_columns(struct db *db, const PGresult *described, const struct relation *rel,
		     struct schema *schema, unsigned *types, struct err *e)
	__attribute__((warn_unused_result));

/*
 * describe_relation(rel, schema, types):
 * The same for all columns of ${rel}, of which nothing has been parsed.
 */
void describe_relation(const struct relation *rel, struct schema *schema, unsigned *types);

#endif /* EXTRACT_DESCRIBE_H */
