/*
 * Conversion to UTF-8.  UTF-8 itself is read into its place and only checked;
 * anything else is converted from a second buffer: PostgreSQL's encodings by its own
 * tables, for iconv's are not the same, all others by iconv.  What is good in front
 * of a bad byte is given out first, so that the reader knows where it stands.
 */
#include "extract/csv/textin.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"
#include "common/stream/input.h"
#include "extract/csv/encoding.h"

#define RAW_SIZE ((size_t)64 * 1024)   /* bytes converted at a time */
#define TEXT_SIZE ((size_t)256 * 1024) /* bytes read at a time */
#define KEEP_MAX 16                    /* bytes that may be asked for again */
#define TEXT_CAP (TEXT_SIZE + KEEP_MAX + 8)
#define BOM "\xef\xbb\xbf"
#define GZIP "\x1f\x8b\x08" /* RFC 1952: magic and the only method */
#define ZIP "PK\x03\x04"    /* what begins an archive's first file */

struct textin {
	struct input *in;       /* borrowed */
	struct encoding *table; /* owned; else, with raw, */
	iconv_t cd;
	const char *encoding;
	char *text;    /* TEXT_CAP bytes */
	size_t good;   /* bytes of text that were given out */
	size_t len;    /* bytes of text read; behind good: a character's first part */
	char *raw;     /* RAW_SIZE bytes to be converted, NULL: UTF-8 */
	size_t rawlen; /* bytes in raw */
	bool begun;    /* the first text was seen */
	bool ended;    /* the input is used up */
	bool bad;      /* the byte behind the good ones is no text */
	unsigned char bad_byte;
};

static bool
is_open(iconv_t cd)
{
	return (intptr_t)cd != -1;
}

/* PostgreSQL's names come first; what it does not know may be known to iconv. */
static int
open_converter(struct textin *t, struct err *e)
{
	const char *name = encoding_name(t->encoding);

	if (name != NULL) {
		t->encoding = name;
		if (strcmp(name, "UTF8") == 0 || strcmp(name, "SQL_ASCII") == 0)
			return 0; /* convert_from() takes either only if it is UTF-8 */
		t->table = encoding_new(name);
		if (t->table == NULL)
			return err_set(e, EXIT_USAGE,
				       "PostgreSQL converts no text from %s to UTF8", name);
	} else {
		t->cd = iconv_open("UTF-8", t->encoding);
		if (!is_open(t->cd)) {
			err_set(e, EXIT_USAGE, "there is no encoding \"%s\"", t->encoding);
			return err_hint(e,
					"Names are PostgreSQL's (LATIN1, WIN1252, EUC_JP) or "
					"else iconv's, which `iconv -l` lists.");
		}
	}
	t->raw = xmalloc(RAW_SIZE);
	return 0;
}

struct textin *
textin_new(struct input *in, const char *encoding, struct err *e)
{
	struct textin *t = xcalloc(1, sizeof(*t));

	t->in = in;
	t->encoding = encoding != NULL ? encoding : "UTF8";
	if (open_converter(t, e) != 0) {
		textin_free(t);
		return NULL;
	}
	t->text = xmalloc(TEXT_CAP);
	return t;
}

/* By iconv; the places are as encoding_convert() has them. */
static int
convert_by_iconv(struct textin *t, char **in, char **out, struct err *e)
{
	size_t left = t->rawlen, room = TEXT_CAP - t->len;
	size_t rc = iconv(t->cd, in, &left, out, &room);

	if (rc == (size_t)-1 && errno == EILSEQ)
		t->bad = true;
	else if (rc == (size_t)-1 && errno != EINVAL && errno != E2BIG)
		return err_errno(e, "could not convert from %s", t->encoding);
	return 0;
}

/* Convert what is in raw; a character's first part stays there. */
static int
convert(struct textin *t, struct err *e)
{
	char *in = t->raw, *out = t->text + t->len, *end = t->raw + t->rawlen;

	if (t->table != NULL) {
		const char *from = in;

		t->bad = encoding_convert(t->table, &from, end, &out) == ENCODING_BAD;
		in += from - t->raw;
	} else if (convert_by_iconv(t, &in, &out, e) != 0) {
		return -1;
	}
	if (t->bad)
		t->bad_byte = (unsigned char)*in;
	t->len = (size_t)(out - t->text);
	t->rawlen = (size_t)(end - in);
	memmove(t->raw, in, t->rawlen);
	return 0;
}

/* The input has ended: fetch what iconv holds back. */
static int
finish(struct textin *t, struct err *e)
{
	char *out = t->text + t->len;
	size_t left = TEXT_CAP - t->len;

	if (t->table != NULL)
		return 0;
	if (iconv(t->cd, NULL, NULL, &out, &left) == (size_t)-1)
		return err_errno(e, "could not convert from %s", t->encoding);
	t->len = (size_t)(out - t->text);
	return 0;
}

