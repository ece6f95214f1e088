/*
 * Rows as newline-delimited JSON, transcoded from and to COPY text in chunks of
 * whole rows.  The rules of portl-stream(5), "NDJSON encoding"; JSON after
 * RFC 8259, strictly.  Rows only: the envelope's {"$portl":…} lines
 * belong to stream_reader and stream_writer.  No allocation per row or field.
 */
#ifndef COMMON_NDJSON_H
#define COMMON_NDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct schema;

/* ---- writing ---- */

struct ndjson_writer;

#define NDJSON_QUOTE_NUMBERS 1 /* int8 and numeric as strings, for consumers with doubles */
#define NDJSON_BARE 2          /* no envelope: a json column's SQL NULL is null, not absent */

/*
 * ndjson_writer_new(schema, flags):
 * Prepare to write rows with ${schema}'s columns (borrowed until free).
 */
struct ndjson_writer *ndjson_writer_new(const struct schema *schema, unsigned flags);

/*
 * ndjson_writer_rows(w, rows, len, out, e):
 * Append to ${out} one JSON line for each row of COPY text in ${rows}, which
 * are ${len} bytes of whole rows in UTF-8, as the server sends them.  Returns 0,
 * or -1 with ${e} (EXIT_DATA) filled, as for a json column whose value is none.
 */
int ndjson_writer_rows(struct ndjson_writer *w, const char *rows, size_t len, struct buf *out,
		       struct err *e) __attribute__((warn_unused_result));

void ndjson_writer_free(struct ndjson_writer *w);

/*
 * ndjson_type_json_columns(schema):
 * Return which of ${schema}'s columns hold JSON or arrays of it, as an array for the caller to
 * free(); NULL: none.  Newlines in these become spaces when they are written.
 */
bool *ndjson_type_json_columns(const struct schema *schema);

/* ---- reading ---- */

struct ndjson_reader;

#define NDJSON_IGNORE 4 /* keys that are no columns are passed over, but for $portl */
#define NDJSON_EXACT 8  /* lines are as written: white space around json is its own */

/*
 * ndjson_reader_new(schema, flags):
 * Prepare to read rows for ${schema}'s columns (borrowed until free), in that
 * order whatever the order of a line's keys.  With NDJSON_BARE, null and
 * absent are SQL NULL for json columns too.  Values that are not of an inferred type are
 * refused.
 */
struct ndjson_reader *ndjson_reader_new(const struct schema *schema, unsigned flags);

/*
 * ndjson_reader_select(r, keep):
 * Say that the columns with keep[i] false are not wanted: their values are in the rows all the
 * same, but are not held against types that were guessed.
 */
void ndjson_reader_select(struct ndjson_reader *r, const bool *keep);

/*
 * ndjson_reader_line(r, line, len, out, e):
 * Append the row in ${line} (${len} bytes, without its newline) to ${out} as
 * one row of COPY text.  On failure ${out} is as before and ${e} (EXIT_STREAM)
 * names what is wrong, the byte offset within the line (from 1) and the column;
 * the caller prefixes which line it is.  Returns 0 or -1.
 */
int ndjson_reader_line(struct ndjson_reader *r, const char *line, size_t len, struct buf *out,
		       struct err *e) __attribute__((warn_unused_result));

void ndjson_reader_free(struct ndjson_reader *r);

/* ---- what the first rows of a bare stream say ---- */

struct ndjson_sample;

/*
 * ndjson_sample_new(schema, fixed):
 * Prepare to find out which columns bare rows have: keys become columns of ${schema}
 * (borrowed until free) in the order in which they come, of unknown type (type "").
 * ${fixed}: the schema has all of them, and other keys are passed over.
 */
struct ndjson_sample *ndjson_sample_new(struct schema *schema, bool fixed);

/*
 * ndjson_sample_line(s, line, len, e):
 * Take one row into account.  Returns -1 with ${e} filled if it is not an object, or has a
 * key twice.
 */
int ndjson_sample_line(struct ndjson_sample *s, const char *line, size_t len, struct err *e)
	__attribute__((warn_unused_result));

/*
 * ndjson_sample_settle(s):
 * Give the columns the types that all values so far have (infer.h).  What is an object or an
 * array is jsonb, or json where jsonb would change it, and so are the column's other values;
 * strings are no numbers and no booleans.
 */
void ndjson_sample_settle(struct ndjson_sample *s);

void ndjson_sample_free(struct ndjson_sample *s);

#endif /* COMMON_NDJSON_H */
