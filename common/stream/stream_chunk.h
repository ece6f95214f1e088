/*
 * Rows in pieces, as the reader yields them and sinks take them; and how much of a stream
 * may differ from what its end document says.
 */
#ifndef COMMON_STREAM_CHUNK_H
#define COMMON_STREAM_CHUNK_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* What is compared with the end document of an edited stream. */
enum stream_edited {
	STREAM_AS_SENT,    /* count and digest */
	STREAM_EDITED,     /* the count: rows have changed, but none is gone */
	STREAM_EDITED_ROWS /* nothing: there may be fewer or more of them */
};

/*
 * Some COPY data.  It may end inside a row, which the next chunk goes on with; a chunk that
 * holds the end of no row has rows 0 and whole 0.
 */
struct stream_chunk {
	const char *data; /* valid until the next call on the reader */
	size_t len;       /* bytes */
	size_t whole;     /* bytes up to the end of the last row that ends here */
	uint64_t rows;    /* rows that end here */
	/*
	 * NULL, or why the one row that this is cannot be read: data is its line as it came.
	 * Only where stream_reader_keep_faults() was called.  Valid as long as data.
	 */
	const struct err *fault;
};

#endif /* COMMON_STREAM_CHUNK_H */
