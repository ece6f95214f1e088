/*
 * Where rows of COPY data end, and their fields, in either form.
 */
#ifndef LOAD_TUPLE_H
#define LOAD_TUPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A field as it stands in the row: of COPY text with its escapes. */
struct tuple_field {
	const char *data; /* NULL: it is NULL */
	size_t len;       /* bytes */
};

/*
 * tuple_end(text, row, end):
 * Return where the row that begins at ${row} ends, or NULL: not before ${end}.
 */
const char *tuple_end(bool text, const char *row, const char *end);

/*
 * tuple_next(text, p, end, field):
 * Take the field at ${*p}, which moves on to the next one.  In front of the first field of a
 * row call tuple_first().  Returns false behind the row's last one, which ends at ${end}.
 */
bool tuple_next(bool text, const char **p, const char *end, struct tuple_field *field);

/*
 * tuple_first(text, row):
 * Return where the row's first field stands.
 */
static inline const char *
tuple_first(bool text, const char *row)
{
	return text ? row : row + 2;
}

/*
 * tuple_find(text, row, end, n, field):
 * Take field ${n} of the row, from 0.  Returns false if it has no such field.
 */
bool tuple_find(bool text, const char *row, const char *end, size_t n,
		struct tuple_field *field);

#endif /* LOAD_TUPLE_H */
