/*
 * An NDJSON stream as a whole: every cut and every flipped bit is noticed, bytes
 * between, behind and instead of rows as well; what --edited forgives; bare
 * streams and their columns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/ndjson/ndjson.h"
#include "common/schema/header.h"
#include "common/stream/input.h"
#include "common/stream/output.h"
#include "common/stream/stream_reader.h"
#include "common/stream/stream_writer.h"
#include "tests/unit/tap.h"

static char *path; /* of the stream under test */

static void
store(const char *bytes, size_t len)
{
	FILE *f = fopen(path, "we");

	if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
		abort();
}

static void
fetch(struct buf *bytes)
{
	FILE *f = fopen(path, "re");
	size_t n;

	bytes->len = 0;
	do {
		n = fread(buf_reserve(bytes, 65536), 1, 65536, f);
		bytes->len += n;
	} while (n > 0);
	fclose(f);
}

static struct header *
columns(void)
{
	struct header *h = header_new();

	schema_add_column(&h->schema, "id", "integer", NULL);
	schema_add_column(&h->schema, "note", "text", NULL);
	schema_add_column(&h->schema, "extra", "jsonb", NULL);
	h->values = HEADER_TEXT;
	return h;
}

/* Write rows as portl-extract does; the stream is in ${stream} and in the file. */
static void
make(struct buf *stream, const char *rows, bool bare)
{
	struct err e = ERR_INIT;
	struct output *out = output_open(path, &e);
	struct stream_writer *w = stream_writer_new(out, STREAM_NDJSON, bare ? NDJSON_BARE : 0);
	struct header *h = columns();
	const char *p;
	uint64_t n = 0;

	h->bare = bare;
	for (p = rows; *p != '\0'; p++)
		n += *p == '\n';
	if (stream_writer_begin(w, h, &e) != 0 ||
	    stream_writer_rows(w, rows, strlen(rows), n, NULL, &e) != 0 ||
	    stream_writer_end(w, &e) != 0 || output_finish(out, &e) != 0)
		abort();
	stream_writer_free(w);
	output_free(out);
	header_free(h);
	fetch(stream);
}

/* Read ${n} streams to the end: the rows, or the error's message. */
static char *
drain(enum stream_edited flags, int n, struct err *e)
{
	struct input *in = input_open(path, e);
	struct stream_reader *r = stream_reader_new(in, flags);
	struct stream_chunk chunk;
	struct buf rows = BUF_INIT;
	int rc = 0;

	while (rc == 0 && n-- > 0) {
		rc = stream_reader_begin(r, e);
		while (rc == 0 && (rc = stream_reader_next(r, &chunk, e)) > 0) {
			buf_add(&rows, chunk.data, chunk.len);
			rc = 0;
		}
	}
	if (rc == 0)
		rc = stream_reader_finish(r, e);
	if (rc != 0) {
		rows.len = 0;
		buf_addf(&rows, "%s", e->msg);
	}
	stream_reader_free(r);
	input_free(in);
	return buf_detach(&rows);
}

/* Read what is stored: it must fail with EXIT_STREAM. */
static bool
is_refused(enum stream_edited flags)
{
	struct err e = ERR_INIT;
	char *got = drain(flags, 1, &e);
	bool refused = e.code == EXIT_STREAM && e.msg != NULL;

	if (!refused)
		printf("# not refused: code %d: %s\n", (int)e.code, got);
	free(got);
	err_release(&e);
	return refused;
}

static void
check(const char *stream, enum stream_edited flags, int n, const char *want, const char *name)
{
	struct err e = ERR_INIT;
	char *got;

	store(stream, strlen(stream));
	got = drain(flags, n, &e);
	is_str(got, want, "%s", name);
	free(got);
	err_release(&e);
}

static const char rows[] = "1\tone\t{\"a\": 1}\n2\t\\N\t\\N\n3\ttab\\there\tnull\n";

static void
test_cuts(void)
{
	struct buf stream = BUF_INIT;
	struct err e = ERR_INIT;
	bool good = true;
	size_t len;
	char *got;

	make(&stream, rows, false);
	got = drain(STREAM_AS_SENT, 1, &e);
	is_str(got, rows, "the rows come back");
	free(got);
	for (len = 0; good && len < stream.len; len++) {
		store(stream.data, len);
		good = is_refused(STREAM_AS_SENT) && is_refused(STREAM_EDITED);
	}
	ok(good, "every cut is refused");
	buf_release(&stream);
}

static void
test_flips(void)
{
	struct buf stream = BUF_INIT;
	bool good = true;
	size_t i;
	int bit = 0;

	make(&stream, rows, false);
	for (i = 0; good && i < stream.len; i++)
		for (bit = 0; good && bit < 8; bit++) {
			stream.data[i] = (char)(stream.data[i] ^ 1 << bit);
			store(stream.data, stream.len);
			stream.data[i] = (char)(stream.data[i] ^ 1 << bit);
			good = is_refused(STREAM_AS_SENT);
		}
	ok(good, "every flipped bit is refused (byte %zu, bit %d)", i, bit);
	buf_release(&stream);
}

