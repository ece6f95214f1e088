/*
 * What can be said of the rows' keys while they pass in binary form: that no key
 * comes twice, and that each is greater than the one before.  Rows of a table
 * mostly come in runs of ascending keys, with a row out of place here and there;
 * the ranges of keys that these runs cover are kept, as far as there are few.  A
 * key that lies in none of them is new.
 */
#ifndef LOAD_KEYRUN_H
#define LOAD_KEYRUN_H

#include <stddef.h>

/* How a column of the key is sent; equal values are equal bytes. */
enum keyrun_kind {
	KEYRUN_NO,       /* cannot be compared here */
	KEYRUN_SIGNED,   /* a big-endian number, as integers and timestamps are */
	KEYRUN_UNSIGNED, /* bytes of fixed length, in their order */
	KEYRUN_STRING    /* text; the server may have another order */
};

/* One column of the key. */
struct keyrun_column {
	size_t place; /* among the fields of a tuple */
	enum keyrun_kind kind;
	size_t size; /* bytes; of a string the longest that is compared */
};

enum keyrun_verdict {
	KEYRUN_UNKNOWN,  /* some key may have come twice */
	KEYRUN_MIXED,    /* the same, and the rows are in no order to speak of */
	KEYRUN_DISTINCT, /* no key has come twice */
	KEYRUN_ASCENDING /* the same, and the server would sort the rows as they are */
};

#define KEYRUN_STRING_MAX 40 /* bytes: a UUID as text has 36 */

struct keyrun;

/*
 * keyrun_new(columns, n):
 * Watch keys of ${n} columns (copied), the first one weighing most.  Free with
 * keyrun_free().
 */
struct keyrun *keyrun_new(const struct keyrun_column *columns, size_t n);

/*
 * keyrun_take(k, data, len):
 * Look at ${len} bytes of COPY binary, without preamble and trailer, that a
 * stream_reader has checked: no length word is cut in two.
 */
void keyrun_take(struct keyrun *k, const char *data, size_t len);

/*
 * keyrun_end(k):
 * Return what the rows since the last call were, and begin anew.
 */
enum keyrun_verdict keyrun_end(struct keyrun *k);

/*
 * keyrun_free(k):
 * Free it.  NULL does nothing.
 */
void keyrun_free(struct keyrun *k);

#endif /* LOAD_KEYRUN_H */
