/*
 * Decoders of booleans, integers, numeric, money, text and bytea.
 */
#include <inttypes.h>
#include <string.h>

#include "common/base/buf.h"
#include "load/value/pgvalue_parts.h"

#define DIGITS 4 /* decimal digits in one of numeric's */
#define NUMERIC_NEG 0x4000
#define NUMERIC_NAN 0xc000
#define NUMERIC_PINF 0xd000
#define NUMERIC_NINF 0xf000

static void
put_unsigned(struct buf *out, uint64_t v)
{
	char text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buf_add(out, text + at, sizeof(text) - at);
}

static void
put_signed(struct buf *out, int64_t v)
{
	if (v < 0)
		buf_addc(out, '-');
	put_unsigned(out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static void
put_bool(struct pgvalue_bytes *b, struct buf *out)
{
	buf_addc(out, pgvalue_take8(b) != 0 ? 't' : 'f');
}

static void
put_int2(struct pgvalue_bytes *b, struct buf *out)
{
	put_signed(out, (int16_t)pgvalue_take16(b));
}

static void
put_int4(struct pgvalue_bytes *b, struct buf *out)
{
	put_signed(out, (int32_t)pgvalue_take32(b));
}

static void
put_int8(struct pgvalue_bytes *b, struct buf *out)
{
	put_signed(out, (int64_t)pgvalue_take64(b));
}

static void
put_uint4(struct pgvalue_bytes *b, struct buf *out)
{
	put_unsigned(out, pgvalue_take32(b));
}

static void
put_uint8(struct pgvalue_bytes *b, struct buf *out)
{
	put_unsigned(out, pgvalue_take64(b));
}

static void
put_float4(struct pgvalue_bytes *b, struct buf *out)
{
	uint32_t bits = pgvalue_take32(b);
	float v;

	memcpy(&v, &bits, sizeof(v));
	pgvalue_float_put4(out, v);
}

static void
put_float8(struct pgvalue_bytes *b, struct buf *out)
{
	uint64_t bits = pgvalue_take64(b);
	double v;

	memcpy(&v, &bits, sizeof(v));
	pgvalue_float_put8(out, v);
}

/* Digit ${i} (base 10000) as four decimal ones; beyond the stored ones are zeros. */
static void
numeric_digit(const char *digits, int ndigits, int i, char text[DIGITS])
{
	unsigned v = i >= 0 && i < ndigits ? pgcopy_get16(digits + 2 * (size_t)i) : 0;
	int k;

	for (k = DIGITS - 1; k >= 0; k--) {
		text[k] = (char)('0' + v % 10);
		v /= 10;
	}
}

static void
numeric_whole(const char *digits, int ndigits, int weight, struct buf *out)
{
	char text[DIGITS];
	int i, zeros = 0;

	if (weight < 0) {
		buf_addc(out, '0');
		return;
	}
	numeric_digit(digits, ndigits, 0, text);
	while (zeros < DIGITS - 1 && text[zeros] == '0')
		zeros++;
	buf_add(out, text + zeros, (size_t)(DIGITS - zeros));
	for (i = 1; i <= weight; i++) {
		numeric_digit(digits, ndigits, i, text);
		buf_add(out, text, DIGITS);
	}
}

static void
numeric_fraction(const char *digits, int ndigits, int weight, int dscale, struct buf *out)
{
	char text[DIGITS];
	int i;

	if (dscale > 0)
		buf_addc(out, '.');
	for (i = weight + 1; dscale > 0; i++, dscale -= DIGITS) {
		numeric_digit(digits, ndigits, i, text);
		buf_add(out, text, (size_t)(dscale < DIGITS ? dscale : DIGITS));
	}
}

static void
put_numeric(struct pgvalue_bytes *b, struct buf *out)
{
	int ndigits = pgvalue_take16(b), weight = (int16_t)pgvalue_take16(b);
	unsigned sign = pgvalue_take16(b);
	int dscale = pgvalue_take16(b);
	const char *digits = pgvalue_take(b, 2 * (size_t)ndigits);

	if (digits == NULL)
		return;
	if (sign == NUMERIC_NAN) {
		buf_adds(out, "NaN");
	} else if (sign == NUMERIC_PINF || sign == NUMERIC_NINF) {
		buf_adds(out, sign == NUMERIC_PINF ? "Infinity" : "-Infinity");
	} else {
		if (sign == NUMERIC_NEG)
			buf_addc(out, '-');
		numeric_whole(digits, ndigits, weight, out);
		numeric_fraction(digits, ndigits, weight, dscale, out);
	}
}

/* In cents; lc_monetary=C has dollars and commas. */
static void
put_money(struct pgvalue_bytes *b, struct buf *out)
{
	int64_t v = (int64_t)pgvalue_take64(b);
	uint64_t cents = v < 0 ? -(uint64_t)v : (uint64_t)v;
	char text[40];
	size_t at = sizeof(text);
	int n;

	for (n = 0; n < 3 || cents > 0; n++) {
		if (n == 2)
			text[--at] = '.';
		else if (n > 2 && (n - 2) % 3 == 0)
			text[--at] = ',';
		text[--at] = (char)('0' + cents % 10);
		cents /= 10;
	}
	buf_adds(out, v < 0 ? "-$" : "$");
	buf_add(out, text + at, sizeof(text) - at);
}

static void
put_text(struct pgvalue_bytes *b, struct buf *out)
{
	size_t n = b->left;

	buf_add(out, pgvalue_take(b, n), n);
}

/* A version in front of the text: jsonb, jsonpath, ltree. */
static void
put_versioned(struct pgvalue_bytes *b, struct buf *out)
{
	if (pgvalue_take8(b) != 1)
		b->bad = true;
	put_text(b, out);
}

/* One byte; no NUL is kept, and what is not ASCII would not be UTF-8. */
static void
put_char(struct pgvalue_bytes *b, struct buf *out)
{
	uint8_t c = pgvalue_take8(b);

	if (c >= 0x80)
		buf_addf(out, "\\%03o", c);
	else if (c != 0)
		buf_addc(out, (char)c);
}

static void
put_bytea(struct pgvalue_bytes *b, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = b->left, i;
	const char *p = pgvalue_take(b, n);
	char *to;

	buf_add(out, "\\x", 2);
	to = buf_reserve(out, 2 * n);
	for (i = 0; i < n; i++) {
		*to++ = hex[(unsigned char)p[i] >> 4];
		*to++ = hex[p[i] & 0xf];
	}
	out->len += 2 * n;
}

const struct pgvalue_scalar pgvalue_basic_types[] = {
	{"boolean", put_bool},    {"smallint", put_int2},
	{"integer", put_int4},    {"bigint", put_int8},
	{"oid", put_uint4},       {"xid", put_uint4},
	{"cid", put_uint4},       {"xid8", put_uint8},
	{"real", put_float4},     {"double precision", put_float8},
	{"numeric", put_numeric}, {"money", put_money},
	{"text", put_text},       {"character varying", put_text},
	{"character", put_text},  {"bpchar", put_text},
	{"name", put_text},       {"json", put_text},
	{"refcursor", put_text},  {"\"char\"", put_char},
	{"jsonb", put_versioned}, {"jsonpath", put_versioned},
	{"bytea", put_bytea},     {NULL, NULL},
};
