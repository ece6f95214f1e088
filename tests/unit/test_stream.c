/*
 * stream_writer into stream_reader and back: what arrives is what was sent,
 * and only a whole stream ends well.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/rows/pgcopy.h"
#include "common/schema/header.h"
#include "common/stream/input.h"
#include "common/stream/output.h"
#include "common/stream/readbuf.h"
#include "common/stream/stream_reader.h"
#include "common/stream/stream_writer.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/portl-test-stream.XXXXXX";
static char *path;

enum ending { WHOLE, ABORTED };

static struct header *
two_columns(enum header_values values)
{
	struct header *h = header_new();

	schema_add_column(&h->schema, "id", "integer", NULL);
	schema_add_column(&h->schema, "note", "text", NULL);
	h->values = values;
	h->run = "run";
	return h;
}

/* A tuple (n, "note n") in binary or as COPY text. */
static void
make_row(struct buf *b, enum header_values values, unsigned n)
{
	char note[32];
	int len = snprintf(note, sizeof(note), "note %u", n);

	b->len = 0;
	if (values == HEADER_TEXT) {
		buf_addf(b, "%u\t%s\n", n, note);
		return;
	}
	pgcopy_put16(b, 2);
	pgcopy_put32(b, 4);
	pgcopy_put32(b, n);
	pgcopy_put32(b, (uint32_t)len);
	buf_add(b, note, (size_t)len);
}

static void
write_stream(enum header_values values, unsigned rows, bool bare, enum ending ending)
{
	struct err e = ERR_INIT, why = ERR_INIT;
	struct header *h = two_columns(values);
	struct output *o = output_open(path, &e);
	struct stream_writer *w = stream_writer_new(o, STREAM_BINARY, 0);
	struct buf row = BUF_INIT;
	unsigned i;
	int rc;

	h->bare = bare;
	rc = stream_writer_begin(w, h, &e);
	for (i = 0; rc == 0 && i < rows; i++) {
		make_row(&row, values, i);
		rc = stream_writer_rows(w, row.data, row.len, 1, NULL, &e);
	}
	if (rc == 0 && ending == WHOLE)
		rc = stream_writer_end(w, &e);
	if (ending == ABORTED) {
		err_set(&why, EXIT_DATA, "division by zero");
		stream_writer_abort(w, &why);
	}
	if (rc != 0 || output_finish(o, &e) != 0)
		printf("# could not write the stream: %s\n", e.msg);
	buf_release(&row);
	stream_writer_free(w);
	output_free(o);
	header_free(h);
	err_release(&why);
	err_release(&e);
}

/* Read ${streams} streams from the file; rows are appended to ${out}. */
static int
read_stream(struct buf *out, int streams, const bool *keep, uint64_t *rows, struct err *e)
{
	struct input *in = input_open(path, e);
	struct stream_reader *r = stream_reader_new(in, 0);
	struct stream_chunk chunk;
	int rc = 0;

	for (; rc == 0 && streams > 0; streams--) {
		rc = stream_reader_begin(r, e);
		if (rc == 0 && keep != NULL)
			stream_reader_select(r, keep, 2);
		while (rc == 0 && (rc = stream_reader_next(r, &chunk, e)) > 0) {
			buf_add(out, chunk.data, chunk.len);
			rc = 0;
			if (chunk.len == 0 && chunk.rows == 0)
				break;
		}
	}
	if (rc == 0)
		rc = stream_reader_finish(r, e);
	*rows = stream_reader_rows(r);
	stream_reader_free(r);
	input_free(in);
	return rc;
}

static void
want_rows(struct buf *want, enum header_values values, unsigned rows)
{
	struct buf row = BUF_INIT;
	unsigned i;

	want->len = 0;
	for (i = 0; i < rows; i++) {
		make_row(&row, values, i);
		buf_add(want, row.data, row.len);
	}
	buf_release(&row);
}

static void
test_there_and_back(void)
{
	static const unsigned counts[] = {0, 1, 100, 50000};
	struct buf got = BUF_INIT, want = BUF_INIT;
	struct err e = ERR_INIT;
	uint64_t rows;
	size_t i;
	int v;

	for (v = 0; v < 4; v++)
		for (i = 0; i < 4; i++) {
			enum header_values values = v < 2 ? HEADER_BINARY : HEADER_TEXT;

			write_stream(values, counts[i], v % 2 != 0, WHOLE);
			got.len = 0;
			is_int(read_stream(&got, 1, NULL, &rows, &e), 0, "kind %d, %u rows", v,
			       counts[i]);
			is_int(rows, counts[i], "kind %d: all %u", v, counts[i]);
			want_rows(&want, values, counts[i]);
			ok(got.len == want.len &&
				   (got.len == 0 || memcmp(got.data, want.data, got.len) == 0),
			   "kind %d, %u rows: as they were", v, counts[i]);
		}
	buf_release(&got);
	buf_release(&want);
}

