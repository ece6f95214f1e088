/*
 * The writing end of the stream: header document, rows, end or abort document,
 * with the count and digest that let the reader tell the whole from a part.
 * The format is specified in portl-stream(5).
 */
#ifndef COMMON_STREAM_WRITER_H
#define COMMON_STREAM_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rows/rowdigest.h"

struct err;
struct output;
struct header;
struct manifest;
struct stream_writer;

enum stream_format { STREAM_BINARY, STREAM_NDJSON };

#define STREAM_DIGEST_LEN 16 /* hex digits of an XXH3-64 digest, NUL not counted */

/*
 * stream_writer_new(out, format, ndjson_flags):
 * Prepare to write to ${out}, which stays the caller's.  ${ndjson_flags} are
 * those of ndjson.h.  Free with stream_writer_free().
 */
struct stream_writer *stream_writer_new(struct output *out, enum stream_format format,
					unsigned ndjson_flags);

/*
 * stream_writer_set_run(w, run):
 * Say which run (borrowed) an abort document is of.
 */
void stream_writer_set_run(struct stream_writer *w, const char *run);

/*
 * stream_writer_digest_only(w):
 * Write nothing: rows are counted and come to their digest, and that is all.
 */
void stream_writer_digest_only(struct stream_writer *w);

/*
 * stream_writer_manifest(w, set, e):
 * Write the manifest of a set, before anything else.  Each of its members has to follow in
 * its order, from stream_writer_begin() to stream_writer_end().
 */
int stream_writer_manifest(struct stream_writer *w, const struct manifest *set, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stream_writer_begin(w, header, e):
 * Write the header document, of another stream behind the end of one that was written
 * before.  ${header} is borrowed until the stream ends;
 * its `values` says whether rows come as binary tuples or as COPY text (NDJSON:
 * always COPY text), its `bare` whether the envelope is left out.
 */
int stream_writer_begin(struct stream_writer *w, const struct header *header, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stream_writer_rows(w, data, len, nrows, digest, e):
 * Write ${nrows} whole rows.  They may be held back until a block is full.  ${digest} is
 * what they come to where they are tuples; it may be NULL for a single one, and is not
 * looked at with COPY text.
 */
int stream_writer_rows(struct stream_writer *w, const char *data, size_t len, uint64_t nrows,
		       const struct rowdigest *digest, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stream_writer_pending(w):
 * Return the number of bytes held back.
 */
size_t stream_writer_pending(const struct stream_writer *w);

/*
 * stream_writer_flush(w, e):
 * Send on what is held back, for readers that wait for a slow source.
 */
int stream_writer_flush(struct stream_writer *w, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stream_writer_end(w, e):
 * Write the end document.  The output is not finished by this; a caller that
 * takes the document back from it may go on with rows and end again.
 */
int stream_writer_end(struct stream_writer *w, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stream_writer_abort(w, why):
 * Tell the reader that the stream is given up and why, if it can still be told:
 * not in a bare stream, not inside a row, and not if the output would block for
 * longer than a second.  Rows held back are dropped, though the document counts
 * them.  May be called before stream_writer_begin().  Returns whether it has been told.
 */
bool stream_writer_abort(struct stream_writer *w, const struct err *why);

/*
 * stream_writer_count(w), stream_writer_digest(w, hex):
 * Return the number of rows written; store the digest of header and rows as
 * STREAM_DIGEST_LEN hex digits and a NUL.
 */
uint64_t stream_writer_count(const struct stream_writer *w);
void stream_writer_digest(const struct stream_writer *w, char hex[STREAM_DIGEST_LEN + 1]);

/*
 * stream_writer_rows_digest(w, hex):
 * Store the digest of the rows of the stream last begun, which does not depend on their
 * order, and a NUL; the empty string if none has begun.
 */
void stream_writer_rows_digest(const struct stream_writer *w, char hex[ROWDIGEST_LEN + 1]);

/*
 * stream_writer_free(w):
 * Free the writer.  NULL does nothing.
 */
void stream_writer_free(struct stream_writer *w);

#endif /* COMMON_STREAM_WRITER_H */