/* Insert ${what} behind newline number ${line} of a good stream. */
static void
insert(int line, const char *what, enum stream_edited flags, const char *want, const char *name)
{
	struct buf stream = BUF_INIT, changed = BUF_INIT;
	const char *p;

	make(&stream, rows, false);
	for (p = stream.data; line > 0; line--)
		p = (const char *)memchr(p, '\n', (size_t)(stream.data + stream.len - p)) + 1;
	buf_add(&changed, stream.data, (size_t)(p - stream.data));
	buf_adds(&changed, what);
	buf_add(&changed, p, stream.len - (size_t)(p - stream.data));
	store(changed.data, changed.len);
	if (want == NULL) {
		ok(is_refused(flags), "%s", name);
	} else {
		struct err e = ERR_INIT;
		char *got = drain(flags, 1, &e);

		is_str(got, want, "%s", name);
		free(got);
		err_release(&e);
	}
	buf_release(&stream);
	buf_release(&changed);
}

static void
test_insertions(void)
{
	static const char row[] = "{\"note\":\"x\",\"id\":9}\n";

	insert(0, "\n \r\n", 0, rows, "blank lines before the header are nobody's");
	insert(1, "\n", 0, NULL, "a blank line behind the header");
	insert(2, "\r\n", 0, NULL, "a blank line between rows");
	insert(4, "\n", 0, NULL, "a blank line before the end");
	insert(5, "\n", 0, NULL, "a blank line behind the end");
	insert(5, "x", 0, NULL, "a byte behind the end");
	insert(5, row, STREAM_EDITED, NULL, "a row behind the end");
	insert(3, row, 0, NULL, "one row more");
	insert(3, row, STREAM_EDITED, NULL, "one row more is no change of values");
	insert(3, row, STREAM_EDITED_ROWS,
	       "1\tone\t{\"a\": 1}\n2\t\\N\t\\N\n9\tx\t\\N\n3\ttab\\there\tnull\n",
	       "one row more is an edit");
	insert(2, "\n\t\r\n", STREAM_EDITED, rows, "blank lines are an edit");
	insert(1, "{\"$portl\":{}}\n", STREAM_EDITED, NULL, "an end that is none");
	insert(1, "{\"$portl\":{\"end\":true}}\n", STREAM_EDITED, NULL,
	       "an end without a count");
}

/* What a tool that prints JSON in its own way makes of the documents. */
static void
test_documents(void)
{
	static const char header[] =
		" { \"$portl\" : { \"columns\" : [ { \"type\" : \"integer\" , \"name\" : \"id\" "
		"} ] , \"version\" : 1 } } \r\n";
	static const char end[] =
		"{\"$portl\": {\"xxh3\": \"x\", \"rows\": 1, \"end\": true}}\n";
	static const char *const bad[] = {
		"{\"$portl\":{\"version\":1,\"columns\":[]}}x\n",
		"{\"$portl\":{\"version\":1,\"columns\":[]}},\n",
		"{\"$portl\":{\"version\":1,\"columns\":[]},\"a\":1}\n",
		"{\"$portl\"::{\"version\":1,\"columns\":[]}}\n",
		"{\"$portl\":{\"version\":1,\"columns\":[]}\n",
		"{\"$portl\":{\"version\":1,\"columns\":[]}}}\n",
		"{\"$portl\":{\"version\":1,\"version\":1,\"columns\":[]}}\n",
		"{\"$portl\":{\"version\":2,\"columns\":[]}}\n",
		"{\"$portl\":[]}\n",
		"{\"$portl\":1}\n",
		"{\"$portl\":}\n",
		"{\"$portl\"}\n",
	};
	char *stream = xasprintf("%s{\"id\" : 5}\n%s", header, end);
	size_t i;

	check(stream, STREAM_EDITED, 1, "5\n", "documents with spaces, members in any order");
	free(stream);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		stream = xasprintf("%s%s", bad[i], end);
		store(stream, strlen(stream));
		ok(is_refused(STREAM_EDITED), "no header: %.*s", (int)strlen(bad[i]) - 1,
		   bad[i]);
		free(stream);
	}
	check("{\"$portl\":{\"abort\":\"the disk is full\",\"sqlstate\":\"53100\",\"rows\":0}}\n",
	      0, 1, "upstream failed: the disk is full", "an abort instead of a header");
	stream = xasprintf("%s{\"id\":1}\n{\"$portl\":{\"abort\":\"gone\"}}\n", header);
	check(stream, STREAM_EDITED, 1, "upstream failed: gone", "an abort behind rows");
	free(stream);
}

