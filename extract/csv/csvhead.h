/*
 * The columns of a CSV file, and which of them are sent in which order.
 */
#ifndef EXTRACT_CSVHEAD_H
#define EXTRACT_CSVHEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/ident.h"

struct err;
struct extract_options;
struct schema;

struct csvhead {
	struct ident_list names; /* in the order of the file */
	size_t *place;           /* of each in the rows, or ROWTEXT_DROPPED; owned */
};

/*
 * csvhead_add(h, name, len, e):
 * Append a column; ${name} NULL or empty is an error.
 */
int csvhead_add(struct csvhead *h, const char *name, size_t len, struct err *e)
	__attribute__((warn_unused_result));

/*
 * csvhead_choose(h, options, schema, e):
 * Check the names and add the columns that are to be sent, as text, to ${schema}.
 */
int csvhead_choose(struct csvhead *h, const struct extract_options *options,
		   struct schema *schema, struct err *e) __attribute__((warn_unused_result));

/*
 * csvhead_has(h, value, len):
 * Tell whether a field could be one of the names, in whatever case.
 */
bool csvhead_has(const struct csvhead *h, const char *value, size_t len);

void csvhead_release(struct csvhead *h);

#endif /* EXTRACT_CSVHEAD_H */
