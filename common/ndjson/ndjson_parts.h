/*
 * What the files behind ndjson.h share: which form a column's values have in JSON, by the
 * type's name and the type documents; values and arrays in these forms.  Arrays are
 * PostgreSQL's text, such as {1,NULL,"a b"} (PostgreSQL manual, "Arrays", "Array Input and
 * Output Syntax").  Nobody else includes this.
 */
#ifndef COMMON_NDJSON_PARTS_H
#define COMMON_NDJSON_PARTS_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct jsonscan;
struct schema;

enum ndjson_form {
	NDJSON_STRING, /* the value's text */
	NDJSON_NUMBER, /* a number where the text is one, else a string */
	NDJSON_WHOLE,  /* the same of a type that reads digits only: 1e3 is read as 1000 */
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

/*
 * ndjson_array_write(type, text, len, out):
 * Append an array to ${out} as JSON.  Returns -1 with ${out} as before if a
 * JSON array would not say the same: lower bounds other than 1, JSON elements
 * that are SQL NULL or in several dimensions, and text that is no array.
 */
int ndjson_array_write(const struct ndjson_type *type, const char *text, size_t len,
		       struct buf *out);

/*
 * ndjson_array_read(type, s, p, end, out):
 * Append the JSON array at ${p} to ${out} as a field of COPY text.  Returns
 * what follows it; NULL with ${s} saying why on failure.
 */
const char *ndjson_array_read(const struct ndjson_type *type, struct jsonscan *s, const char *p,
			      const char *end, struct buf *out);

/*
 * ndjson_number_whole(dst, p, stop):
 * Write the JSON number from ${p} to ${stop} to ${dst}, without point and exponent if it is
 * a whole number of up to NDJSON_WHOLE_MAX bytes, else as it is.  Returns what follows it.
 */
#define NDJSON_WHOLE_MAX 20 /* a sign and the digits of a bigint */
char *ndjson_number_whole(char *dst, const char *p, const char *stop);

/*
 * ndjson_value_read(type, flags, s, p, end, out):
 * Append the value at ${p}, which is no string unless ${type} is JSON, to ${out} as
 * a field for a column of ${type}, without what follows a field; ${flags} are those
 * of ndjson.h.  Returns what follows the value; NULL with ${s} saying why on failure,
 * ${out} is then as before.
 */
const char *ndjson_value_read(const struct ndjson_type *type, unsigned flags,
			      struct jsonscan *s, const char *p, const char *end,
			      struct buf *out);

/*
 * ndjson_sample_fits(type, p, stop):
 * Tell whether a column of the inferred ${type} (enum infer_type) takes the JSON value from
 * ${p} to ${stop} and loses nothing of it.
 */
bool ndjson_sample_fits(int type, const char *p, const char *stop);

#endif /* COMMON_NDJSON_PARTS_H */
