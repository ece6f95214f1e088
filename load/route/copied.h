/*
 * What the server says of a row that COPY brings into the target itself.
 */
#ifndef LOAD_COPIED_H
#define LOAD_COPIED_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct route;

/*
 * copied_where(r, e, line, column, sure):
 * Find in the context of ${e}, in whatever language it is, the row of the COPY: true with its
 * number, counted from 1, and the column, for the caller to free, or NULL; ${*sure} is false
 * if there might be other ones.  The context is dropped then.
 */
bool copied_where(const struct route *r, struct err *e, uint64_t *line, char **column,
		  bool *sure);

#endif /* LOAD_COPIED_H */
