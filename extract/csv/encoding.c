/*
 * Tables for one and two bytes, runs for what is longer.  No character begins as another
 * one, so the shortest that fits is the one.  tests/encodings/tables.py says how the tables
 * are written.
 */
#include "extract/csv/encoding.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "common/base/xalloc.h"

#define SHORT_CODES 0x10000    /* of one and two bytes */
#define GB18030_LONG 0x1000000 /* what is added to the number of a character of four bytes */
#define LONGEST 4              /* bytes of a character */

extern const char encoding_tables[], encoding_tables_end[];

/* The compressed file, as it is; the linker knows its length. */
__asm__(".section .rodata\n"
	".globl encoding_tables\n.hidden encoding_tables\n"
	".globl encoding_tables_end\n.hidden encoding_tables_end\n"
	"encoding_tables:\n.incbin \"extract/csv/encodings.zst\"\n"
	"encoding_tables_end:\n.byte 0\n.text\n");

/* Characters that follow one another, there and in Unicode. */
struct run {
	uint32_t code, point, n;
};

struct encoding {
	bool gb18030;
	struct run *runs; /* sorted; of codes of more than two bytes */
	size_t nruns;
	unsigned char width[256];     /* the most bytes of a character that begins so */
	uint32_t points[SHORT_CODES]; /* 0: none */
};

/* As src/common/encnames.c has them: letters and digits only, in lower case. */
static const struct {
	const char *alias, *name;
} aliases[] = {
	{"abc", "WIN1258"},
	{"alt", "WIN866"},
	{"big5", "BIG5"},
	{"euccn", "EUC_CN"},
	{"eucjis2004", "EUC_JIS_2004"},
	{"eucjp", "EUC_JP"},
	{"euckr", "EUC_KR"},
	{"euctw", "EUC_TW"},
	{"gb18030", "GB18030"},
	{"gbk", "GBK"},
	{"iso88591", "LATIN1"},
	{"iso885910", "LATIN6"},
	{"iso885913", "LATIN7"},
	{"iso885914", "LATIN8"},
	{"iso885915", "LATIN9"},
	{"iso885916", "LATIN10"},
	{"iso88592", "LATIN2"},
	{"iso88593", "LATIN3"},
	{"iso88594", "LATIN4"},
	{"iso88595", "ISO_8859_5"},
	{"iso88596", "ISO_8859_6"},
	{"iso88597", "ISO_8859_7"},
	{"iso88598", "ISO_8859_8"},
	{"iso88599", "LATIN5"},
	{"johab", "JOHAB"},
	{"koi8", "KOI8R"},
	{"koi8r", "KOI8R"},
	{"koi8u", "KOI8U"},
	{"latin1", "LATIN1"},
	{"latin10", "LATIN10"},
	{"latin2", "LATIN2"},
	{"latin3", "LATIN3"},
	{"latin4", "LATIN4"},
	{"latin5", "LATIN5"},
	{"latin6", "LATIN6"},
	{"latin7", "LATIN7"},
	{"latin8", "LATIN8"},
	{"latin9", "LATIN9"},
	{"mskanji", "SJIS"},
	{"muleinternal", "MULE_INTERNAL"},
	{"shiftjis", "SJIS"},
	{"shiftjis2004", "SHIFT_JIS_2004"},
	{"sjis", "SJIS"},
	{"sqlascii", "SQL_ASCII"},
	{"tcvn", "WIN1258"},
	{"tcvn5712", "WIN1258"},
	{"uhc", "UHC"},
	{"unicode", "UTF8"},
	{"utf8", "UTF8"},
	{"vscii", "WIN1258"},
	{"win", "WIN1251"},
	{"win1250", "WIN1250"},
	{"win1251", "WIN1251"},
	{"win1252", "WIN1252"},
	{"win1253", "WIN1253"},
	{"win1254", "WIN1254"},
	{"win1255", "WIN1255"},
	{"win1256", "WIN1256"},
	{"win1257", "WIN1257"},
	{"win1258", "WIN1258"},
	{"win866", "WIN866"},
	{"win874", "WIN874"},
	{"win932", "SJIS"},
	{"win936", "GBK"},
	{"win949", "UHC"},
	{"win950", "BIG5"},
	{"windows1250", "WIN1250"},
	{"windows1251", "WIN1251"},
	{"windows1252", "WIN1252"},
	{"windows1253", "WIN1253"},
	{"windows1254", "WIN1254"},
	{"windows1255", "WIN1255"},
	{"windows1256", "WIN1256"},
	{"windows1257", "WIN1257"},
	{"windows1258", "WIN1258"},
	{"windows866", "WIN866"},
	{"windows874", "WIN874"},
	{"windows932", "SJIS"},
	{"windows936", "GBK"},
	{"windows949", "UHC"},
	{"windows950", "BIG5"},
};