static void
test_select(void)
{
	const bool second[2] = {false, true}, none[2] = {false, false};
	struct buf got = BUF_INIT;
	struct err e = ERR_INIT;
	uint64_t rows;

	write_stream(HEADER_TEXT, 3, false, WHOLE);
	is_int(read_stream(&got, 1, second, &rows, &e), 0, "one of two text columns");
	is_str(buf_cstr(&got), "note 0\nnote 1\nnote 2\n", "is left");
	write_stream(HEADER_BINARY, 1, false, WHOLE);
	got.len = 0;
	is_int(read_stream(&got, 1, second, &rows, &e), 0, "one of two binary columns");
	is_mem(got.data, got.len, "\0\1\0\0\0\6note 0", 12, "is left");
	got.len = 0;
	is_int(read_stream(&got, 1, none, &rows, &e), 0, "none of them");
	is_mem(got.data, got.len, "\0\0", 2, "leaves empty rows");
	buf_release(&got);
}

static void
test_abort(void)
{
	struct buf got = BUF_INIT;
	struct err e = ERR_INIT;
	uint64_t rows;

	write_stream(HEADER_BINARY, 10, false, ABORTED);
	is_int(read_stream(&got, 1, NULL, &rows, &e), -1,
	       "an aborted stream does not end well");
	is_int(e.code, EXIT_STREAM, "it is incomplete");
	ok(e.msg != NULL && strstr(e.msg, "division by zero") != NULL, "for upstream's reason");
	err_release(&e);
	buf_release(&got);
}

/* Put the stream's first ${len} bytes, one of them changed by ${flip}, back into the file. */
static void
damage(const struct buf *whole, size_t len, size_t at, unsigned flip)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	bool done = fd >= 0 && write(fd, whole->data, len) == (ssize_t)len;

	if (flip != 0 && at < whole->len) {
		char byte = (char)(whole->data[at] ^ (char)flip);

		done = done && pwrite(fd, &byte, 1, (off_t)at) == 1;
	}
	if (!done)
		printf("# could not write the damaged stream\n");
	if (fd >= 0)
		close(fd);
}

static void
load_file(struct buf *b)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	b->len = 0;
	while (fd >= 0 && (n = read(fd, buf_reserve(b, 65536), 65536)) > 0)
		b->len += (size_t)n;
	if (fd >= 0)
		close(fd);
}

static void
test_damage(enum header_values values)
{
	struct buf whole = BUF_INIT, got = BUF_INIT;
	struct err e = ERR_INIT;
	size_t i, accepted = 0;
	uint64_t rows;
	unsigned bit;

	write_stream(values, 20, false, WHOLE);
	load_file(&whole);
	for (i = 0; i < whole.len; i++) {
		damage(&whole, i, 0, 0);
		accepted += read_stream(&got, 1, NULL, &rows, &e) == 0;
		accepted += e.code != EXIT_STREAM;
		err_release(&e);
		got.len = 0;
	}
	is_int(accepted, 0, "cut at each of %zu offsets, it is refused", whole.len);
	accepted = 0;
	for (i = 0; i < whole.len; i++)
		for (bit = 0; bit < 8; bit++) {
			damage(&whole, whole.len, i, 1u << bit);
			if (read_stream(&got, 1, NULL, &rows, &e) == 0) {
				printf("# byte %zu bit %u\n", i, bit);
				accepted++;
			}
			err_release(&e);
			got.len = 0;
		}
	is_int(accepted, 0, "with any one bit flipped it is refused");
	buf_addc(&whole, '\0');
	damage(&whole, whole.len, 0, 0);
	is_int(read_stream(&got, 1, NULL, &rows, &e), -1, "with a byte more it is refused");
	err_release(&e);
	buf_release(&whole);
	buf_release(&got);
}

static void
test_several(void)
{
	struct buf one = BUF_INIT, got = BUF_INIT;
	struct err e = ERR_INIT;
	uint64_t rows;

	write_stream(HEADER_BINARY, 3, false, WHOLE);
	load_file(&got);
	buf_add(&one, got.data, got.len);
	buf_add(&one, got.data, got.len);
	got.len = 0;
	damage(&one, one.len, 0, 0);
	is_int(read_stream(&got, 1, NULL, &rows, &e), -1, "two streams where one is expected");
	err_release(&e);
	is_int(read_stream(&got, 2, NULL, &rows, &e), 0, "two where two are");
	is_int(rows, 6, "with the rows of both");
	is_int(read_stream(&got, 3, NULL, &rows, &e), -1, "two where three are");
	err_release(&e);
	buf_release(&one);
	buf_release(&got);
}

/* What the writer's rows come to and what the reader's come to, with a field left out or not.
 */
