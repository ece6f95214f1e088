/*
 * Which JSON value goes into which type, and how.
 */
#include "common/ndjson/ndjson_parts.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/ndjson/jsonscan.h"
#include "common/ndjson/ndjson.h"
#include "common/rows/copytext.h"

static const char *
read_json(unsigned flags, struct jsonscan *s, const char *p, const char *end, struct buf *out)
{
	const char *stop = jsonscan_value(s, p, end);

	if (stop == NULL)
		return NULL;
	if ((flags & NDJSON_EXACT) != 0) {
		while (p[-1] != ':') /* white space before the value */
			p--;
		stop = jsonscan_space(stop, end);
	}
	copytext_escape(out, p, (size_t)(stop - p));
	return stop;
}

/* An object or an array. */
static const char *
read_nested(const struct ndjson_type *type, unsigned flags, struct jsonscan *s, const char *p,
	    const char *end, struct buf *out)
{
	if (type->form == NDJSON_ANY)
		return read_json(flags, s, p, end, out);
	if (*p == '{')
		return jsonscan_fail(s, p,
				     "an object, which only json and jsonb columns take; for "
				     "other types send the value's text as a string");
	if (type->form == NDJSON_ARRAY)
		return ndjson_array_read(type, s, p, end, out);
	return jsonscan_fail(s, p,
			     "an array, which only array, json and jsonb columns take; for "
			     "other types send the value's text as a string");
}

/* What is no string and nothing nested: null, true, false or a number. */
static const char *
read_scalar(const struct ndjson_type *type, struct jsonscan *s, const char *p, const char *end,
	    struct buf *out)
{
	const char *stop = jsonscan_value(s, p, end);

	if (stop == NULL)
		return NULL;
	if (*p == 'n')
		buf_add(out, "\\N", 2);
	else if (type->form == NDJSON_TRUTH && (*p == 't' || *p == 'f'))
		buf_addc(out, *p); /* as the server writes it */
	else if (type->form == NDJSON_WHOLE && *p != 't' && *p != 'f')
		out->len =
			(size_t)(ndjson_number_whole(buf_reserve(out, (size_t)(stop - p) +
									      NDJSON_WHOLE_MAX),
						     p, stop) -
				 out->data);
	else
		buf_add(out, p, (size_t)(stop - p));
	return stop;
}

const char *
ndjson_value_read(const struct ndjson_type *type, unsigned flags, struct jsonscan *s,
		  const char *p, const char *end, struct buf *out)
{
	char first = p < end ? *p : '\0';

	if (type->form == NDJSON_JSON && (first != 'n' || (flags & NDJSON_BARE) == 0))
		return read_json(flags, s, p, end, out);
	if (first == '{' || first == '[')
		return read_nested(type, flags, s, p, end, out);
	return read_scalar(type, s, p, end, out);
}