static void
test_bare(void)
{
	struct buf stream = BUF_INIT;
	struct err e = ERR_INIT;
	struct input *in;
	struct stream_reader *r;
	struct stream_chunk chunk;
	char *names[] = {xstrdup("b"), xstrdup("a")}, *got;

	make(&stream, rows, true);
	got = drain(STREAM_AS_SENT, 1, &e);
	is_str(got, "1\tone\t{\"a\": 1}\n2\t\\N\t\\N\n3\ttab\\there\t\\N\n",
	       "a bare stream: null is SQL NULL");
	free(got);
	check("{\"a\":1}\n\n{\"a\":2}\r\n  \n{}\n", 0, 1, "1\n2\n\\N\n",
	      "blank lines and CRLF in a bare stream");
	store("{\"a\":1}\n{\"a\":2}", 15);
	ok(is_refused(STREAM_AS_SENT), "a bare stream must end in a newline");
	store("{\"a\":1}\n ", 9);
	ok(is_refused(STREAM_AS_SENT), "even if only a blank follows");
	store("{\"a\":1}\n{\"b\":2}\n", 16);
	ok(is_refused(STREAM_AS_SENT), "a later key that is unknown");
	store("{\"a\":1}\n{\"$portl\":{\"end\":true}}\n", 32);
	ok(is_refused(STREAM_AS_SENT), "an end without a header");
	store("\n\n", 2);
	ok(is_refused(STREAM_AS_SENT), "blank lines only");

	store("{\"a\":1}\n{\"b\":2,\"c\":3}\n", 22);
	in = input_open(path, &e);
	r = stream_reader_new(in, 0);
	stream_reader_name_columns(r, names, 2, true);
	is_int(stream_reader_begin(r, &e), 0, "named columns");
	is_int(stream_reader_next(r, &chunk, &e), 1, "are read");
	is_mem(chunk.data, chunk.len, "\\N\t1\n2\t\\N\n", 10, "in their order");
	stream_reader_free(r);
	input_free(in);

	make(&stream, rows, false);
	in = input_open(path, &e);
	r = stream_reader_new(in, 0);
	stream_reader_name_columns(r, names, 2, false);
	is_int(stream_reader_begin(r, &e), -1, "an enveloped stream has its columns");
	is_int(e.code, EXIT_USAGE, "naming them is a usage error");
	err_release(&e);
	stream_reader_free(r);
	input_free(in);
	free(names[0]);
	free(names[1]);
	buf_release(&stream);
}

static void
test_stop(void)
{
	struct buf stream = BUF_INIT;
	struct err e = ERR_INIT;
	struct input *in;
	struct stream_reader *r;
	struct stream_chunk chunk;

	make(&stream, rows, false);
	in = input_open(path, &e);
	r = stream_reader_new(in, 0);
	is_int(stream_reader_begin(r, &e), 0, "a stream in parts");
	stream_reader_stop(r, 2);
	is_int(stream_reader_next(r, &chunk, &e), 1, "the first part");
	is_int(chunk.rows, 2, "has as many rows as it may");
	is_int(stream_reader_next(r, &chunk, &e), 1, "the rest");
	is_int(chunk.rows, 1, "is not stopped again");
	is_int(stream_reader_next(r, &chunk, &e), 0, "the end");
	stream_reader_free(r);
	input_free(in);
	buf_release(&stream);
}

/* Rows larger than any window; many rows; streams behind each other. */
static void
test_sizes(void)
{
	struct buf stream = BUF_INIT, big = BUF_INIT, twice = BUF_INIT;
	struct err e = ERR_INIT;
	char *got;
	int i;

	for (i = 0; i < 5; i++) {
		buf_addf(&big, "%d\t", i);
		while (big.len % 1500000 != 1499000)
			buf_addc(&big, (char)('a' + i));
		buf_adds(&big, "\t[]\n");
	}
	for (i = 0; i < 50000; i++)
		buf_addf(&big, "%d\tnote %d\t{\"n\": %d}\n", i, i, i);
	make(&stream, buf_cstr(&big), false);
	got = drain(STREAM_AS_SENT, 1, &e);
	is_mem(got, strlen(got), big.data, big.len, "large rows and many");
	free(got);

	make(&stream, rows, false);
	buf_add(&twice, stream.data, stream.len);
	buf_add(&twice, stream.data, stream.len);
	store(twice.data, twice.len);
	got = drain(STREAM_AS_SENT, 2, &e);
	is_int(strlen(got), strlen(rows) * 2, "two streams");
	is_str(got + strlen(rows), rows, "the second is like the first");
	free(got);
	store(twice.data, twice.len);
	ok(is_refused(STREAM_AS_SENT), "two streams where one is expected");
	buf_release(&stream);
	buf_release(&big);
	buf_release(&twice);
	err_release(&e);
}

int
main(void)
{
	char dir[] = "/tmp/portl.XXXXXX";

	if (mkdtemp(dir) == NULL)
		abort();
	path = xasprintf("%s/stream", dir);
	test_cuts();
	test_flips();
	test_insertions();
	test_documents();
	test_bare();
	test_stop();
	test_sizes();
	unlink(path);
	rmdir(dir);
	free(path);
	return tap_done();
}