/* Is ${name} the alias, but for case and marks? */
static bool
same(const char *name, const char *alias)
{
	for (; *name != '\0'; name++) {
		if (!isalnum((unsigned char)*name))
			continue;
		if (tolower((unsigned char)*name) != *alias)
			return false;
		alias++;
	}
	return *alias == '\0';
}

const char *
encoding_name(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (same(name, aliases[i].alias))
			return aliases[i].name;
	return NULL;
}

static uint64_t
read_number(const unsigned char **p)
{
	uint64_t n = 0, last;
	int shift = 0;

	for (; **p > 127; shift += 7)
		n |= (uint64_t)(*(*p)++ & 127) << shift;
	last = *(*p)++;
	return n | last << shift;
}

/* A difference to ${from}. */
static uint32_t
read_difference(const unsigned char **p, uint32_t from)
{
	uint64_t n = read_number(p);

	return (n & 1) != 0 ? from - (uint32_t)(n >> 1) : from + (uint32_t)(n >> 1);
}

/* The next run of the table, behind ${last}. */
static struct run
read_run(const unsigned char **p, struct run last)
{
	struct run r;

	r.code = read_difference(p, last.code + last.n);
	r.point = read_difference(p, last.point + last.n);
	r.n = (uint32_t)read_number(p);
	return r;
}

static void
take_run(struct encoding *enc, struct run r)
{
	uint32_t i;

	if (r.code >= SHORT_CODES) {
		enc->runs[enc->nruns++] = r;
		if (r.code < GB18030_LONG)
			enc->width[r.code >> 16] = 3;
		else if (!enc->gb18030)
			enc->width[r.code >> 24] = 4;
		return;
	}
	for (i = 0; i < r.n; i++) {
		uint32_t code = r.code + i;
		unsigned char first = (unsigned char)(code < 256 ? code : code >> 8);

		enc->points[code] = r.point + i;
		enc->width[first] = code < 256 ? 1 : enc->gb18030 ? 4 : 2;
	}
}

/* Find ${name}'s table from ${p} on and take it in; all encodings have one but few. */
static struct encoding *
find_table(const char *name, const unsigned char *p, const unsigned char *end)
{
	struct encoding *enc;

	while (p < end) {
		bool it = strcmp((const char *)p, name) == 0;
		struct run run = {.n = 0};
		uint64_t n;

		p += strlen((const char *)p) + 1;
		n = read_number(&p);
		enc = it ? xcalloc(1, sizeof(*enc)) : NULL;
		if (it) {
			enc->gb18030 = strcmp(name, "GB18030") == 0;
			enc->runs = xcalloc(n, sizeof(*enc->runs));
		}
		while (n-- > 0) {
			run = read_run(&p, run);
			if (it)
				take_run(enc, run);
		}
		if (it)
			return enc;
	}
	return NULL;
}

