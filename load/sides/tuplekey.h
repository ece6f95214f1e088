/*
 * The order of rows by their keys, as portl-stream(5) has it and every server sorts, without
 * a server.
 */
#ifndef LOAD_TUPLEKEY_H
#define LOAD_TUPLEKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

/* How the values of a column are compared. */
enum tuplekey_kind {
	TUPLEKEY_NO,      /* not here */
	TUPLEKEY_SIGNED,  /* a big-endian number, as integers and timestamps are sent */
	TUPLEKEY_BYTES,   /* by their bytes; what is the beginning of another comes first */
	TUPLEKEY_PADDED,  /* the same, without blanks at the end */
	TUPLEKEY_NUMERIC, /* as numeric_send() writes them */
	TUPLEKEY_DECIMAL  /* an integer's digits */
};

/* A column of the key. */
struct tuplekey_column {
	size_t field; /* of the row, from 0 */
	enum tuplekey_kind kind;
};

struct tuplekey {
	bool text;                    /* rows are COPY text, else COPY binary */
	struct tuplekey_column *list; /* the first weighs most; borrowed */
	size_t n;
	struct buf left, right; /* for values without their escapes */
};

/*
 * tuplekey_kind(type, text):
 * Return how values of ${type} (a name, perhaps with modifiers; no domain) are compared in the
 * one form or the other.
 */
enum tuplekey_kind tuplekey_kind(const char *type, bool text);

/*
 * tuplekey_compare(k, a, a_end, b, b_end):
 * Compare the keys of two rows: negative, 0, positive.
 */
int tuplekey_compare(struct tuplekey *k, const char *a, const char *a_end, const char *b,
		     const char *b_end);

/*
 * tuplekey_release(k):
 * Free the memory.
 */
void tuplekey_release(struct tuplekey *k);

#endif /* LOAD_TUPLEKEY_H */
