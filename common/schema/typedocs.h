/*
 * What user-defined types are made of, for the header's `types`, and whether
 * values of a type mean the same elsewhere in binary form.
 */
#ifndef COMMON_TYPEDOCS_H
#define COMMON_TYPEDOCS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What the types of some columns need on their journey. */
struct typedocs {
	json_t *types;     /* object: name without modifiers → document; owned */
	char *text_only;   /* why binary values would not do, or NULL; owned */
	char *search_path; /* the type whose text depends on search_path, or NULL */
	bool roles;        /* a type's text has names of roles */
	char *refused;     /* why these types cannot travel at all, or NULL */
};

/*
 * typedocs_release(docs):
 * Free what typeread_docs() has filled.
 */
void typedocs_release(struct typedocs *docs);

/*
 * typedocs_unwrap(types, base):
 * Follow domains down to the type whose bytes travel.  The result belongs to
 * ${types} or is ${base}.
 */
const char *typedocs_unwrap(const json_t *types, const char *base);

/*
 * typedocs_modified(types, base, type):
 * The same with modifiers: ${type} is what ${base} is with its own.  The result
 * belongs to ${types} or is ${type}.
 */
const char *typedocs_modified(const json_t *types, const char *base, const char *type);

/*
 * typedocs_same_bytes(a_types, a, b_types, b):
 * Compare two types (names without modifiers) with all that they are made of.
 * Returns NULL if a binary value of the one is read as the same value by the
 * other, else the reason why not, for the caller to free.
 */
char *typedocs_same_bytes(const json_t *a_types, const char *a, const json_t *b_types,
			  const char *b);

/*
 * typedocs_same_fields(a_types, a, b_types, b):
 * The same for values in text form.  Input functions read names, numbers and
 * labels for themselves; only composite values are fields in an order that
 * nothing in the text tells.
 */
char *typedocs_same_fields(const json_t *a_types, const char *a, const json_t *b_types,
			   const char *b);

/*
 * typedocs_kind(types, base):
 * Return the kind of a type as its document names it ("enum"), or "" for the
 * types in pg_catalog.  The result belongs to ${types}.
 */
const char *typedocs_kind(const json_t *types, const char *base);

/*
 * typedocs_holds_oids(types, base):
 * Tell whether binary values carry the OIDs of user-defined types inside (arrays of such,
 * composites with such attributes, ranges over these), which servers before 14 refuse to read.
 */
bool typedocs_holds_oids(const json_t *types, const char *base);

/*
 * typedocs_holds(types, base, leaf):
 * Tell whether values of ${base} are, or have inside, such of ${leaf}, a type of pg_catalog.
 */
bool typedocs_holds(const json_t *types, const char *base, const char *leaf);

#endif /* COMMON_TYPEDOCS_H */
