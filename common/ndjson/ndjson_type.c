/*
 * Types and their form in JSON.
 */
#include "common/ndjson/ndjson_parts.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xalloc.h"
#include "common/ndjson/ndjson.h"
#include "common/schema/schema.h"
#include "common/schema/typedocs.h"

/* What is not a string; names as format_type() writes them. */
static const struct {
	const char *name;
	enum ndjson_form form;
	bool wide; /* has values that a double cannot hold */
} forms[] = {
	{"smallint", NDJSON_WHOLE, false}, {"integer", NDJSON_WHOLE, false},
	{"bigint", NDJSON_WHOLE, true},    {"numeric", NDJSON_NUMBER, true},
	{"real", NDJSON_NUMBER, false},    {"double precision", NDJSON_NUMBER, false},
	{"boolean", NDJSON_TRUTH, false},  {"json", NDJSON_JSON, false},
	{"jsonb", NDJSON_JSON, false},
};

static enum ndjson_form
scalar_form(const char *type, size_t len, unsigned flags)
{
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strlen(forms[i].name) != len || memcmp(type, forms[i].name, len) != 0)
			continue;
		if (forms[i].wide && (flags & NDJSON_QUOTE_NUMBERS) != 0)
			return NDJSON_STRING;
		return forms[i].form;
	}
	return NDJSON_STRING;
}

/* Array types are called ELEMENT[]; a type in quotes may be called what it likes. */
static bool
is_array(const char *type, size_t len)
{
	return len > 2 && memcmp(type + len - 2, "[]", 2) == 0;
}

struct ndjson_type
ndjson_type_of(const struct schema *schema, size_t column, unsigned flags)
{
	const char *type = typedocs_unwrap(schema->types, schema->columns[column].base);
	const json_t *doc = json_object_get(schema->types, type);
	const char *element = json_string_value(json_object_get(doc, "element"));
	const char *delimiter = json_string_value(json_object_get(doc, "delimiter"));
	size_t len = strlen(type);

	if (len == 0)
		return (struct ndjson_type){.form = NDJSON_ANY};
	if (!is_array(type, len))
		return (struct ndjson_type){.form = scalar_form(type, len, flags)};
	len -= 2;
	if (element != NULL) {
		type = typedocs_unwrap(schema->types, element);
		len = strlen(type);
	}
	return (struct ndjson_type){
		.form = NDJSON_ARRAY,
		.element = scalar_form(type, len, flags), /* of a domain over an array: text */
		.delimiter = delimiter != NULL            ? delimiter[0]
			     : strcmp(type, "box[]") == 0 ? ';'
							  : ',',
	};
}

bool *
ndjson_type_json_columns(const struct schema *schema)
{
	bool *is_json = xcalloc(schema->ncolumns, sizeof(*is_json)), any = false;
	size_t i;

	for (i = 0; i < schema->ncolumns; i++) {
		struct ndjson_type type = ndjson_type_of(schema, i, 0);

		is_json[i] = type.form == NDJSON_JSON ||
			     (type.form == NDJSON_ARRAY && type.element == NDJSON_JSON);
		any |= is_json[i];
	}
	if (any)
		return is_json;
	free(is_json);
	return NULL;
}
