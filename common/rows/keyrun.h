/*
 * Whether rows come in the order of their keys, seen while they pass in binary form.  Most
 * tables are sent so, and loaders that know it write one table side by side: two of them take
 * two thirds of the time that they take one after the other, as they must where each may have
 * the other's keys in another order (load/stage/plan_merge.c).  A single loader gains nothing.
 */
#ifndef COMMON_KEYRUN_H
#define COMMON_KEYRUN_H

#include <stdbool.h>
#include <stddef.h>

/* How a column of the key is sent; equal values are equal bytes. */
enum keyrun_kind {
	KEYRUN_NO,      /* cannot be compared here */
	KEYRUN_SIGNED,  /* a big-endian number, as integers and timestamps are */
	KEYRUN_UNSIGNED /* bytes of fixed length, in their order */
};

/* One column of the key. */
struct keyrun_column {
	size_t field; /* of the tuple, from 0 */
	enum keyrun_kind kind;
	size_t size; /* bytes */
};

enum keyrun_verdict {
	KEYRUN_UNKNOWN,  /* a row was out of key order, or no row was looked at */
	KEYRUN_MIXED,    /* the rows are in no order to speak of */
	KEYRUN_TWICE,    /* a key has come twice; only the server finds that, and the next */
	KEYRUN_DISTINCT, /* no key has come twice */
	KEYRUN_ASCENDING /* the same, and the server would sort the rows as they are */
};

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
 * keyrun_mostly_ascends(k):
 * Tell whether seven of eight rows since the last keyrun_end() had a greater key than the one
 * before; true where none was seen.
 */
bool keyrun_mostly_ascends(const struct keyrun *k);

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

#endif /* COMMON_KEYRUN_H */