static bool
begins(const char *p, ssize_t n, const char *magic)
{
	return n >= (ssize_t)strlen(magic) && memcmp(p, magic, strlen(magic)) == 0;
}

/* The first ${n} bytes of the file. */
static int
check_packed(const struct textin *t, const char *p, ssize_t n, struct err *e)
{
	if (begins(p, n, GZIP)) {
		err_set(e, EXIT_DATA, "%s: the file is compressed with gzip",
			input_name(t->in));
		return err_hint(e, "Put `gunzip |` in front, and say --csv=-.");
	}
	if (begins(p, n, ZIP)) {
		err_set(e, EXIT_DATA, "%s: the file is a ZIP archive, as .xlsx and .ods are",
			input_name(t->in));
		return err_hint(e, "Save the sheet as a CSV file, or put `unzip -p` in front "
				   "and say --csv=-.");
	}
	return 0;
}

/* More bytes into text, converted: 1, 0 at the end of the input, -1. */
static int
more(struct textin *t, struct err *e)
{
	char *to = t->raw != NULL ? t->raw + t->rawlen : t->text + t->len;
	size_t room = t->raw != NULL ? RAW_SIZE - t->rawlen : TEXT_SIZE;
	ssize_t n = input_read(t->in, to, room, e);

	if (n < 0) {
		if (e->code == EXIT_STREAM) /* damaged zstd, which is no stream here */
			e->code = EXIT_DATA;
		return -1;
	}
	if (!t->begun && check_packed(t, to, n, e) != 0)
		return -1;
	if (n == 0)
		return t->raw != NULL ? finish(t, e) : 0;
	if (t->raw == NULL) {
		t->len += (size_t)n;
		return 1;
	}
	t->rawlen += (size_t)n;
	return convert(t, e) != 0 ? -1 : 1;
}

/* Find how much of the text is good from ${from} on. */
static void
check(struct textin *t, size_t from)
{
	size_t rest;

	t->good = from + utf8_span(t->text + from, t->len - from);
	rest = t->len - t->good;
	if (rest > 0 && !utf8_is_cut(t->text + t->good, rest)) {
		t->bad = true;
		t->bad_byte = (unsigned char)t->text[t->good];
	}
}

static int
refuse(const struct textin *t, struct err *e)
{
	if (!t->bad)
		return err_set(e, EXIT_DATA, "the input ends inside a character");
	if (t->bad_byte == 0) {
		err_set(e, EXIT_DATA, "a NUL byte, which no text of PostgreSQL's may hold");
		if (t->raw == NULL)
			err_hint(e, "Is the file in another encoding? Try --encoding=UTF-16.");
		return -1;
	}
	err_set(e, EXIT_DATA, "byte 0x%02x is not valid in %s", t->bad_byte, t->encoding);
	if (t->raw == NULL)
		err_hint(e,
			 "If the file is in another encoding, name it, such as "
			 "--encoding=LATIN1 or --encoding=WIN1252%s.",
			 t->bad_byte >= 0xfe ? " or --encoding=UTF-16" : "");
	return -1;
}

static void
drop_mark(struct textin *t, const char **text, size_t *len)
{
	if (!t->begun && *len >= strlen(BOM) && memcmp(*text, BOM, strlen(BOM)) == 0) {
		*text += strlen(BOM);
		*len -= strlen(BOM);
	}
	t->begun = true;
}

enum textin_event
textin_next(struct textin *t, size_t keep, int timeout, const char **text, size_t *len,
	    struct err *e)
{
	int rc = 1;

	memmove(t->text, t->text + t->good - keep, keep + t->len - t->good);
	t->len -= t->good - keep;
	t->good = keep;
	while (t->good == keep) {
		if (t->bad || (t->ended && (t->len > t->good || t->rawlen > 0))) {
			refuse(t, e);
			return TEXTIN_BAD;
		}
		if (t->ended)
			return TEXTIN_END;
		rc = input_wait(t->in, timeout, e);
		if (rc == 0)
			return TEXTIN_IDLE;
		if (rc > 0)
			rc = more(t, e);
		if (rc < 0)
			return TEXTIN_FAILED;
		t->ended = rc == 0;
		check(t, keep);
	}
	*text = t->text;
	*len = t->good;
	drop_mark(t, text, len);
	return TEXTIN_TEXT;
}

void
textin_free(struct textin *t)
{
	if (t == NULL)
		return;
	if (t->raw != NULL && t->table == NULL)
		iconv_close(t->cd);
	encoding_free(t->table);
	free(t->raw);
	free(t->text);
	free(t);
}
