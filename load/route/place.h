/*
 * The row that COPY means, in the context of what the server says.
 */
#ifndef LOAD_PLACE_H
#define LOAD_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the row's number: what names the column, up to the value. */
struct place {
	uint64_t line;    /* of the COPY, from 1 */
	const char *rest; /* in the context */
	size_t len;       /* bytes */
};

/*
 * place_find(context, table, place):
 * Look for "COPY orders, line 1042, column amount: …" in whatever language it is, which is
 * the superuser's to choose: a line begins with the table's name, perhaps behind the word
 * COPY; the first number behind it is the row's, then a column's name stands by itself, and
 * a colon precedes the value.
 * ${context} may be NULL.  False if there is no such place.
 */
bool place_find(const char *context, const char *table, struct place *place);

#endif /* LOAD_PLACE_H */
