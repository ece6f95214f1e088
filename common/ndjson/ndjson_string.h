/*
 * JSON strings and the bytes they stand for.  Nobody but the ndjson modules
 * includes this.
 */
#ifndef COMMON_NDJSON_STRING_H
#define COMMON_NDJSON_STRING_H

#include <string.h>

struct buf;
struct jsonscan;

#define NDJSON_STRING_GROWTH 6 /* bytes that one byte of a value may become */
#define NDJSON_ARRAY_GROWTH 4  /* bytes of COPY text that one byte of JSON may become */

/*
 * ndjson_string_put(dst, c):
 * Write byte ${c} of a value, escaped as a JSON string needs it, and return
 * what follows it.
 */
static inline char *
ndjson_string_put(char *dst, char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[0x20] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	unsigned char u = (unsigned char)c;

	if (c == '"' || c == '\\') {
		*dst++ = '\\';
		*dst++ = c;
	} else if (u >= 0x20) {
		*dst++ = c;
	} else if (letters[u] != 0) {
		*dst++ = '\\';
		*dst++ = letters[u];
	} else {
		memcpy(dst, "\\u00", 4);
		dst[4] = hex[u >> 4];
		dst[5] = hex[u & 15];
		dst += 6;
	}
	return dst;
}

/*
 * ndjson_string_key(out, name):
 * Append ${name} as a key: a string and a colon.
 */
void ndjson_string_key(struct buf *out, const char *name);

/*
 * ndjson_string_read_key(s, p, end, name):
 * Read the key at ${p} and its colon; ${name} becomes what it stands for.
 * Returns what follows the colon; NULL with ${s} saying why on failure.
 */
const char *ndjson_string_read_key(struct jsonscan *s, const char *p, const char *end,
				   struct buf *name);

/*
 * ndjson_string_copy(s, p, end, dst), ndjson_string_array(s, p, end, dst):
 * Decode the string whose opening quote is at ${p} to ${*dst}, which moves on: as
 * COPY text, or as an array element in quotes in COPY text.  This needs as much
 * room as the string has bytes, or NDJSON_ARRAY_GROWTH times that, and
 * TEXTRUN_SLACK beyond.  Return what follows the string; NULL with ${s} saying
 * why on failure.
 */
const char *ndjson_string_copy(struct jsonscan *s, const char *p, const char *end, char **dst);
const char *ndjson_string_array(struct jsonscan *s, const char *p, const char *end, char **dst);

#endif /* COMMON_NDJSON_STRING_H */
