/*
 * Rows of COPY text made of fields that come one after the other, as from a file.
 * A field may be left out, and columns may be sent in another order than theirs.
 */
#ifndef COMMON_ROWTEXT_H
#define COMMON_ROWTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

#define ROWTEXT_DROPPED ((size_t)-1)

struct rowtext_span;

struct rowtext {
	struct buf out;             /* whole rows, and in order the open one */
	struct buf open;            /* out of order: the fields of the open row */
	const size_t *column_of;    /* per field its column, or ROWTEXT_DROPPED; borrowed */
	size_t nfields, ncolumns;   /* of a row */
	struct rowtext_span *spans; /* per column, if out of order; else NULL */
	size_t field;               /* number of the open row's next field */
	uint64_t rows;              /* in out, that were not given away */
	size_t whole;               /* bytes that they take */
	size_t given;               /* bytes of out that were given away */
};

/*
 * rowtext_init(t, column_of, nfields):
 * Begin.  A row comes as ${nfields} fields; field i becomes column ${column_of[i]} or is left
 * out (ROWTEXT_DROPPED), so that every column from 0 on is some field's.  ${column_of} is
 * borrowed.  Release with rowtext_release(); of zeroed memory as well.
 */
void rowtext_init(struct rowtext *t, const size_t *column_of, size_t nfields);

/*
 * rowtext_column(t):
 * Return the column of the next field, or ROWTEXT_DROPPED.  There must be one more.
 */
static inline size_t
rowtext_column(const struct rowtext *t)
{
	return t->column_of[t->field];
}

/*
 * rowtext_field(t, value, len):
 * Append the next field, of which there must be one more; ${value} NULL is SQL NULL.
 */
void rowtext_field(struct rowtext *t, const char *value, size_t len);

/*
 * rowtext_row(t):
 * The row has all its fields: end it.
 */
void rowtext_row(struct rowtext *t);

/*
 * rowtext_rewrite(t, put, arg):
 * Between two rows: have ${put} append each field of the rows that were not given away,
 * as COPY text, anew to ${out}; ${field} is as it was written, \N for NULL.
 */
void rowtext_rewrite(struct rowtext *t,
		     void (*put)(void *arg, size_t column, const char *field, size_t len,
				 struct buf *out),
		     void *arg);

/*
 * rowtext_take(t, data, rows):
 * Give all whole rows away.  Returns the bytes at ${*data}, which are valid until the
 * next call; ${*rows} says how many rows they are.
 */
size_t rowtext_take(struct rowtext *t, const char **data, uint64_t *rows);

void rowtext_release(struct rowtext *t);

#endif /* COMMON_ROWTEXT_H */
