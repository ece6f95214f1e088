/*
 * Whoever delivers the rows has looked at their form; here nothing is trusted but their end.
 */
#include "load/sides/tuple.h"

#include <string.h>

#include "common/rows/copytext.h"
#include "common/rows/pgcopy.h"

#define IS_NULL 0xffffffffu

static const char *
binary_end(const char *p, const char *end)
{
	unsigned fields;

	if (end - p < 2)
		return NULL;
	for (fields = pgcopy_get16(p), p += 2; fields > 0; fields--) {
		uint32_t len;

		if (end - p < 4)
			return NULL;
		len = pgcopy_get32(p);
		p += 4;
		if (len == IS_NULL)
			continue;
		if ((size_t)(end - p) < len)
			return NULL;
		p += len;
	}
	return p;
}

const char *
tuple_end(bool text, const char *row, const char *end)
{
	const char *newline;

	if (!text)
		return binary_end(row, end);
	newline = memchr(row, '\n', (size_t)(end - row));
	return newline != NULL ? newline + 1 : NULL;
}

static bool
next_text(const char **p, const char *end, struct tuple_field *field)
{
	const char *stop;

	if (*p == end)
		return false;
	stop = copytext_field_end(*p, end);
	*field = (struct tuple_field){*p, (size_t)(stop - *p)};
	if (copytext_is_null(field->data, field->len))
		field->data = NULL;
	*p = stop < end ? stop + 1 : end;
	return true;
}

bool
tuple_next(bool text, const char **p, const char *end, struct tuple_field *field)
{
	uint32_t len;

	if (text)
		return next_text(p, end, field);
	if (end - *p < 4)
		return false;
	len = pgcopy_get32(*p);
	*p += 4;
	*field = (struct tuple_field){.data = NULL};
	if (len == IS_NULL)
		return true;
	if ((size_t)(end - *p) < len)
		return false;
	*field = (struct tuple_field){*p, len};
	*p += len;
	return true;
}

bool
tuple_find(bool text, const char *row, const char *end, size_t n, struct tuple_field *field)
{
	const char *p = tuple_first(text, row);
	size_t i;

	for (i = 0; i <= n; i++)
		if (!tuple_next(text, &p, end, field))
			return false;
	return true;
}
