/*
 * Which form a column's values have in JSON, by the type's name and the type
 * documents.  Nobody but the ndjson modules includes this.
 */
#ifndef COMMON_NDJSON_TYPE_H
#define COMMON_NDJSON_TYPE_H

#include <stddef.h>

struct schema;

enum ndjson_form {
	NDJSON_STRING, /* the value's text */
	NDJSON_NUMBER, /* a number where the text is one, else a string */
	NDJSON_TRUTH,  /* true or false */
	NDJSON_JSON,   /* inline */
	NDJSON_ARRAY,  /* an array of elements in their form */
	NDJSON_ANY     /* of a column whose type is not known: whatever comes */
};

struct ndjson_type {
	enum ndjson_form form;
	enum ndjson_form element; /* with NDJSON_ARRAY; never NDJSON_ARRAY itself */
	char delimiter;           /* between elements in the array's text */
};

/*
 * ndjson_type_of(schema, column, flags):
 * Return the form of the values of ${schema}'s column number ${column};
 * ${flags} are those of ndjson.h.
 */
struct ndjson_type ndjson_type_of(const struct schema *schema, size_t column, unsigned flags);

#endif /* COMMON_NDJSON_TYPE_H */
