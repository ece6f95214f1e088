/*
 * Growing byte arrays; out of memory ends the program (xalloc).
 */
#include "common/base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/xalloc.h"

void
buf_grow(struct buf *b, size_t extra)
{
	size_t want, cap = b->cap > 0 ? b->cap : 256;

	want = extra > SIZE_MAX - b->len ? SIZE_MAX : b->len + extra;
	while (cap < want)
		cap = cap > SIZE_MAX / 2 ? want : cap * 2;
	if (cap == b->cap)
		return;
	b->data = xrealloc(b->data, cap);
	b->cap = cap;
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	char *text = xvasprintf(fmt, ap);

	buf_adds(b, text);
	free(text);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

char *
buf_cstr(struct buf *b)
{
	*buf_reserve(b, 1) = '\0';
	return b->data;
}

char *
buf_detach(struct buf *b)
{
	char *s = buf_cstr(b);

	*b = BUF_INIT;
	return s;
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n > 0) {
		memmove(b->data, b->data + n, b->len - n);
		b->len -= n;
	}
}

void
buf_release(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}
