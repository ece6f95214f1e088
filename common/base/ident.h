/*
 * Names as people type them: folded to lower case unless quoted, as in SQL
 * (PostgreSQL manual, "Identifiers and Key Words"); lists parted by commas.
 * More forgiving than SQL in one point: an unquoted name may hold any character
 * that does not part names.
 */
#ifndef COMMON_IDENT_H
#define COMMON_IDENT_H

#include <stddef.h>

struct buf;
struct err;

/* A list of names; strings and array are owned. */
struct ident_list {
	char **names;
	size_t n;
};

/*
 * ident_parse_qualified(text, schema, name, e):
 * Parse [SCHEMA.]NAME.  ${*schema} is NULL where none is given; the caller
 * frees both.  Failure fills ${e} with EXIT_USAGE.
 */
int ident_parse_qualified(const char *text, char **schema, char **name, struct err *e)
	__attribute__((warn_unused_result));

/*
 * ident_parse_list(text, list, e):
 * Append the names in "a, b, \"C d\"" to ${list}; those of a CSV file or an NDJSON
 * stream may be of any length.
 */
int ident_parse_list(const char *text, struct ident_list *list, struct err *e)
	__attribute__((warn_unused_result));

/*
 * ident_add_quoted(sql, name), ident_add_literal(sql, text):
 * Append an identifier or a string constant to ${sql}, quoted as PQescapeIdentifier() and
 * PQescapeLiteral() do it where client_encoding is UTF8, under every setting of the
 * server's.  Text that is not UTF-8 goes in as it is: the server checks a whole statement
 * before it looks for quotes in it, and refuses it.
 */
void ident_add_quoted(struct buf *sql, const char *name);
void ident_add_literal(struct buf *sql, const char *text);

/*
 * ident_typed(name):
 * Return ${name} as it has to be typed to mean exactly that, in double quotes
 * if need be; the caller frees it.
 */
char *ident_typed(const char *name);

/*
 * ident_keep_case(text):
 * Return the text with every name in it quoted that is not yet, so that none
 * is folded; the caller frees it.
 */
char *ident_keep_case(const char *text) __attribute__((returns_nonnull));

/*
 * ident_schema_len(type):
 * Return how many bytes of a type as format_type() writes it are its schema with the
 * dot; 0 where there is none.
 */
size_t ident_schema_len(const char *type);

/*
 * ident_add_type(sql, type):
 * Append a type as format_type() writes it while search_path is pg_catalog, so that
 * it is that one under every search_path.
 */
void ident_add_type(struct buf *sql, const char *type);

/*
 * ident_list_add(list, name):
 * Append a copy of ${name}.
 */
void ident_list_add(struct ident_list *list, const char *name);

/*
 * ident_list_has(list, name):
 * Tell whether ${name} is in the list.
 */
int ident_list_has(const struct ident_list *list, const char *name);

/*
 * ident_list_release(list):
 * Free the names.
 */
void ident_list_release(struct ident_list *list);

#endif /* COMMON_IDENT_H */
