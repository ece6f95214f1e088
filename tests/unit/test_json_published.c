/*
 * JSONTestSuite as rows: all 318 documents of the edition with 95 to accept,
 * 188 to refuse and 35 that RFC 8259 leaves open (published.h).
 *
 *	As a value of a row, what must be accepted is read, by a json column byte
 *	by byte; what must be refused is.  Of what is left open, numbers of any
 *	size and depth are read, lone surrogates only by a json column, and bytes
 *	that are not UTF-8 and byte order marks are refused.  \u0000, which must
 *	be accepted, is for a json column only, too.
 *
 *	A newline ends a row, so a document with a newline is no value as it
 *	stands, whatever its verdict: none of its lines is read.  Where it is
 *	JSON, its newlines are white space; with spaces instead, as portl-extract
 *	writes them, the document is read.
 *
 *	As a row of its own, only an object is read, and only one whose keys
 *	are names: each once, without \u0000 and lone surrogates.
 */
#include "tests/unit/published.h"

static const struct {
	const char *name, *columns;
	const char *row; /* NULL: refused */
} objects[] = {
	{"y_object", "asd text;dfg text", "sdf\tfgh\n"},
	{"y_object_basic", "asd text", "sdf\n"},
	{"y_object_duplicated_key", "a text", NULL},
	{"y_object_duplicated_key_and_value", "a text", NULL},
	{"y_object_empty", "a text", "\\N\n"},
	{"y_object_empty_key", " integer", "0\n"},
	{"y_object_escaped_null_in_key", "foo integer", NULL},
	{"y_object_extreme_numbers", "min numeric;max numeric", "-1.0e+28\t1.0e+28\n"},
	{"y_object_long_strings", "x json;id text",
	 "[{\"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}]\t"
	 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"},
	{"y_object_simple", "a json", "[]\n"},
	{"y_object_string_unicode", "title text", "Полтора Землекопа\n"},
	{"y_object_with_newlines", "a text", "b\n"},
	{"i_object_key_lone_2nd_surrogate", "a text", NULL},
};

static size_t accepted, refused, left_open, objects_seen;

static void
count(const char *name, enum rule rule)
{
	if (name[0] == 'i') {
		left_open++;
	} else if (name[0] == 'y') {
		accepted++;
		ok(rule != BAD, "accepted: %s", name);
	} else {
		refused++;
		ok(name[0] == 'n' && rule == BAD, "refused: %s", name);
	}
}

/* Check that none of the lines of ${text} is a row of ${columns}. */
static void
try_lines(const char *columns, const char *text, size_t len, const char *name)
{
	const char *end = text + len, *stop;

	for (; text <= end; text = stop + 1) {
		char *row;

		stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		row = rows_read(columns, NDJSON_EXACT | NDJSON_IGNORE, text,
				(size_t)(stop - text));
		ok(values_refused(row), "no row: %s: %s", name, row);
		free(row);
	}
}

/* The document as a value that goes over several lines. */
static void
try_cut(const char *document, size_t len, const char *name)
{
	struct buf lines = BUF_INIT;

	buf_adds(&lines, "{\"i\":7,\"c\":");
	buf_add(&lines, document, len);
	buf_addc(&lines, '}');
	try_lines("i integer;c json", lines.data, lines.len, name);
	buf_release(&lines);
}

/* What stands between brackets is a value too if it is one element, or if nothing will do. */
static void
try_inside(enum rule rule, const char *document, size_t len, const char *name)
{
	char *title;

	if (len < 3 || document[0] != '[' || document[len - 1] != ']' ||
	    (rule != BAD && memchr(document, ',', len) != NULL))
		return;
	title = xasprintf("inside %s", name);
	values_try(rule, document + 1, len - 2, title);
	free(title);
}

/* The document as a row; ${flat} is the same without newlines. */
static void
try_row(const char *document, const char *flat, size_t len, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		char *row;

		if (strcmp(objects[i].name, name) != 0)
			continue;
		objects_seen++;
		row = rows_read(objects[i].columns, NDJSON_EXACT | NDJSON_IGNORE, flat, len);
		if (objects[i].row != NULL)
			is_str(row, objects[i].row, "a row: %s", name);
		else
			ok(values_refused(row), "no row: %s: %s", name, row);
		free(row);
		return;
	}
	try_lines("c json", document, len, name);
}

static void
try_document(enum rule rule, const char *document, size_t len, const char *name)
{
	bool one_line = memchr(document, '\n', len) == NULL;
	struct buf flat = BUF_INIT;
	size_t i;

	count(name, rule);
	for (i = 0; i < len; i++)
		buf_addc(&flat, (char)(document[i] == '\n' ? ' ' : document[i]));
	if (!one_line) {
		values_try(BAD, document, len, name);
		try_cut(document, len, name);
	}
	if (one_line || rule != BAD) {
		values_try(rule, buf_cstr(&flat), len, name);
		try_inside(rule, buf_cstr(&flat), len, name);
	}
	try_row(document, buf_cstr(&flat), len, name);
	buf_release(&flat);
}

/* ${part} ${times} times, then ${tail}. */
static void
try_repeated(enum rule rule, const char *part, size_t times, const char *tail, const char *name)
{
	struct buf document = BUF_INIT;
	size_t i;

	for (i = 0; i < times; i++)
		buf_adds(&document, part);
	buf_adds(&document, tail);
	try_document(rule, document.data, document.len, name);
	buf_release(&document);
}

int
main(void)
{
	char closing[500 + 1] = "";
	size_t i;

	for (i = 0; i < sizeof(published) / sizeof(published[0]); i++)
		try_document(published[i].rule, published[i].document, published[i].len,
			     published[i].name);
	memset(closing, ']', 500);
	try_repeated(GOOD, "[", 500, closing, "i_structure_500_nested_arrays");
	try_repeated(BAD, "[", 100000, "", "n_structure_100000_opening_arrays");
	try_repeated(BAD, "[{\"\":", 50000, "\n", "n_structure_open_array_object");
	is_int(accepted, 95, "documents to accept");
	is_int(refused, 188, "documents to refuse");
	is_int(left_open, 35, "documents that are left open");
	is_int(objects_seen, sizeof(objects) / sizeof(objects[0]),
	       "documents that are objects");
	return tap_done();
}
