/*
 * Rows on their way from the server's COPY … TO STDOUT, gathered in blocks large enough to
 * be written or compared as they are.
 */
#ifndef COMMON_ROWBLOCK_H
#define COMMON_ROWBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/pg/db.h"

struct err;
struct rowdigest;

#define ROWBLOCK_SIZE ((size_t)256 * 1024) /* bytes to gather */
#define ROWBLOCK_PATIENCE 100              /* ms that rows are held back for a fuller block */

struct rowblock {
	struct buf bytes;
	size_t len;               /* bytes of whole rows at the front */
	uint64_t rows;            /* how many these are */
	bool pause;               /* nothing more was there for a while */
	bool binary;              /* COPY binary, else COPY text */
	int nfields;              /* in each row */
	bool header_seen;         /* of the server's COPY binary data */
	bool ended;               /* the server has sent all */
	uint64_t counted;         /* rows that it says it sent; 0 if it does not say */
	struct rowdigest *digest; /* tuples are added to it as they come; borrowed, or NULL */
};

/*
 * rowblock_init(b, binary, nfields), rowblock_release(b):
 * Begin in front of the first row; free the memory.  ${b} is zeroed or has been begun before,
 * and then keeps its memory.
 */
void rowblock_init(struct rowblock *b, bool binary, int nfields);
void rowblock_release(struct rowblock *b);

/*
 * rowblock_fill(b, db, timeout, e):
 * Replace the rows by the next ones of the COPY that runs on ${db}: as many as
 * fit into ROWBLOCK_SIZE bytes (a larger row comes alone), fewer if the server
 * pauses.  Waits at most ${timeout} ms for the first (-1: any time).
 */
enum db_row rowblock_fill(struct rowblock *b, struct db *db, int timeout, struct err *e);

#endif /* COMMON_ROWBLOCK_H */
