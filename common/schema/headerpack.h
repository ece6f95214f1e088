/*
 * A header as bytes that its own program makes a header again: thousands of them, most of
 * which are like the one before, are put on a shelf so.
 */
#ifndef COMMON_HEADERPACK_H
#define COMMON_HEADERPACK_H

struct buf;
struct header;
struct unpack;

/*
 * headerpack_add(to, h):
 * Append all that ${h} says.
 */
void headerpack_add(struct buf *to, const struct header *h);

/*
 * headerpack_take(from):
 * Return the header that was added, for the caller to header_free().
 */
struct header *headerpack_take(struct unpack *from) __attribute__((returns_nonnull));

#endif /* COMMON_HEADERPACK_H */
