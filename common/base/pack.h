/*
 * What a struct holds as bytes in a row, to be put away and made a struct again by the same
 * program: nothing is checked, and pointers to what stays where it is are bytes as others.
 */
#ifndef COMMON_PACK_H
#define COMMON_PACK_H

#include <stddef.h>

struct buf;

/* What is left to be unpacked. */
struct unpack {
	const char *at;
	size_t left; /* bytes */
};

/*
 * pack_text(to, text), pack_array(to, array, n, size):
 * Append a string or NULL, ${n} elements of ${size} bytes; a struct is buf_add()ed.
 */
void pack_text(struct buf *to, const char *text);
void pack_array(struct buf *to, const void *array, size_t n, size_t size);

/*
 * pack_take_bytes(from, to, len), pack_take_text(from), pack_take_array(from, n, size, room):
 * The next ${len} bytes; the string, for the caller to free, or NULL; ${n} elements in an
 * array with ${room} for more of them, at least ${n}, for the caller to free.
 */
void pack_take_bytes(struct unpack *from, void *to, size_t len);
char *pack_take_text(struct unpack *from);
void *pack_take_array(struct unpack *from, size_t n, size_t size, size_t room)
	__attribute__((returns_nonnull));

#endif /* COMMON_PACK_H */
