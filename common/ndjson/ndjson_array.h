/*
 * PostgreSQL's array text, such as {1,NULL,"a b"}, to and from JSON arrays
 * (PostgreSQL manual, "Arrays", "Array Input and Output Syntax").  Nobody but
 * the ndjson modules includes this.
 */
#ifndef COMMON_NDJSON_ARRAY_H
#define COMMON_NDJSON_ARRAY_H

#include <stddef.h>

struct buf;
struct jsonscan;
struct ndjson_type;

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

#endif /* COMMON_NDJSON_ARRAY_H */
