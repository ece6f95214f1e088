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
 * copied_where(r, e, line, column):
 * Find in the context of ${e}, in whatever language it is, the row of the COPY: true with its
 * number, counted from 1, and the column, for the caller to free, or NULL.  The context is
 * dropped then.
 */
bool copied_where(const struct route *r, struct err *e, uint64_t *line, char **column);

#endif /* LOAD_COPIED_H */
