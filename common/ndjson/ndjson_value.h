/*
 * JSON values as fields of COPY text.  Nobody but the ndjson modules includes
 * this.
 */
#ifndef COMMON_NDJSON_VALUE_H
#define COMMON_NDJSON_VALUE_H

struct buf;
struct jsonscan;
struct ndjson_type;

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

#endif /* COMMON_NDJSON_VALUE_H */
