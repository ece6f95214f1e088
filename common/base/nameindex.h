/*
 * Names and the order in which they came, found in constant time: columns are
 * matched by name, and there may be tens of thousands.
 */
#ifndef COMMON_NAMEINDEX_H
#define COMMON_NAMEINDEX_H

#include <stddef.h>

struct nameindex {
	const char **names; /* in order; the array is owned, the strings are borrowed */
	size_t n;
	size_t *slots; /* by hash: a number in names plus one, or 0: free; owned */
	size_t nslots; /* a power of two, at least twice n */
};

#define NAMEINDEX_INIT ((struct nameindex){.names = NULL})

/*
 * nameindex_add(x, name):
 * Append ${name}, which has to outlive the index; it gets the next number, from 0.  Returns
 * -1, or the number of the first equal name, which stays the one that is found.
 */
int nameindex_add(struct nameindex *x, const char *name);

/*
 * nameindex_find(x, name), nameindex_find_bytes(x, name, len):
 * Return the number of the name, which may be ${len} bytes that no NUL follows, or -1.
 */
int nameindex_find_bytes(const struct nameindex *x, const char *name, size_t len);
int nameindex_find(const struct nameindex *x, const char *name);

/*
 * nameindex_release(x):
 * Free the arrays.
 */
void nameindex_release(struct nameindex *x);

#endif /* COMMON_NAMEINDEX_H */