struct encoding *
encoding_new(const char *name)
{
	size_t packed = (size_t)(encoding_tables_end - encoding_tables);
	size_t len = (size_t)ZSTD_getFrameContentSize(encoding_tables, packed);
	unsigned char *tables = xmalloc(len);
	struct encoding *enc = NULL;

	if (ZSTD_isError(ZSTD_decompress(tables, len, encoding_tables, packed)))
		xalloc_failed(); /* the tables are as they were built: no room was left */
	else
		enc = find_table(name, tables, tables + len);
	free(tables);
	return enc;
}

void
encoding_free(struct encoding *enc)
{
	if (enc == NULL)
		return;
	free(enc->runs);
	free(enc);
}

static uint32_t
find_run(const struct encoding *enc, uint32_t code)
{
	size_t low = 0, high = enc->nruns;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct run *r = &enc->runs[middle];

		if (code < r->code)
			high = middle;
		else if (code - r->code >= r->n)
			low = middle + 1;
		else
			return r->point + (code - r->code);
	}
	return 0;
}

static bool
is_digit(unsigned char c)
{
	return c >= 0x30 && c <= 0x39;
}

/* The number of GB18030's character of four bytes; 0: it is none. */
static uint32_t
gb18030_code(const unsigned char *p)
{
	if (p[0] < 0x81 || p[0] == 0xff || !is_digit(p[1]) || p[2] < 0x81 || p[2] == 0xff ||
	    !is_digit(p[3]))
		return 0;
	return GB18030_LONG + (((p[0] - 0x81u) * 10 + p[1] - 0x30u) * 126 + p[2] - 0x81u) * 10 +
	       p[3] - 0x30u;
}

/* The character at ${p} and its bytes in ${*len}; 0 if there is none in ${left} bytes. */
static uint32_t
read_character(const struct encoding *enc, const unsigned char *p, size_t left, size_t *len)
{
	uint32_t code = p[0], point = enc->points[code];

	for (*len = 1; point == 0 && *len < left && *len < LONGEST; ++*len) {
		code = code << 8 | p[*len];
		if (*len == 1)
			point = p[0] != 0 ? enc->points[code] : 0;
		else if (!enc->gb18030)
			point = find_run(enc, code);
		else if (*len == 3)
			point = find_run(enc, gb18030_code(p));
	}
	return point;
}

static char *
put(char *out, uint32_t point)
{
	if (point < 0x80) {
		*out++ = (char)point;
		return out;
	}
	if (point < 0x800) {
		*out++ = (char)(0xc0 | point >> 6);
	} else {
		if (point < 0x10000) {
			*out++ = (char)(0xe0 | point >> 12);
		} else {
			*out++ = (char)(0xf0 | point >> 18);
			*out++ = (char)(0x80 | (point >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (point & 0x3f));
	return out;
}

/* Might more bytes make a character of these, which are none yet? */
static bool
is_cut(const struct encoding *enc, const unsigned char *p, size_t left)
{
	if (left >= enc->width[p[0]])
		return false;
	return !enc->gb18030 || left < 2 || (is_digit(p[1]) && (left < 3 || p[2] >= 0x81));
}

enum encoding_stop
encoding_convert(const struct encoding *enc, const char **in, const char *end, char **out)
{
	const unsigned char *p = (const unsigned char *)*in;
	const unsigned char *stop = (const unsigned char *)end;
	char *to = *out;
	uint32_t point = 1;

	while (p < stop && point != 0) {
		size_t len = 1;

		point = enc->points[*p]; /* most are of one byte */
		if (point == 0)
			point = read_character(enc, p, (size_t)(stop - p), &len);
		if (point == 0)
			break;
		p += len;
		if (point > 0x10ffff)
			to = put(to, point & 0xffff);
		to = put(to, point > 0x10ffff ? point >> 16 : point);
	}
	*in = (const char *)p;
	*out = to;
	if (p == stop)
		return ENCODING_ALL;
	return is_cut(enc, p, (size_t)(stop - p)) ? ENCODING_CUT : ENCODING_BAD;
}
