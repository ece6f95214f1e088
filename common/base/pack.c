/*
 * A string is its length, from 1, and its bytes; NULL is the length 0.
 */
#include "common/base/pack.h"

#include <assert.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"

void
pack_text(struct buf *to, const char *text)
{
	size_t len = text != NULL ? strlen(text) + 1 : 0;

	buf_add(to, &len, sizeof(len));
	buf_add(to, text, len);
}

void
pack_array(struct buf *to, const void *array, size_t n, size_t size)
{
	buf_add(to, array, n * size);
}

void
pack_take_bytes(struct unpack *from, void *to, size_t len)
{
	assert(len <= from->left);
	if (len > 0)
		memcpy(to, from->at, len);
	from->at += len;
	from->left -= len;
}

char *
pack_take_text(struct unpack *from)
{
	size_t len;
	char *text;

	pack_take_bytes(from, &len, sizeof(len));
	if (len == 0)
		return NULL;
	text = xmalloc(len);
	pack_take_bytes(from, text, len);
	return text;
}

void *
pack_take_array(struct unpack *from, size_t n, size_t size, size_t room)
{
	void *array = xmalloc(room * size);

	pack_take_bytes(from, array, n * size);
	return array;
}
