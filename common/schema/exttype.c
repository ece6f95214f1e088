/*
 * Types of extensions.
 */
#include "common/schema/exttype.h"

#include <string.h>

#include "common/base/ident.h"

const char *
exttype_extension(const json_t *types, const char *base)
{
	const json_t *doc = json_object_get(types, base);
	const char *element = json_string_value(json_object_get(doc, "element"));

	if (element != NULL)
		doc = json_object_get(types, element);
	return json_string_value(json_object_get(doc, "extension"));
}

bool
exttype_same(const json_t *a_types, const char *a, const json_t *b_types, const char *b)
{
	const char *here = exttype_extension(a_types, a),
		   *there = exttype_extension(b_types, b);

	return here != NULL && there != NULL && strcmp(here, there) == 0 &&
	       strcmp(a + ident_schema_len(a), b + ident_schema_len(b)) == 0;
}
