/*
 * Framing of the binary COPY format.  pgcopy_scan() is the hot path of a binary
 * pipe: it touches the length words only, so that rows go to the server from
 * the very block that they were read into.
 */
#include "common/rows/pgcopy.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/rows/copytext.h"
#include "common/rows/rowdigest.h"

#define CHUNK_ID "PRTL"
#define CHUNK_HEAD 8 /* bytes: id and length */

void
pgcopy_put16(struct buf *b, uint16_t v)
{
	v = htons(v);
	buf_add(b, &v, sizeof(v));
}

void
pgcopy_put32(struct buf *b, uint32_t v)
{
	v = htonl(v);
	buf_add(b, &v, sizeof(v));
}

void
pgcopy_put_preamble(struct buf *b, const char *document, size_t len)
{
	buf_add(b, PGCOPY_SIGNATURE, PGCOPY_SIGNATURE_LEN);
	pgcopy_put32(b, 0); /* flags */
	pgcopy_put32(b, (uint32_t)(CHUNK_HEAD + len));
	buf_adds(b, CHUNK_ID);
	pgcopy_put32(b, (uint32_t)len);
	buf_add(b, document, len);
}

void
pgcopy_put_trailer(struct buf *b)
{
	pgcopy_put16(b, 0xffff);
}

int
pgcopy_find_document(const char *area, size_t len, const char **document, size_t *doclen,
		     struct err *e)
{
	size_t at = 0;
	int found = 0;

	while (len - at >= CHUNK_HEAD) {
		size_t size = pgcopy_get32(area + at + 4);

		if (size > len - at - CHUNK_HEAD)
			break;
		if (memcmp(area + at, CHUNK_ID, 4) == 0) {
			*document = area + at + CHUNK_HEAD;
			*doclen = size;
			found++;
		}
		at += CHUNK_HEAD + size;
	}
	if (at != len || found > 1)
		return err_set(e, EXIT_STREAM, "the stream's header extension is damaged");
	return found;
}

void
pgcopy_scan_init(struct pgcopy_scan *s, int nfields)
{
	*s = (struct pgcopy_scan){.nfields = nfields};
}

/* The two bytes in front of a tuple: its field count, or -1 for the trailer. */
static int
begin_tuple(struct pgcopy_scan *s, int count, struct err *e)
{
	if (count == 0xffff) {
		s->done = true;
		return 0;
	}
	if (s->nfields < 0)
		s->nfields = count;
	if (count != s->nfields)
		return err_set(
			e, EXIT_STREAM,
			"the row has %d fields where %d are expected: the stream is damaged",
			count, s->nfields);
	s->in_row = true;
	s->fields_left = count;
	return 0;
}

static int
bad_length(uint32_t len, struct err *e)
{
	return err_set(e, EXIT_STREAM,
		       "a field claims a length of %ld bytes: the stream is damaged",
		       (long)(int32_t)len);
}

/* A tuple ends; what has not been digested of it are the bytes from ${p} to ${end}. */
static inline void
digest_rest(struct rowdigest *d, const char *p, const char *end)
{
	if (!d->open) {
		rowdigest_row(d, p, (size_t)(end - p));
		return;
	}
	rowdigest_part(d, p, (size_t)(end - p));
	rowdigest_end(d);
}

/*
 * Where the tuple ends whose fields begin at ${p}; NULL: it is not all there, or is bad, or
 * larger than a field may be.
 */
static inline const char *
tuple_end(const char *p, const char *end, int nfields)
{
	size_t left = (size_t)(end - p);

	left = left < PGCOPY_FIELD_MAX ? left : PGCOPY_FIELD_MAX;
	for (; nfields > 0; nfields--) {
		uint32_t size;

		if (left < 4)
			return NULL;
		size = pgcopy_get32(p);
		p += 4;
		left -= 4;
		if (size <= left) {
			p += size;
			left -= size;
		} else if (size != UINT32_MAX) {
			return NULL;
		}
	}
	return p;
}

/*
 * Pass the tuples from ${p} on that are all there; nearly all are.  Whatever else stands
 * behind them is left to be looked at field by field.
 */
static const char *
pass_whole(struct pgcopy_scan *s, const char *p, const char *end)
{
	const char *next;

	while (!s->done && end - p >= 2 && pgcopy_get16(p) == s->nfields &&
	       (next = tuple_end(p + 2, end, s->nfields)) != NULL) {
		if (s->digest != NULL)
			rowdigest_row(s->digest, p + 2, (size_t)(next - p - 2));
		p = next;
		if (++s->rows == s->stop)
			break;
	}
	return p;
}

/* Go on in the current tuple as far as the bytes reach. */
static int
pass_fields(struct pgcopy_scan *s, const char **p, const char *end, struct err *e)
{
	for (;;) {
		size_t n = (size_t)(end - *p);
		uint32_t size;

		n = n < s->bytes_left ? n : s->bytes_left;
		*p += n;
		s->bytes_left -= (uint32_t)n;
		if (s->bytes_left > 0 || s->fields_left == 0 || end - *p < 4)
			return 0;
		size = pgcopy_get32(*p);
		if (size > PGCOPY_FIELD_MAX && size != UINT32_MAX)
			return bad_length(size, e);
		*p += 4;
		s->fields_left--;
		s->bytes_left = size == UINT32_MAX ? 0 : size;
	}
}

