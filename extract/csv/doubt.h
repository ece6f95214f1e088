/*
 * Columns that stay text although people would call them numbers or dates: which
 * options would read them.
 */
#ifndef EXTRACT_DOUBT_H
#define EXTRACT_DOUBT_H

#include <stddef.h>

#include "common/schema/infer.h"

#define DOUBT_EXAMPLE 40 /* bytes, with a NUL */
#define DOUBT_FORMS 5

/* What a column may be. */
struct doubt {
	struct infer_column read[DOUBT_FORMS]; /* of the values as each form has them */
	unsigned failed;                       /* forms that a value is not of, a bit each */
	char example[DOUBT_EXAMPLE];           /* of a value that only such a form explains */
};

/*
 * doubt_init(d):
 * Begin with nothing seen.
 */
void doubt_init(struct doubt *d);

/*
 * doubt_see(d, value, len):
 * Take one value into account, as it is in the file.
 */
void doubt_see(struct doubt *d, const char *value, size_t len);

/*
 * doubt_warn(d, column):
 * Warn, once for a column of type text, if there are options that would read it as
 * numbers or dates.
 */
void doubt_warn(const struct doubt *d, const char *column);

#endif /* EXTRACT_DOUBT_H */
