/*
 * The digest of rows, whatever their order: portl-stream(5), "Rows digest".  Each row counts
 * with XXH3-128 of its fields, and what they come to is added modulo 2^128, so that a row
 * that comes twice counts twice.
 */
#ifndef COMMON_ROWDIGEST_H
#define COMMON_ROWDIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rowdigest {
	uint64_t high, low; /* the sum */
	void *part;         /* of a row that comes in parts; owned, NULL: none has */
	bool open;          /* between the first part of a row and its end */
};

#define ROWDIGEST_LEN 39 /* characters of its text, as "binary:" and 32 hex digits, at most */

/*
 * rowdigest_init(d), rowdigest_release(d):
 * Begin with no row; free the memory.
 */
void rowdigest_init(struct rowdigest *d);
void rowdigest_release(struct rowdigest *d);

/*
 * rowdigest_row(d, fields, len):
 * Add a row of ${len} bytes: a tuple of the binary encoding without its field count.
 */
void rowdigest_row(struct rowdigest *d, const char *fields, size_t len);

/*
 * rowdigest_add(d, more):
 * Add the rows that ${more} has the sum of, none of them in parts.
 */
static inline void
rowdigest_add(struct rowdigest *d, const struct rowdigest *more)
{
	d->low += more->low;
	d->high += more->high + (d->low < more->low);
}

/*
 * rowdigest_part(d, fields, len), rowdigest_end(d):
 * The same row by row in parts, of which any may be empty; the end adds the row.
 */
void rowdigest_part(struct rowdigest *d, const char *fields, size_t len);
void rowdigest_end(struct rowdigest *d);

/*
 * rowdigest_text(d, text, hex):
 * Store what the rows come to and a NUL; ${text}: the values are in text form.
 */
void rowdigest_text(const struct rowdigest *d, bool text, char hex[ROWDIGEST_LEN + 1]);

#endif /* COMMON_ROWDIGEST_H */
