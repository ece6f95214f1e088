/*
 * Strings fill a block, each behind its length; a full block is compressed.  What is read is
 * a copy of a block, in which the place of the next string is known.
 */
#include "common/base/shelf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"

#define ENOUGH ((size_t)1 << 15) /* bytes that make a block full */
#define LEVEL 1

struct block {
	char *bytes; /* compressed; owned */
	size_t len;
	size_t whole; /* bytes, not compressed */
	size_t first; /* number of its first string */
};

struct shelf {
	struct block *blocks; /* those that are full */
	size_t nblocks;
	struct buf open; /* the block that is being filled */
	size_t first, n; /* the number of its first string; of all strings */
	struct buf read; /* what is read of block ${at}, which is nblocks: the open one */
	size_t at;
	size_t next, place; /* in that, the number of a string, and where it is */
};

/* One for the program: they are large, and each would be made for a few blocks. */
static ZSTD_CCtx *compressor;
static ZSTD_DCtx *decompressor;

struct shelf *
shelf_new(void)
{
	struct shelf *s = xcalloc(1, sizeof(*s));

	s->at = SIZE_MAX;
	return s;
}

static void
close_block(struct shelf *s)
{
	size_t most = ZSTD_compressBound(s->open.len), len;
	struct block *b;
	char *bytes = xmalloc(most);

	if (compressor == NULL && (compressor = ZSTD_createCCtx()) == NULL)
		xalloc_failed();
	len = ZSTD_compressCCtx(compressor, bytes, most, s->open.data, s->open.len, LEVEL);
	if (ZSTD_isError(len)) /* there is room, so that no other reason is left */
		xalloc_failed();
	if (s->at == s->nblocks)
		s->at = SIZE_MAX;
	s->blocks = xrealloc(s->blocks, (s->nblocks + 1) * sizeof(*s->blocks));
	b = &s->blocks[s->nblocks++];
	*b = (struct block){
		.bytes = xmalloc(len), .len = len, .whole = s->open.len, .first = s->first};
	memcpy(b->bytes, bytes, len);
	free(bytes);
	s->open.len = 0;
	s->first = s->n;
}

size_t
shelf_put(struct shelf *s, const void *bytes, size_t len)
{
	buf_add(&s->open, &len, sizeof(len));
	buf_add(&s->open, bytes, len);
	s->n++;
	if (s->open.len >= ENOUGH)
		close_block(s);
	return s->n - 1;
}

static void
open_block(struct shelf *s, size_t at)
{
	const struct block *b = &s->blocks[at];
	size_t len;

	if (decompressor == NULL && (decompressor = ZSTD_createDCtx()) == NULL)
		xalloc_failed();
	s->read.len = 0;
	len = ZSTD_decompressDCtx(decompressor, buf_reserve(&s->read, b->whole), b->whole,
				  b->bytes, b->len);
	if (len != b->whole)
		xalloc_failed();
	s->read.len = len;
	s->at = at;
	s->next = b->first;
	s->place = 0;
}

/* The block that has string ${i}. */
static size_t
block_of(const struct shelf *s, size_t i)
{
	size_t low = 0, high = s->nblocks;

	if (i >= s->first)
		return s->nblocks;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->blocks[middle].first <= i)
			low = middle;
		else
			high = middle;
	}
	return low;
}

const char *
shelf_get(struct shelf *s, size_t i, size_t *len)
{
	size_t at = block_of(s, i);
	const char *bytes;

	if (at == s->nblocks) {
		bytes = s->open.data;
		if (s->at != at || i < s->next) {
			s->next = s->first;
			s->place = 0;
		}
		s->at = at;
	} else {
		if (s->at != at || i < s->next)
			open_block(s, at);
		bytes = s->read.data;
	}
	for (;;) {
		memcpy(len, bytes + s->place, sizeof(*len));
		if (s->next == i)
			return bytes + s->place + sizeof(*len);
		s->place += sizeof(*len) + *len;
		s->next++;
	}
}

void
shelf_free(struct shelf *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->nblocks; i++)
		free(s->blocks[i].bytes);
	free(s->blocks);
	buf_release(&s->open);
	buf_release(&s->read);
	free(s);
}
