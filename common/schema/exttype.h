/*
 * Types of extensions (hstore, citext, PostGIS).  Each database chooses the schema of an
 * extension, so that the schema is no part of what such a type is.  Names and documents
 * are those of common/schema/typedocs.h.
 */
#ifndef COMMON_EXTTYPE_H
#define COMMON_EXTTYPE_H

#include <jansson.h>
#include <stdbool.h>

/*
 * exttype_extension(types, base):
 * Return the extension to which the type belongs, or that of which it is an array, or
 * NULL.  The result belongs to ${types}.
 */
const char *exttype_extension(const json_t *types, const char *base);

/*
 * exttype_same(a_types, a, b_types, b):
 * Tell whether both are the same type, or array of it, of the same extension.
 */
bool exttype_same(const json_t *a_types, const char *a, const json_t *b_types, const char *b);

#endif /* COMMON_EXTTYPE_H */
