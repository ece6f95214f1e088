/*
 * A sliding window over an input: bytes are read in large blocks and looked at
 * in place.  Knows the absolute offset, for messages.
 */
#ifndef COMMON_READBUF_H
#define COMMON_READBUF_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct input;

/* Bytes that one read takes at most at first.  Fuzzers are built with a few: short inputs cross
 * the border then. */
#ifndef READBUF_BLOCK
#define READBUF_BLOCK ((size_t)256 * 1024)
#endif

struct readbuf {
	struct input *in; /* borrowed */
	char *data;
	size_t cap;      /* bytes allocated */
	size_t pos;      /* first byte not consumed yet */
	size_t len;      /* bytes read, from the start of data */
	uint64_t offset; /* of data[0] in the input */
};

/*
 * readbuf_init(rb, in), readbuf_release(rb):
 * Begin at the start of ${in}, which stays the caller's; free the window.
 */
void readbuf_init(struct readbuf *rb, struct input *in);
void readbuf_release(struct readbuf *rb);

static inline const char *
readbuf_bytes(const struct readbuf *rb)
{
	return rb->data + rb->pos;
}

static inline size_t
readbuf_left(const struct readbuf *rb)
{
	return rb->len - rb->pos;
}

static inline uint64_t
readbuf_offset(const struct readbuf *rb)
{
	return rb->offset + rb->pos;
}

/*
 * readbuf_more(rb, e):
 * Read at least one more byte behind those not consumed, which move to the
 * front if there is no room; the window grows if it is full.  Returns the
 * number of new bytes, 0 at the end of the input, -1 with ${e} filled.
 */
int readbuf_more(struct readbuf *rb, struct err *e) __attribute__((warn_unused_result));

/*
 * readbuf_need(rb, n, e):
 * Read until ${n} bytes are there.  Returns 1, 0 if the input ends before, -1
 * with ${e} filled.
 */
int readbuf_need(struct readbuf *rb, size_t n, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_READBUF_H */
