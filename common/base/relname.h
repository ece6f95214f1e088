/*
 * The name of a relation: a schema and a name in it, exact, as the catalog has them.
 */
#ifndef COMMON_RELNAME_H
#define COMMON_RELNAME_H

#include <stdbool.h>

struct buf;
struct err;

/* Strings are intern()'s, so that many of the same relation cost nothing. */
struct relname {
	const char *schema; /* NULL: what search_path finds, or there is none */
	const char *name;   /* NULL: no relation is named */
};

#define RELNAME_INIT ((struct relname){.schema = NULL})

/*
 * relname_set(r, schema, name):
 * Make ${r} hold both (either may be NULL), in place of what it held.
 */
void relname_set(struct relname *r, const char *schema, const char *name);

/*
 * relname_parse(text, r, e):
 * The same with what ident_parse_qualified() makes of ${text}; failure as there.
 */
int relname_parse(const char *text, struct relname *r, struct err *e)
	__attribute__((warn_unused_result));

/*
 * relname_equal(a, b):
 * Tell whether both say the same; no schema equals no schema only.
 */
bool relname_equal(const struct relname *a, const struct relname *b);

/*
 * relname_means(named, relation):
 * Tell whether a name as people write it means ${relation}: without a schema it means each
 * that is called so.
 */
bool relname_means(const struct relname *named, const struct relname *relation);

/*
 * relname_text(r):
 * Return "schema.name" as people read it, for the caller to free; "name" where there is no
 * schema or none with a name.
 */
char *relname_text(const struct relname *r) __attribute__((returns_nonnull));

/*
 * relname_add_quoted(r, sql):
 * Append the name to ${sql} as SQL takes it, qualified where there is a schema.
 */
void relname_add_quoted(const struct relname *r, struct buf *sql);

#endif /* COMMON_RELNAME_H */
