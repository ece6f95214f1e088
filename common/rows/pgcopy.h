/*
 * The binary COPY format: a signature, flags, a header extension area, tuples
 * of counted fields, and a trailer.  Source: PostgreSQL manual, COPY, "Binary
 * Format".  Portl's documents travel in the extension area as chunks: see
 * portl-stream(5), "Binary encoding".
 */
#ifndef COMMON_PGCOPY_H
#define COMMON_PGCOPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct rowdigest;

#define PGCOPY_SIGNATURE "PGCOPY\n\377\r\n" /* and a NUL: 11 bytes */
#define PGCOPY_SIGNATURE_LEN 11
#define PGCOPY_PREAMBLE_LEN 19 /* signature, flags, extension length */
#define PGCOPY_TRAILER_LEN 2
#define PGCOPY_EXTENSION_MAX (16u << 20) /* bytes, Portl's own limit */
#define PGCOPY_DOCUMENT_MAX (8u << 20)   /* the same for the document in it, and in NDJSON */
#define PGCOPY_FIELD_MAX 0x3fffffffu     /* bytes, the server's limit */

static inline uint16_t
pgcopy_get16(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint16_t)(u[0] << 8 | u[1]);
}

static inline uint32_t
pgcopy_get32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

/*
 * pgcopy_put16(b, v), pgcopy_put32(b, v):
 * Append a number in network byte order.
 */
void pgcopy_put16(struct buf *b, uint16_t v);
void pgcopy_put32(struct buf *b, uint32_t v);

/*
 * pgcopy_put_preamble(b, document, len):
 * Append signature, flags and an extension area with one PRTL chunk that holds
 * ${len} bytes of ${document}.
 */
void pgcopy_put_preamble(struct buf *b, const char *document, size_t len);

/*
 * pgcopy_put_trailer(b):
 * Append the trailer, a field count of -1.
 */
void pgcopy_put_trailer(struct buf *b);

/*
 * pgcopy_find_document(area, len, document, doclen, e):
 * Look for the PRTL chunk in the extension area of ${len} bytes.  Returns 1 and
 * its place in ${area}, 0 if there is none, -1 with ${e} (EXIT_STREAM) filled
 * where the chunks do not add up or there are two.
 */
int pgcopy_find_document(const char *area, size_t len, const char **document, size_t *doclen,
			 struct err *e) __attribute__((warn_unused_result));

/* Where a walk through tuples stands; it may stop and go on at any byte. */
struct pgcopy_scan {
	int nfields;         /* fields in each tuple, -1: the first one tells */
	int fields_left;     /* fields of the current tuple not begun yet */
	uint32_t bytes_left; /* bytes of the current field not passed yet */
	bool in_row;         /* between a field count and the tuple's last byte */
	bool done;           /* the trailer has been passed */
	uint64_t rows;       /* tuples passed completely */
	size_t whole;        /* what of pgcopy_scan()'s bytes the last whole tuple ends with */
	uint64_t stop;       /* pgcopy_scan() goes no further than this many, 0: to the end */
	struct rowdigest *digest; /* pgcopy_scan() adds the tuples to it; borrowed, or NULL */
};

/*
 * pgcopy_scan_init(s, nfields):
 * Begin in front of the first tuple.
 */
void pgcopy_scan_init(struct pgcopy_scan *s, int nfields);

/*
 * pgcopy_scan(s, p, len, passed, e):
 * Walk over ${len} bytes; ${*passed} is how many could be taken in (at most
 * three are left, the first part of a number), the trailer included.  Returns
 * 0, or -1 with ${e} (EXIT_STREAM) filled: wrong field count, absurd length.
 */
int pgcopy_scan(struct pgcopy_scan *s, const char *p, size_t len, size_t *passed, struct err *e)
	__attribute__((warn_unused_result));

/*
 * pgcopy_is_tuple(p, len, nfields, e):
 * Tell whether ${len} bytes, which begin with a tuple of ${nfields} fields (-1: any
 * number), are that one and all of it.  Returns 1 or 0, or -1 as pgcopy_scan() does.
 */
int pgcopy_is_tuple(const char *p, size_t len, int nfields, struct err *e)
	__attribute__((warn_unused_result));

/* What pgcopy_step() found. */
enum pgcopy_event {
	PGCOPY_MORE,    /* the bytes are used up */
	PGCOPY_ROW,     /* a tuple begins */
	PGCOPY_FIELD,   /* a field begins, its length is in step->field_len */
	PGCOPY_DATA,    /* step->data, step->len: bytes of the field */
	PGCOPY_ROW_END, /* the tuple is complete */
	PGCOPY_END,     /* the trailer */
	PGCOPY_BAD      /* the error is filled */
};

struct pgcopy_step {
	int32_t field_len; /* bytes, -1: NULL */
	const char *data;
	size_t len; /* bytes */
};

/*
 * pgcopy_step(s, p, end, step, e):
 * Walk from ${*p} towards ${end} to the next event, for callers that look into
 * the fields; a field's bytes may come in several PGCOPY_DATA.
 */
enum pgcopy_event pgcopy_step(struct pgcopy_scan *s, const char **p, const char *end,
			      struct pgcopy_step *step, struct err *e);

/*
 * pgcopy_from_text(out, row, len, nfields, e):
 * Append one row of COPY text (${len} bytes, its newline included) to ${out}
 * as a tuple whose fields are the values' text.  Returns 0, or -1 with ${e}
 * filled if the row does not have ${nfields} fields.
 */
int pgcopy_from_text(struct buf *out, const char *row, size_t len, int nfields, struct err *e)
	__attribute__((warn_unused_result));

/*
 * pgcopy_digest_text(d, scratch, rows, len, nfields, blank, e):
 * Add rows of COPY text (${len} bytes) to ${d} as the tuples that pgcopy_from_text() makes,
 * with the help of ${scratch}, whose contents are lost.  With ${blank} not NULL, newlines
 * and carriage returns count as spaces in the columns for which it is true.  Returns 0, or
 * -1 as above.
 */
int pgcopy_digest_text(struct rowdigest *d, struct buf *scratch, const char *rows, size_t len,
		       int nfields, const bool *blank, struct err *e)
	__attribute__((warn_unused_result));

#endif /* COMMON_PGCOPY_H */
