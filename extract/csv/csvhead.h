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
	bool open;               /* the line has an empty name at its end so far */
	bool *forced;            /* of each, whether NULL may be in quotes, too; owned */
};

/*
 * csvhead_add(h, name, len, e):
 * Append a column.  An empty name is an error as soon as another one follows it: at the
 * end it is what is behind a delimiter at the end of each line, and no column.
 */
int csvhead_add(struct csvhead *h, const char *name, size_t len, struct err *e)
	__attribute__((warn_unused_result));

/*
 * csvhead_explain(h, delimiter, e):
 * ${e} is about a row: if ${delimiter} is likely not what parts the fields, the hint says so.
 */
void csvhead_explain(const struct csvhead *h, char delimiter, struct err *e);

/*
 * csvhead_separator(h, delimiter):
 * Tell whether the line is none of names but one such as sep=; and, if so, forget it.
 * ${*delimiter} is what parted its fields, and then what it names.
 */
bool csvhead_separator(struct csvhead *h, char *delimiter);

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
