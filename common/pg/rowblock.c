/*
 * The server sends each row as a message, and libpq copies messages to where
 * the block ends.  Only the one that fills the block to the brim may be cut;
 * it alone is looked into, to be kept back for the next block if it is.  That each
 * message is a row is held against the count that the server states in the end.
 */
#include "common/pg/rowblock.h"

#include <string.h>

#include "common/base/err.h"
#include "common/rows/pgcopy.h"
#include "common/rows/rowdigest.h"

void
rowblock_init(struct rowblock *b, bool binary, int nfields)
{
	struct buf bytes = b->bytes;

	bytes.len = 0;
	*b = (struct rowblock){.bytes = bytes, .binary = binary, .nfields = nfields};
}

void
rowblock_release(struct rowblock *b)
{
	buf_release(&b->bytes);
}

/* The server's own header comes in front of the first row, in the same message. */
static int
strip_header(struct rowblock *b, struct err *e)
{
	const char *data = b->bytes.data;
	size_t size = PGCOPY_PREAMBLE_LEN;

	if (b->bytes.len >= size)
		size += pgcopy_get32(data + PGCOPY_PREAMBLE_LEN - 4);
	if (b->bytes.len < size || memcmp(data, PGCOPY_SIGNATURE, PGCOPY_SIGNATURE_LEN) != 0)
		return err_set(e, EXIT_DATA, "the server's COPY data have no header");
	buf_drop(&b->bytes, size);
	b->header_seen = true;
	return 0;
}

/* Does a row end where the block is full?  1, 0, -1 with ${e} filled. */
static int
is_whole(const struct rowblock *b, struct err *e)
{
	const char *row = b->bytes.data + b->len;
	size_t size = b->bytes.len - b->len;

	if (b->binary)
		return pgcopy_is_tuple(row, size, b->nfields, e);
	return size > 0 && row[size - 1] == '\n';
}

/* A message is a tuple, so that nothing has to look for where it ends. */
static int
digest_tuple(struct rowblock *b, const char *tuple, size_t size, struct err *e)
{
	if (size < 2 || pgcopy_get16(tuple) != b->nfields)
		return err_set(e, EXIT_DATA, "the server's COPY data have no row of %d fields",
			       b->nfields);
	rowdigest_row(b->digest, tuple + 2, size - 2);
	return 0;
}

/* Count a message in.  ${brim}: it may be cut. */
static int
take(struct rowblock *b, bool brim, struct err *e)
{
	const char *row;
	size_t size;
	int whole = 1;

	if (b->binary && !b->header_seen && strip_header(b, e) != 0)
		return -1;
	row = b->bytes.data + b->len;
	size = b->bytes.len - b->len;
	if (b->binary && size == PGCOPY_TRAILER_LEN && pgcopy_get16(row) == 0xffff) {
		b->bytes.len = b->len;
		return 0;
	}
	if (brim)
		whole = is_whole(b, e);
	if (whole < 0)
		return -1;
	if (whole > 0 && size > 0) {
		if (b->digest != NULL && digest_tuple(b, row, size, e) != 0)
			return -1;
		b->len = b->bytes.len;
		b->rows++;
	}
	return 0;
}

enum db_row
rowblock_fill(struct rowblock *b, struct db *db, int timeout, struct err *e)
{
	int64_t deadline = timeout < 0 ? -1 : db_clock() + timeout;
	size_t size = ROWBLOCK_SIZE, n = 0;

	buf_drop(&b->bytes, b->len);
	b->len = 0;
	b->rows = 0;
	b->pause = false;
	while (!b->ended && b->len < ROWBLOCK_SIZE && (b->bytes.len < size || b->rows == 0)) {
		enum db_row got;

		while (size <= b->bytes.len)
			size *= 2; /* for a row that is larger than a block */
		buf_reserve(&b->bytes, size - b->bytes.len);
		got = db_copy_out_get(db, b->bytes.data + b->bytes.len, size - b->bytes.len, &n,
				      deadline, e);
		if (got == DB_ROWS_END) {
			b->counted = n;
			b->ended = true;
			break;
		}
		if (got == DB_NO_ROW_YET && b->rows > 0) {
			b->pause = true;
			break;
		}
		if (got != DB_ROW)
			return got;
		b->bytes.len += n;
		if (take(b, b->bytes.len == size, e) != 0)
			return DB_ROW_FAILED;
		if (b->rows == 1)
			deadline = db_clock() + ROWBLOCK_PATIENCE;
	}
	return b->rows > 0 ? DB_ROW : DB_ROWS_END;
}
