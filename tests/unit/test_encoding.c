/*
 * PostgreSQL's encodings.  With the argument "dump": all characters of all encodings, as
 * tests/encodings/dump.sql has the server print them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/csv/encoding.h"
#include "tests/unit/tap.h"

static const char *const names[] = {
	"BIG5",           "EUC_CN",     "EUC_JIS_2004", "EUC_JP",     "EUC_KR",
	"EUC_TW",         "GB18030",    "GBK",          "ISO_8859_5", "ISO_8859_6",
	"ISO_8859_7",     "ISO_8859_8", "JOHAB",        "KOI8R",      "KOI8U",
	"LATIN1",         "LATIN10",    "LATIN2",       "LATIN3",     "LATIN4",
	"LATIN5",         "LATIN6",     "LATIN7",       "LATIN8",     "LATIN9",
	"SHIFT_JIS_2004", "SJIS",       "UHC",          "WIN1250",    "WIN1251",
	"WIN1252",        "WIN1253",    "WIN1254",      "WIN1255",    "WIN1256",
	"WIN1257",        "WIN1258",    "WIN866",       "WIN874",
};

#define NNAMES (sizeof(names) / sizeof(names[0]))

static void
print_hex(const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		printf("%02x", (unsigned char)bytes[i]);
}

/* Print the sequence if it is one character, and go on to longer ones if it may become one. */
static void
dump(const struct encoding *enc, const char *name, char *bytes, size_t len)
{
	char text[ENCODING_GROWTH * 4], *out = text;
	const char *in = bytes;
	enum encoding_stop stop = encoding_convert(enc, &in, bytes + len, &out);
	int i;

	if (stop == ENCODING_ALL) {
		printf("%s\t", name);
		print_hex(bytes, len);
		printf("\t");
		print_hex(text, (size_t)(out - text));
		printf("\n");
	}
	/* GB18030 beyond the basic plane: the first and the last of each pair in front */
	if (stop == ENCODING_CUT && len == 2 && strcmp(name, "GB18030") == 0 &&
	    (unsigned char)bytes[0] > 0x84 && (unsigned char)bytes[0] != 0xe3) {
		bytes[2] = (char)0x81, bytes[3] = 0x30;
		dump(enc, name, bytes, 4);
		bytes[2] = (char)0xfe, bytes[3] = 0x39;
		dump(enc, name, bytes, 4);
		return;
	}
	for (i = 1; stop == ENCODING_CUT && i < 256; i++) {
		bytes[len] = (char)i;
		dump(enc, name, bytes, len + 1);
	}
}

static void
dump_all(void)
{
	size_t i;
	int first;

	for (i = 0; i < NNAMES; i++) {
		struct encoding *enc = encoding_new(names[i]);
		char bytes[8];

		for (first = 1; first < 256; first++) {
			bytes[0] = (char)first;
			dump(enc, names[i], bytes, 1);
		}
		encoding_free(enc);
	}
}

/* ${hex} bytes give ${want}, and then ${stop}. */
static void
gives(const char *name, const char *bytes, const char *want, enum encoding_stop stop)
{
	struct encoding *enc = encoding_new(name);
	char text[256], *out = text;
	const char *in = bytes, *end = bytes + strlen(bytes);
	enum encoding_stop got = encoding_convert(enc, &in, end, &out);

	*out = '\0';
	is_str(text, want, "%s", name);
	is_int(got, stop, "and where it stops");
	encoding_free(enc);
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "dump") == 0) {
		dump_all();
		return 0;
	}
	is_str(encoding_name("Shift-JIS"), "SJIS", "names as people write them");
	is_str(encoding_name("latin_1"), "LATIN1", "with marks");
	is_str(encoding_name("MSKANJI"), "SJIS", "aliases");
	is_str(encoding_name("Unicode"), "UTF8", "which is not UTF-16");
	ok(encoding_name("UTF16") == NULL && encoding_name("latin") == NULL &&
		   encoding_name("") == NULL,
	   "and no others");
	ok(encoding_new("MULE_INTERNAL") == NULL, "without a table");
	gives("SJIS", "\\~\x87\x40\xb1", "\\~①ｱ", ENCODING_ALL);
	gives("SJIS", "a\x87", "a", ENCODING_CUT);
	gives("SJIS", "a\xf0\x40", "a", ENCODING_BAD);
	gives("EUC_JIS_2004", "\xa4\xf7\x8f\xa1\xa1", "か゚𠂉", ENCODING_ALL);
	gives("EUC_TW", "\x8e\xa2\xa1\xa1", "乂", ENCODING_ALL);
	gives("EUC_TW", "\x8e\xa2\xa1", "", ENCODING_CUT);
	gives("GB18030", "\x81\x30\x81\x30\xe3\x32\x9a\x35", "\xc2\x80\xf4\x8f\xbf\xbf",
	      ENCODING_ALL);
	gives("GB18030", "\xe3\x32\x9a\x36", "", ENCODING_BAD);
	gives("GB18030", "\x81\x30\x41", "", ENCODING_BAD);
	gives("WIN1258", "a\xec", "a\xcc\x81", ENCODING_ALL); /* as it is, not composed */
	return tap_done();
}