static void
check_rows_digest(enum header_values values, const bool *keep)
{
	struct err e = ERR_INIT;
	struct input *in;
	struct stream_reader *r;
	struct stream_chunk chunk;
	char hex[ROWDIGEST_LEN + 1];
	struct buf file = BUF_INIT;
	int rc;

	write_stream(values, 20000, false, WHOLE); /* rows straddle the reader's windows */
	load_file(&file);
	in = input_open(path, &e);
	r = stream_reader_new(in, 0);
	rc = stream_reader_begin(r, &e);
	if (rc == 0 && keep != NULL)
		stream_reader_select(r, keep, 2);
	while (rc == 0 && stream_reader_next(r, &chunk, &e) > 0)
		continue;
	stream_reader_rows_digest(r, hex);
	ok(e.code == EXIT_DONE && file.data != NULL &&
		   memmem(file.data, file.len, hex, strlen(hex)) != NULL,
	   "the end document has the rows digest %s: %s", hex, e.msg != NULL ? e.msg : "");
	ok(strncmp(hex, values == HEADER_TEXT ? "text:" : "binary:", 5) == 0, "of their form");
	stream_reader_free(r);
	input_free(in);
	buf_release(&file);
	err_release(&e);
}

/* A digest of other rows, and none though the header promises one. */
static void
test_rows_digest(void)
{
	const bool first[] = {true, false};
	struct buf whole = BUF_INIT, got = BUF_INIT;
	struct err e = ERR_INIT;
	uint64_t rows;
	char *at;

	check_rows_digest(HEADER_BINARY, NULL);
	check_rows_digest(HEADER_BINARY, first);
	check_rows_digest(HEADER_TEXT, NULL);
	check_rows_digest(HEADER_TEXT, first);
	write_stream(HEADER_BINARY, 3, false, WHOLE);
	load_file(&whole);
	if (whole.data == NULL)
		return;
	at = memmem(whole.data, whole.len, "\"binary:", 8);
	at[8] = at[8] == '0' ? '1' : '0';
	damage(&whole, whole.len, 0, 0);
	ok(read_stream(&got, 1, NULL, &rows, &e) != 0 && e.code == EXIT_STREAM &&
		   strstr(e.msg, "its rows' digest is") != NULL,
	   "another rows digest is refused: %s", e.msg);
	err_release(&e);
	at[-3] = 'x'; /* of "rows_digest": */
	damage(&whole, whole.len, 0, 0);
	ok(read_stream(&got, 1, NULL, &rows, &e) != 0 && e.code == EXIT_STREAM,
	   "none though the header promises one: %s", e.msg);
	err_release(&e);
	buf_release(&whole);
	buf_release(&got);
}

/*
 * The reader's window ends with a row of text values, and that row fills the chunk:
 * nothing is left to be consumed for the row's newline.
 */
static void
test_row_that_ends_with_the_window(void)
{
	struct err e = ERR_INIT;
	struct header *h = two_columns(HEADER_TEXT);
	struct output *o = output_open(path, &e);
	struct stream_writer *w = stream_writer_new(o, STREAM_BINARY, 0);
	struct buf rows = BUF_INIT, got = BUF_INIT;
	uint64_t n;
	size_t used;
	int rc = stream_writer_begin(w, h, &e);

	buf_adds(&rows, "1\t");
	used = output_bytes(o) + 2 + 4 + 1 + 4; /* count, two lengths, "1" */
	for (; used < READBUF_BLOCK; used++)
		buf_adds(&rows, "\\n");
	buf_adds(&rows, "\n2\tb\n");
	if (rc != 0 || stream_writer_rows(w, rows.data, rows.len, 2, NULL, &e) != 0 ||
	    stream_writer_end(w, &e) != 0 || output_finish(o, &e) != 0)
		printf("# could not write the stream: %s\n", e.msg);
	stream_writer_free(w);
	output_free(o);
	header_free(h);
	is_int(read_stream(&got, 1, NULL, &n, &e), 0, "a row ends with the window: read");
	ok(n == 2 && got.len == rows.len && memcmp(got.data, rows.data, rows.len) == 0,
	   "two rows, with the newline between them");
	buf_release(&rows);
	buf_release(&got);
	err_release(&e);
}

/* The reader takes no extension of the server's limit, and a row or two come with it. */
static void
test_header_too_large(void)
{
	struct err e = ERR_INIT;
	struct header *h = two_columns(HEADER_TEXT);
	struct output *o = output_open(path, &e);
	struct stream_writer *w = stream_writer_new(o, STREAM_BINARY, 0);
	char *name = xmalloc(PGCOPY_EXTENSION_MAX / 2 + 1);

	memset(name, 'x', PGCOPY_EXTENSION_MAX / 2);
	name[PGCOPY_EXTENSION_MAX / 2] = '\0';
	schema_add_column(&h->schema, name, "text", NULL);
	free(name);
	is_int(stream_writer_begin(w, h, &e), -1, "a header of more than 8 MiB");
	ok(strstr(e.msg, "too large") != NULL, "says so (%s)", e.msg);
	stream_writer_free(w);
	output_free(o);
	header_free(h);
	err_release(&e);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	path = xasprintf("%s/stream", dir);
	test_there_and_back();
	test_select();
	test_abort();
	test_damage(HEADER_BINARY);
	test_damage(HEADER_TEXT);
	test_several();
	test_rows_digest();
	test_row_that_ends_with_the_window();
	test_header_too_large();
	unlink(path);
	rmdir(dir);
	free(path);
	return tap_done();
}
