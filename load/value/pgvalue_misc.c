/*
 * Decoders of the types that are like no other: network addresses, uuid, bit strings,
 * geometry, tsvector, pg_lsn, tid and snapshots.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "common/base/buf.h"
#include "load/value/pgvalue_parts.h"

#define FAMILY_INET 2 /* as on the wire, whatever AF_INET is here */
#define FAMILY_INET6 3

/* The prefix length is left out where it says nothing: whole addresses of inet. */
static void
put_inet(struct pgvalue_bytes *b, struct buf *out)
{
	unsigned family = pgvalue_take8(b), bits = pgvalue_take8(b);
	bool cidr = pgvalue_take8(b) != 0;
	size_t size = pgvalue_take8(b), want = family == FAMILY_INET ? 4 : 16;
	const char *address = pgvalue_take(b, size);
	char text[INET6_ADDRSTRLEN];

	if (address == NULL || size != want || bits > 8 * want ||
	    (family != FAMILY_INET && family != FAMILY_INET6)) {
		b->bad = true;
		return;
	}
	inet_ntop(family == FAMILY_INET ? AF_INET : AF_INET6, address, text, sizeof(text));
	buf_adds(out, text);
	if (cidr || bits != 8 * want)
		buf_addf(out, "/%u", bits);
}

static void
put_mac(struct pgvalue_bytes *b, struct buf *out)
{
	size_t n = b->left, i;

	if (n != 6 && n != 8)
		b->bad = true;
	for (i = 0; i < n; i++)
		buf_addf(out, "%s%02x", i > 0 ? ":" : "", pgvalue_take8(b));
}

static void
put_uuid(struct pgvalue_bytes *b, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";
	const char *p = pgvalue_take(b, 16);
	int i;

	for (i = 0; p != NULL && i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_addc(out, '-');
		buf_addc(out, hex[(unsigned char)p[i] >> 4]);
		buf_addc(out, hex[p[i] & 0xf]);
	}
}

static void
put_bits(struct pgvalue_bytes *b, struct buf *out)
{
	uint32_t n = pgvalue_take32(b), i;
	const char *p = pgvalue_take(b, ((size_t)n + 7) / 8);
	char *to;

	if (p == NULL || n == 0)
		return;
	to = buf_reserve(out, n);
	for (i = 0; i < n; i++)
		to[i] = (char)('0' + (p[i / 8] >> (7 - i % 8) & 1));
	out->len += n;
}

static void
put_coordinate(struct pgvalue_bytes *b, struct buf *out)
{
	uint64_t bits = pgvalue_take64(b);
	double v;

	memcpy(&v, &bits, sizeof(v));
	pgvalue_float_put8(out, v);
}

static void
put_point(struct pgvalue_bytes *b, struct buf *out)
{
	buf_addc(out, '(');
	put_coordinate(b, out);
	buf_addc(out, ',');
	put_coordinate(b, out);
	buf_addc(out, ')');
}

static void
put_points(struct pgvalue_bytes *b, struct buf *out, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n && !b->bad; i++) {
		if (i > 0)
			buf_addc(out, ',');
		put_point(b, out);
	}
}

static void
put_lseg(struct pgvalue_bytes *b, struct buf *out)
{
	buf_addc(out, '[');
	put_points(b, out, 2);
	buf_addc(out, ']');
}

static void
put_box(struct pgvalue_bytes *b, struct buf *out)
{
	put_points(b, out, 2);
}

static void
put_path(struct pgvalue_bytes *b, struct buf *out)
{
	bool closed = pgvalue_take8(b) != 0;

	buf_addc(out, closed ? '(' : '[');
	put_points(b, out, pgvalue_take32(b));
	buf_addc(out, closed ? ')' : ']');
}

static void
put_polygon(struct pgvalue_bytes *b, struct buf *out)
{
	buf_addc(out, '(');
	put_points(b, out, pgvalue_take32(b));
	buf_addc(out, ')');
}

static void
put_line(struct pgvalue_bytes *b, struct buf *out)
{
	buf_addc(out, '{');
	put_coordinate(b, out);
	buf_addc(out, ',');
	put_coordinate(b, out);
	buf_addc(out, ',');
	put_coordinate(b, out);
	buf_addc(out, '}');
}

static void
put_circle(struct pgvalue_bytes *b, struct buf *out)
{
	buf_addc(out, '<');
	put_point(b, out);
	buf_addc(out, ',');
	put_coordinate(b, out);
	buf_addc(out, '>');
}

/* 'lexeme' with quotes and backslashes doubled */
static void
put_lexeme(struct pgvalue_bytes *b, struct buf *out)
{
	const char *end = memchr(b->p, '\0', b->left), *p;

	if (end == NULL) {
		b->bad = true;
		return;
	}
	buf_addc(out, '\'');
	for (p = b->p; p < end; p++) {
		if (*p == '\'' || *p == '\\')
			buf_addc(out, *p);
		buf_addc(out, *p);
	}
	buf_addc(out, '\'');
	b->left -= (size_t)(end + 1 - b->p);
	b->p = end + 1;
}

static void
put_tsvector(struct pgvalue_bytes *b, struct buf *out)
{
	static const char *const weights[] = {"", "C", "B", "A"};
	uint32_t n = pgvalue_take32(b), i;

	for (i = 0; i < n && !b->bad; i++) {
		unsigned npos, k;

		if (i > 0)
			buf_addc(out, ' ');
		put_lexeme(b, out);
		npos = pgvalue_take16(b);
		for (k = 0; k < npos && !b->bad; k++) {
			unsigned at = pgvalue_take16(b);

			buf_addf(out, "%c%u%s", k > 0 ? ',' : ':', at & 0x3fff,
				 weights[at >> 14]);
		}
	}
}

static void
put_lsn(struct pgvalue_bytes *b, struct buf *out)
{
	uint64_t v = pgvalue_take64(b);

	buf_addf(out, "%" PRIX32 "/%" PRIX32, (uint32_t)(v >> 32), (uint32_t)v);
}

static void
put_tid(struct pgvalue_bytes *b, struct buf *out)
{
	uint32_t block = pgvalue_take32(b);

	buf_addf(out, "(%" PRIu32 ",%u)", block, pgvalue_take16(b));
}

/* xmin:xmax:xip,xip */
static void
put_snapshot(struct pgvalue_bytes *b, struct buf *out)
{
	uint32_t n = pgvalue_take32(b), i;
	uint64_t xmin = pgvalue_take64(b);

	buf_addf(out, "%" PRIu64 ":%" PRIu64 ":", xmin, pgvalue_take64(b));
	for (i = 0; i < n && !b->bad; i++)
		buf_addf(out, "%s%" PRIu64, i > 0 ? "," : "", pgvalue_take64(b));
}

const struct pgvalue_scalar pgvalue_misc_types[] = {
	{"inet", put_inet},
	{"cidr", put_inet},
	{"macaddr", put_mac},
	{"macaddr8", put_mac},
	{"uuid", put_uuid},
	{"bit", put_bits},
	{"bit varying", put_bits},
	{"point", put_point},
	{"lseg", put_lseg},
	{"box", put_box},
	{"path", put_path},
	{"polygon", put_polygon},
	{"line", put_line},
	{"circle", put_circle},
	{"tsvector", put_tsvector},
	{"pg_lsn", put_lsn},
	{"tid", put_tid},
	{"txid_snapshot", put_snapshot},
	{"pg_snapshot", put_snapshot},
	{NULL, NULL},
};
