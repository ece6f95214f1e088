/*
 * What a stream's rows are: the relation they come from, its columns, their types and
 * its primary key.  What the stream is beyond that (its run, its form) is header.h's.
 */
#ifndef COMMON_SCHEMA_H
#define COMMON_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/ident.h"
#include "common/base/nameindex.h"
#include "common/base/relname.h"

struct err;

#define SCHEMA_COLUMNS_MAX 0x7fff /* a tuple of COPY binary counts its fields in 16 bits */

/* One column of the stream; strings are intern()'s and UTF-8. */
struct schema_column {
	const char *name;
	const char *type;      /* as format_type() says, with modifiers: "numeric(10,2)" */
	const char *base;      /* the same without modifiers: the type's identity */
	const char *collation; /* qualified, or NULL for the type's own */
	bool not_null;
	bool generated; /* GENERATED ALWAYS AS (…) STORED at the source */
	bool inferred; /* the type is a guess from the first rows, which later ones may belie */
};

struct schema {
	struct relname relation; /* no name: a query or a file */
	struct schema_column *columns;
	size_t ncolumns;
	struct nameindex names;   /* of the columns */
	json_t *types;            /* object: type name → what it is made of; never NULL */
	const char **primary_key; /* column names, intern()'s */
	size_t nprimary_key;
	struct ident_list
		beside; /* bare NDJSON: columns that the target has and no row may have */
};

/*
 * schema_init(s), schema_release(s):
 * Begin without a relation and without columns; free what is in it.
 */
void schema_init(struct schema *s);
void schema_release(struct schema *s);

/*
 * schema_copy(s, from):
 * Fill ${s}, which holds nothing yet, with copies of all that ${from} says.
 */
void schema_copy(struct schema *s, const struct schema *from);

/*
 * schema_room(ncolumns):
 * Return for how many columns there is room in an array of so many.
 */
size_t schema_room(size_t ncolumns);

/*
 * schema_add_column(s, name, type, base):
 * Append a column with copies of the strings; ${base} NULL means ${type}.
 * The returned pointer is valid until the next call.
 */
struct schema_column *schema_add_column(struct schema *s, const char *name, const char *type,
					const char *base);

/*
 * schema_add_key(s, name):
 * Append ${name} to the primary key's columns.
 */
void schema_add_key(struct schema *s, const char *name);

/*
 * schema_find(s, name):
 * Return the position of the column called exactly ${name}, the first of several, or -1.
 */
int schema_find(const struct schema *s, const char *name);

/*
 * schema_put_json(s, doc):
 * Set the members "relation", "columns", "types" and "primary_key" of ${doc}.  Returns 0,
 * or -1 if a name is not valid UTF-8.
 */
int schema_put_json(const struct schema *s, json_t *doc) __attribute__((warn_unused_result));

/*
 * schema_take_json(s, doc, e):
 * Fill the empty ${s} from these members of ${doc}, which stays the caller's.  Returns 0, or
 * -1 with ${e} (EXIT_STREAM) filled if one is missing or misshapen.
 */
int schema_take_json(struct schema *s, const json_t *doc, struct err *e)
	__attribute__((warn_unused_result));

/*
 * schema_names_json(s):
 * Return the columns' names and types for a log or a list, whatever bytes they are, for the
 * caller to json_decref().
 */
json_t *schema_names_json(const struct schema *s);

/*
 * schema_damaged(e, what):
 * Say that the header document is damaged, and how.  Returns -1.
 */
int schema_damaged(struct err *e, const char *what);

#endif /* COMMON_SCHEMA_H */
