/*
 * Numbers and dates as people write them, 1.234,50 and 31.12.2024, as PostgreSQL
 * reads them: 1234.50 and 2024-12-31.  What is of no such form is left as it is.
 */
#ifndef EXTRACT_CSVFORMS_H
#define EXTRACT_CSVFORMS_H

#include <stdbool.h>
#include <stddef.h>

#define CSVFORMS_MAX 1024 /* bytes of a value that can be of such a form */

/* The parts of a date in the order in which they are written. */
enum csvforms_order { ORDER_NONE, ORDER_DMY, ORDER_MDY, ORDER_YMD };

struct csvforms {
	char decimal; /* comma or point: thousands may be parted, too; 0: no such numbers */
	int order;    /* enum csvforms_order */
};

/*
 * csvforms_any(f):
 * Tell whether anything is read otherwise.
 */
static inline bool
csvforms_any(const struct csvforms *f)
{
	return f->decimal != '\0' || f->order != ORDER_NONE;
}

/*
 * csvforms_read(f, value, len, out):
 * Return ${value} as PostgreSQL reads it: ${value} itself, or ${out} (of CSVFORMS_MAX
 * bytes) with ${*len} set anew.  Thousands are parted by the one of point and comma that
 * is not the decimal sign, a blank, a no-break space or an apostrophe, the same
 * throughout, and have three digits.  Dates are parted by points, slashes or hyphens and
 * have a year of four digits; a time may follow.
 */
const char *csvforms_read(const struct csvforms *f, const char *value, size_t *len, char *out);

#endif /* EXTRACT_CSVFORMS_H */
