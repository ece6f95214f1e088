/*
 * What the server says of a parsed statement's columns, for the header.
 */
#ifndef EXTRACT_DESCRIBE_H
#define EXTRACT_DESCRIBE_H

#include <libpq-fe.h>
#include <stdbool.h>

struct db;
struct err;
struct schema;

/*
 * describe_columns(db, described, is_table, schema, types, e):
 * Append the columns of ${described}, db_describe()'s result, to ${schema}, and
 * fill ${types} with as many type OIDs.  ${is_table} says that the rows are one
 * relation's own: only then do domains and NOT NULL hold for them, for an outer
 * join in a query makes NULLs.  search_path must be pg_catalog.
 */
int describe_columns(struct db *db, const PGresult *described, bool is_table,
		     struct schema *schema, unsigned *types, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_DESCRIBE_H */
