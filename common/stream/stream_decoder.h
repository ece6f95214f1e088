/*
 * What stream_reader and its decoders share: one decoder for each encoding.
 * Nobody else includes this.
 */
#ifndef COMMON_STREAM_DECODER_H
#define COMMON_STREAM_DECODER_H

#include <jansson.h>
#include <xxhash.h>

#include "common/base/buf.h"
#include "common/rows/pgcopy.h"
#include "common/stream/readbuf.h"
#include "common/stream/stream_reader.h"

struct ndjson_reader;

#define STREAM_ENOUGH READBUF_BLOCK /* bytes of transcoded rows that make a chunk */

struct stream_decoder_ops {
	/* Read the header: fills schema (or leaves it NULL) and bare. */
	int (*begin)(struct stream_reader *r, struct err *e);
	/* As stream_reader_next(), row counting included; may set chunk->len 0. */
	int (*next)(struct stream_reader *r, struct stream_chunk *chunk, struct err *e);
};

struct stream_reader {
	struct readbuf rb;
	const struct stream_decoder_ops *ops; /* of the current stream */
	struct header *header;                /* owned; NULL: plain PGCOPY */
	unsigned flags;
	bool bare;
	bool done;          /* the current stream is complete */
	bool *keep;         /* which fields to yield, NULL: all */
	size_t nkeep;       /* fields in keep */
	char *const *names; /* the columns of bare NDJSON; borrowed; NULL: the first line's */
	size_t nnames;
	bool ignore_others;   /* with names: other keys are passed over */
	size_t line_max;      /* bytes of an NDJSON line without its newline */
	uint64_t rows;        /* of the current stream */
	uint64_t rows_before; /* of the streams before it */
	char *aborted_run;    /* owned; of the abort document, or NULL */
	uint64_t stop; /* a chunk ends with this row of the stream at the latest, 0: none */
	XXH3_state_t *digest;
	struct buf out; /* transcoded rows */
	struct pgcopy_scan scan;
	struct ndjson_reader *ndjson;
};

extern const struct stream_decoder_ops stream_pgcopy_ops;
extern const struct stream_decoder_ops stream_ndjson_ops;

/*
 * stream_reader_where(r, e):
 * Put input name, row and byte offset in front of the message.  Returns -1.
 */
int stream_reader_where(struct stream_reader *r, struct err *e);

/*
 * stream_reader_cut(r, e):
 * Say that the input ends too early.  Returns -1.
 */
int stream_reader_cut(struct stream_reader *r, struct err *e);

/*
 * stream_reader_document(r, text, len, e):
 * Parse a document.  Returns it for the caller to json_decref(); NULL with
 * ${e} filled if it is no JSON object or an abort document.
 */
json_t *stream_reader_document(struct stream_reader *r, const char *text, size_t len,
			       struct err *e);

/*
 * stream_reader_check_end(r, doc, e):
 * Compare an end document with what has been read.
 */
int stream_reader_check_end(struct stream_reader *r, json_t *doc, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_STREAM_DECODER_H */
