/*
 * A growing array of bytes: SQL text, documents, and the row chunks of the
 * hot path.  Bytes, not a string: no NUL is kept behind them unless asked for.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

struct buf {
	char *data;
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
};

#define BUF_INIT ((struct buf){.data = NULL})

/*
 * buf_grow(b, extra):
 * Make room for at least ${extra} more bytes; capacity at least doubles.
 */
void buf_grow(struct buf *b, size_t extra);

/*
 * buf_reserve(b, extra):
 * Return a pointer to at least ${extra} writable bytes behind the bytes in
 * use, valid until the next call on ${b}.  Add what was written to b->len.
 */
static inline char *
buf_reserve(struct buf *b, size_t extra)
{
	if (b->cap - b->len < extra)
		buf_grow(b, extra);
	return b->data + b->len;
}

/*
 * buf_add(b, data, len):
 * Append ${len} bytes.
 */
static inline void
buf_add(struct buf *b, const void *data, size_t len)
{
	if (len > 0) {
		memcpy(buf_reserve(b, len), data, len);
		b->len += len;
	}
}

/*
 * buf_addc(b, c):
 * Append one byte.
 */
static inline void
buf_addc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->len++;
}

/*
 * buf_adds(b, s), buf_addf(b, fmt, ...), buf_vaddf(b, fmt, ap):
 * Append a string or formatted text, without its NUL.
 */
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/*
 * buf_cstr(b):
 * Return the bytes with a NUL behind them, valid until the next call on ${b};
 * b->len does not count the NUL.
 */
char *buf_cstr(struct buf *b);

/*
 * buf_detach(b):
 * Return the bytes as a NUL-terminated string that the caller frees; ${b} is
 * empty afterwards.
 */
char *buf_detach(struct buf *b);

/*
 * buf_drop(b, n):
 * Remove the first ${n} bytes; those behind them move to the front.
 */
void buf_drop(struct buf *b, size_t n);

/*
 * buf_release(b):
 * Free the bytes; ${b} may be used again.
 */
void buf_release(struct buf *b);

#endif /* COMMON_BUF_H */
