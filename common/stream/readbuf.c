/*
 * The window that the stream reader looks through.
 */
#include "common/stream/readbuf.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/stream/input.h"

void
readbuf_init(struct readbuf *rb, struct input *in)
{
	*rb = (struct readbuf){.in = in, .data = xmalloc(READBUF_BLOCK), .cap = READBUF_BLOCK};
}

void
readbuf_release(struct readbuf *rb)
{
	free(rb->data);
	*rb = (struct readbuf){.data = NULL};
}

static void
make_room(struct readbuf *rb)
{
	if (rb->pos > 0 && (rb->pos == rb->len || rb->cap - rb->len < READBUF_BLOCK / 2)) {
		memmove(rb->data, rb->data + rb->pos, rb->len - rb->pos);
		rb->offset += rb->pos;
		rb->len -= rb->pos;
		rb->pos = 0;
	}
	if (rb->len == rb->cap) {
		rb->cap *= 2;
		rb->data = xrealloc(rb->data, rb->cap);
	}
}

int
readbuf_more(struct readbuf *rb, struct err *e)
{
	ssize_t n;
	size_t room;

	make_room(rb);
	room = rb->cap - rb->len;
	n = input_read(rb->in, rb->data + rb->len, room < READBUF_BLOCK ? room : READBUF_BLOCK,
		       e);
	if (n > 0)
		rb->len += (size_t)n;
	return (int)n;
}

int
readbuf_need(struct readbuf *rb, size_t n, struct err *e)
{
	while (readbuf_left(rb) < n) {
		int rc = readbuf_more(rb, e);

		if (rc <= 0)
			return rc;
	}
	return 1;
}
