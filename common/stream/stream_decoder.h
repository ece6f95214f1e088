/*
 * What the decoders share, one for each encoding, and the reader above them.  A decoder
 * knows how rows and documents look; which of them reads a stream, and what is around the
 * stream, is stream_reader's business.
 */
#ifndef COMMON_STREAM_DECODER_H
#define COMMON_STREAM_DECODER_H

#include <jansson.h>
#include <stdbool.h>
#include <xxhash.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/rows/pgcopy.h"
#include "common/rows/rowdigest.h"
#include "common/schema/header.h"
#include "common/stream/readbuf.h"
#include "common/stream/stream_chunk.h"

struct manifest;
struct ndjson_reader;

/* What stream_decoder_header() has found in place of a header. */
#define STREAM_MANIFEST 1

#define STREAM_ENOUGH READBUF_BLOCK /* bytes of transcoded rows that make a chunk */

/* Where the reading of one stream stands. */
struct stream_decoder {
	struct readbuf rb;
	struct header *header; /* owned; NULL: plain PGCOPY */
	struct manifest *set;  /* owned; NULL: one stream, or streams that know nothing of it */
	size_t member;         /* of the set, from 0, that the current stream is */
	struct schema *schema; /* of the rows, as the caller says; owned; NULL: the header's */
	enum stream_edited edited;
	bool bare;
	bool *keep;         /* which fields to yield, NULL: all */
	size_t nkeep;       /* fields in keep */
	char *const *names; /* the columns of bare NDJSON; borrowed; NULL: the first line's */
	size_t nnames;
	bool ignore_others;   /* with names: other keys are passed over */
	bool infer;           /* the first rows of bare NDJSON say which types there are */
	bool keep_faults;     /* a row of NDJSON that cannot be read is a chunk */
	struct err fault;     /* of the last of these */
	size_t line_max;      /* bytes of an NDJSON line without its newline */
	uint64_t rows;        /* of the current stream */
	uint64_t rows_before; /* of the streams before it */
	int64_t sent;         /* rows as the end documents say, -1: one had none */
	bool crlf;            /* newlines have come as carriage return and newline */
	char *aborted_run;    /* owned; of the abort document, or NULL */
	int aborted_status;   /* the writer's exit status, 0: it has not said */
	uint64_t stop; /* a chunk ends with this row of the stream at the latest, 0: none */
	XXH3_state_t *digest;
	struct rowdigest rows_digest;
	bool digest_faulty; /* a row could not be read, so their digest is not known */
	bool *json;         /* which columns of NDJSON hold it; owned; NULL: none */
	struct buf scratch; /* for pgcopy_digest_text() */
	struct buf full;    /* rows of NDJSON before fields are left out */
	struct buf out;     /* transcoded rows */
	struct pgcopy_scan scan;
	struct pgcopy_scan
		sent_scan; /* the same of rows whose fields are left out or rewritten */
	struct ndjson_reader *ndjson;
};

struct stream_decoder_ops {
	/* Read the header: fills header (or leaves it NULL) and bare. */
	int (*begin)(struct stream_decoder *d, struct err *e);
	/*
	 * Yield rows and count them: 1 with a chunk, which may be empty; 0 when the stream
	 * is complete, its end document checked; -1.
	 */
	int (*next)(struct stream_decoder *d, struct stream_chunk *chunk, struct err *e);
};

/*
 * stream_decoder_where(d, e):
 * Put input name, row and byte offset in front of the message.  Returns -1.
 */
int stream_decoder_where(struct stream_decoder *d, struct err *e);

/*
 * stream_decoder_at(d, e):
 * Put input name and row in front of the message, with the member's name in a set.
 * Returns -1.
 */
int stream_decoder_at(const struct stream_decoder *d, struct err *e);

/*
 * stream_decoder_cut(d, e):
 * Say that the input ends too early.  Returns -1.
 */
int stream_decoder_cut(struct stream_decoder *d, struct err *e);

/*
 * stream_decoder_lacks(d, e):
 * Say that a set ends where its manifest promises another member.  Returns -1.
 */
int stream_decoder_lacks(struct stream_decoder *d, struct err *e);

/*
 * stream_decoder_too_large(d, e):
 * Say that a document is too large.  Returns -1.
 */
int stream_decoder_too_large(struct stream_decoder *d, struct err *e);

/*
 * stream_decoder_document(d, text, len, e):
 * Parse a document of at most PGCOPY_DOCUMENT_MAX bytes.  Returns it for the caller to
 * json_decref(); NULL with
 * ${e} filled if it is no JSON object or an abort document.
 */
json_t *stream_decoder_document(struct stream_decoder *d, const char *text, size_t len,
				struct err *e);

/*
 * stream_decoder_header(d, text, len, e):
 * Parse the header document, which becomes the decoder's, and begin the digest with it.
 * Returns 0; STREAM_MANIFEST if it is a document of a set's manifest, behind which another
 * one or a header follows; -1.
 */
int stream_decoder_header(struct stream_decoder *d, const char *text, size_t len, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stream_decoder_is_set(d):
 * Has the whole manifest of a set been read?
 */
bool stream_decoder_is_set(const struct stream_decoder *d);

/*
 * stream_decoder_restart(d):
 * Begin the digest of another stream, or of the set's manifest.
 */
void stream_decoder_restart(struct stream_decoder *d);

/*
 * stream_decoder_check_end(d, doc, e):
 * Compare an end document with what has been read.
 */
int stream_decoder_check_end(struct stream_decoder *d, json_t *doc, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stream_decoder_digest(d, hex):
 * Store the digest of the current stream, as far as it has been read, as 16 hex digits and
 * a NUL.
 */
void stream_decoder_digest(const struct stream_decoder *d, char hex[17]);

/*
 * stream_decoder_rows_digest(d, hex):
 * Store the digest of the rows that have been read, whatever is yielded of them, and a NUL;
 * the empty string if it is not known.
 */
void stream_decoder_rows_digest(const struct stream_decoder *d, char hex[ROWDIGEST_LEN + 1]);

#endif /* COMMON_STREAM_DECODER_H */
