/*
 * The reading end of the stream.  Finds out what comes in (portl-stream(5), a
 * plain PGCOPY file, plain NDJSON), yields COPY data, and says "end" only after
 * it has proof that the whole has been seen.
 */
#ifndef COMMON_STREAM_READER_H
#define COMMON_STREAM_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rows/rowdigest.h"
#include "common/stream/stream_chunk.h"

struct err;
struct input;
struct header;
struct manifest;
struct schema;
struct stream_reader;

#define STREAM_LINE_MAX ((size_t)1 << 30) /* bytes of an NDJSON line, by default */

/*
 * stream_reader_new(in, edited):
 * Read streams from ${in}, which stays the caller's; ${edited} is what becomes of their proof.
 * Free with stream_reader_free().
 */
struct stream_reader *stream_reader_new(struct input *in, enum stream_edited edited);

/*
 * stream_reader_name_columns(r, names, n, ignore_others):
 * Say that bare NDJSON streams have the columns ${names} (borrowed), whatever
 * keys their first line has, and that streams that know their columns are refused; NULL:
 * the first line has them.  Other keys are passed over or, by default, refused; those in
 * schema.beside always are.
 */
void stream_reader_name_columns(struct stream_reader *r, char *const *names, size_t n,
				bool ignore_others);

/*
 * stream_reader_infer(r):
 * Find out which types the columns of bare NDJSON streams have, and unless they are named
 * which columns there are, from as many rows as infer.h says; other streams are refused.
 */
void stream_reader_infer(struct stream_reader *r);

/*
 * stream_reader_limit_line(r, bytes):
 * Refuse longer lines of NDJSON, newline not counted; the default is STREAM_LINE_MAX.
 */
void stream_reader_limit_line(struct stream_reader *r, size_t bytes);

/*
 * stream_reader_begin(r, e):
 * Wait for the next stream and read its header.  An abort document there gives
 * upstream's reason as ${e} (EXIT_STREAM), an empty input an error of its own.
 */
int stream_reader_begin(struct stream_reader *r, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stream_reader_set(r):
 * Return, once the first stream has begun, the set that it is the first member of, owned by
 * the reader; NULL: it is of none.  All members follow in their order, one stream each.
 */
const struct manifest *stream_reader_set(const struct stream_reader *r);

/*
 * stream_reader_header(r):
 * Return what the stream says of itself, owned by the reader and valid until
 * the next stream begins.  NULL for a plain PGCOPY file, whose columns have no
 * names; columns of a bare NDJSON stream have the type "" unless it is inferred.
 */
const struct header *stream_reader_header(const struct stream_reader *r);

/*
 * stream_reader_run(r):
 * Return the id of the run that the stream is of, as far as it says so, or NULL; owned by the
 * reader.
 */
const char *stream_reader_run(const struct stream_reader *r);

/*
 * stream_reader_aborted(r):
 * Return the exit status of the writer that has aborted the stream, 0: none has, or it does
 * not say.
 */
int stream_reader_aborted(const struct stream_reader *r);

/*
 * stream_reader_is_text(r), stream_reader_is_ndjson(r):
 * Tell whether chunks are COPY text (else COPY binary); whether the stream is
 * NDJSON (else binary).
 */
bool stream_reader_is_text(const struct stream_reader *r);
bool stream_reader_is_ndjson(const struct stream_reader *r);

/*
 * stream_reader_is_bare(r):
 * Tell whether the stream has no end document by which it could be proved whole.
 */
bool stream_reader_is_bare(const struct stream_reader *r);

/*
 * stream_reader_set_schema(r, schema):
 * Say what the stream's rows are, in place of its header, which may leave columns and types
 * open.  To be called before the first stream_reader_next(); ${schema} is copied.
 */
void stream_reader_set_schema(struct stream_reader *r, const struct schema *schema);

/*
 * stream_reader_select(r, keep, n):
 * Yield only the fields with keep[i] true, of ${n} fields in each row; without
 * a schema this also says how many fields are expected.  To be called before
 * the first stream_reader_next(); ${keep} is copied.
 */
void stream_reader_select(struct stream_reader *r, const bool *keep, size_t n);

/*
 * stream_reader_keep_faults(r, on):
 * Yield a row of NDJSON that cannot be read, though it is clear where its line ends, as a
 * chunk with a fault; by default it is a failure.
 */
void stream_reader_keep_faults(struct stream_reader *r, bool on);

/*
 * stream_reader_stop(r, rows):
 * Have a chunk end where ${rows} (at least one) more rows of this stream are
 * complete, at the latest; holds once, until it is called again.
 */
void stream_reader_stop(struct stream_reader *r, uint64_t rows);

/*
 * stream_reader_next(r, chunk, e):
 * Wait for more rows.  Returns 1 with a chunk, 0 when the stream is complete
 * (its end document has been checked), -1 with ${e} filled.
 */
int stream_reader_next(struct stream_reader *r, struct stream_chunk *chunk, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stream_reader_follows(r, e), stream_reader_finish(r, e):
 * A stream is complete: return 1 if anything follows it, 0 if not, -1 with ${e} filled; check
 * that nothing follows the last one.
 */
int stream_reader_follows(struct stream_reader *r, struct err *e)
	__attribute__((warn_unused_result));
int stream_reader_finish(struct stream_reader *r, struct err *e)
	__attribute__((warn_unused_result));

/*
 * stream_reader_rows(r), stream_reader_sent(r), stream_reader_bytes(r),
 * stream_reader_digest(r, hex):
 * Return the rows of all streams so far; as many as their end documents say were sent,
 * -1 if one had none; the bytes consumed; store the digest
 * of the stream last begun as 16 hex digits and a NUL.
 */
uint64_t stream_reader_rows(const struct stream_reader *r);
int64_t stream_reader_sent(const struct stream_reader *r);
uint64_t stream_reader_bytes(const struct stream_reader *r);
void stream_reader_digest(const struct stream_reader *r, char hex[17]);

/*
 * stream_reader_rows_digest(r, hex):
 * Store the digest of the rows of the stream last begun as they were sent, which does not
 * depend on their order, and a NUL; the empty string if none has begun or a row could not be
 * read.
 */
void stream_reader_rows_digest(const struct stream_reader *r, char hex[ROWDIGEST_LEN + 1]);

/*
 * stream_reader_free(r):
 * Free the reader.  NULL does nothing.
 */
void stream_reader_free(struct stream_reader *r);

#endif /* COMMON_STREAM_READER_H */