int
pgcopy_scan(struct pgcopy_scan *s, const char *p, size_t len, size_t *passed, struct err *e)
{
	const char *const start = p, *const end = p + len;
	const char *row = p; /* what is not digested of the current tuple */

	s->whole = 0;
	for (;;) {
		if (!s->in_row) {
			p = pass_whole(s, p, end);
			if (p != row) {
				s->whole = (size_t)(p - start);
				if (s->rows == s->stop)
					break;
			}
			if (s->done || end - p < 2)
				break;
			if (begin_tuple(s, pgcopy_get16(p), e) != 0)
				return -1;
			row = p += 2;
			if (s->done)
				break;
		}
		if (pass_fields(s, &p, end, e) != 0)
			return -1;
		if (s->bytes_left > 0 || s->fields_left > 0)
			break;
		if (s->digest != NULL)
			digest_rest(s->digest, row, p);
		s->in_row = false;
		s->rows++;
		s->whole = (size_t)(p - start);
		if (s->rows == s->stop)
			break;
	}
	if (s->in_row && s->digest != NULL)
		rowdigest_part(s->digest, row, (size_t)(p - row));
	*passed = (size_t)(p - start);
	return 0;
}

int
pgcopy_is_tuple(const char *p, size_t len, int nfields, struct err *e)
{
	struct pgcopy_scan s;
	size_t passed = 0;

	pgcopy_scan_init(&s, nfields);
	if (pgcopy_scan(&s, p, len, &passed, e) != 0)
		return -1;
	return s.rows == 1 && passed == len;
}

enum pgcopy_event
pgcopy_step(struct pgcopy_scan *s, const char **p, const char *end, struct pgcopy_step *step,
	    struct err *e)
{
	size_t have = (size_t)(end - *p);
	uint32_t size;

	if (s->bytes_left > 0) {
		if (have == 0)
			return PGCOPY_MORE;
		step->data = *p;
		step->len = have < s->bytes_left ? have : s->bytes_left;
		s->bytes_left -= (uint32_t)step->len;
		*p += step->len;
		return PGCOPY_DATA;
	}
	if (s->fields_left > 0) {
		if (have < 4)
			return PGCOPY_MORE;
		size = pgcopy_get32(*p);
		if (size != UINT32_MAX && size > PGCOPY_FIELD_MAX) {
			bad_length(size, e);
			return PGCOPY_BAD;
		}
		*p += 4;
		s->fields_left--;
		s->bytes_left = size == UINT32_MAX ? 0 : size;
		step->field_len = (int32_t)size;
		return PGCOPY_FIELD;
	}
	if (s->in_row) {
		s->in_row = false;
		s->rows++;
		return PGCOPY_ROW_END;
	}
	if (s->done)
		return PGCOPY_END;
	if (have < 2)
		return PGCOPY_MORE;
	if (begin_tuple(s, pgcopy_get16(*p), e) != 0)
		return PGCOPY_BAD;
	*p += 2;
	return s->done ? PGCOPY_END : PGCOPY_ROW;
}

int
pgcopy_from_text(struct buf *out, const char *row, size_t len, int nfields, struct err *e)
{
	const char *p = row, *end = row + len - 1; /* the newline */
	const char *stop = p;                      /* of the last field */
	int n = 0;

	pgcopy_put16(out, (uint16_t)nfields);
	while (n < nfields) {
		size_t size;

		stop = copytext_field_end(p, end);
		size = (size_t)(stop - p);
		n++;
		if (copytext_is_null(p, size)) {
			pgcopy_put32(out, UINT32_MAX);
		} else {
			uint32_t be;
			size_t mark = out->len;

			buf_reserve(out, size + 4);
			out->len += 4;
			size = copytext_unescape(out->data + out->len, p, size);
			out->len += size;
			be = htonl((uint32_t)size);
			memcpy(out->data + mark, &be, sizeof(be));
		}
		p = stop;
		if (stop == end)
			break;
		p++;
	}
	if (n != nfields || stop != end)
		return err_set(e, EXIT_DATA, "a row does not have the %d fields expected",
			       nfields);
	return 0;
}

/* Newlines are spaces in the columns that ${blank} says. */
static void
blank_newlines(char *tuple, size_t len, const bool *blank)
{
	char *p = tuple + 2, *end = tuple + len;

	for (; p < end; blank++) {
		uint32_t size = pgcopy_get32(p);
		char *stop = p + 4 + (size == UINT32_MAX ? 0 : size);

		for (p += 4; *blank && p < stop; p++)
			if (*p == '\n' || *p == '\r')
				*p = ' ';
		p = stop;
	}
}

int
pgcopy_digest_text(struct rowdigest *d, struct buf *scratch, const char *rows, size_t len,
		   int nfields, const bool *blank, struct err *e)
{
	const char *end = rows + len;

	while (rows < end) {
		const char *stop = memchr(rows, '\n', (size_t)(end - rows));

		stop = stop != NULL ? stop + 1 : end;
		scratch->len = 0;
		if (pgcopy_from_text(scratch, rows, (size_t)(stop - rows), nfields, e) != 0)
			return -1;
		if (blank != NULL)
			blank_newlines(scratch->data, scratch->len, blank);
		rowdigest_row(d, scratch->data + 2, scratch->len - 2);
		rows = stop;
	}
	return 0;
}
