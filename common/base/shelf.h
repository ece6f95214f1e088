/*
 * Byte strings that are put away by the thousand and looked at again one after the other.
 * Blocks of them are compressed, so that what is alike takes next to no memory.
 */
#ifndef COMMON_SHELF_H
#define COMMON_SHELF_H

#include <stddef.h>

struct shelf;

/*
 * shelf_new():
 * Return one with nothing on it; free it with shelf_free().
 */
struct shelf *shelf_new(void) __attribute__((returns_nonnull));

/*
 * shelf_put(s, bytes, len):
 * Put a copy of ${len} bytes behind the others, and return its number, from 0.
 */
size_t shelf_put(struct shelf *s, const void *bytes, size_t len);

/*
 * shelf_get(s, i, len):
 * Return string ${i}, which has been put there, with its length in bytes in ${*len}; valid
 * until the next call.  The one behind the last that was asked for is found at once.
 */
const char *shelf_get(struct shelf *s, size_t i, size_t *len) __attribute__((returns_nonnull));

/*
 * shelf_free(s):
 * Free it.  NULL does nothing.
 */
void shelf_free(struct shelf *s);

#endif /* COMMON_SHELF_H */
