/*
 * A stream of 100 rows, cut at every byte and with every bit flipped: no reader
 * may take it for whole, whichever way the rows go through it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/rows/pgcopy.h"
#include "common/schema/header.h"
#include "common/stream/input.h"
#include "common/stream/stream_reader.h"
#include "tests/unit/tap.h"

#define ROWS 100

/* How the rows are read. */
enum way { PASSED, COLUMN_DROPPED, TEXT };

static const char *const way_names[] = {"passed on", "with a column dropped", "as text"};

static void
put_field(struct buf *b, const char *text)
{
	pgcopy_put32(b, (uint32_t)strlen(text));
	buf_adds(b, text);
}

static void
put_rows(struct buf *b)
{
	char text[32];
	int i;

	for (i = 0; i < ROWS; i++) {
		snprintf(text, sizeof(text), "row %d", i);
		pgcopy_put16(b, 2);
		put_field(b, text);
		if (i % 7 == 0)
			pgcopy_put32(b, UINT32_MAX);
		else
			put_field(b, i % 5 == 0 ? "" : "\t\\\n");
	}
}

/* The stream, made by hand: header segment with rows, end segment. */
static void
make_stream(struct buf *b, enum way way)
{
	struct header *h = header_new();
	char *doc, *end;
	size_t rows_at;
	XXH3_state_t *digest = XXH3_createState();
	json_t *json;

	schema_add_column(&h->schema, "a", "text", NULL);
	schema_add_column(&h->schema, "b", "text", NULL);
	h->values = way == TEXT ? HEADER_TEXT : HEADER_BINARY;
	json = header_to_json(h);
	json_object_del(json, "rows_digest"); /* as 0.1.0 wrote it */
	doc = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	header_free(h);
	pgcopy_put_preamble(b, doc, strlen(doc));
	rows_at = b->len;
	put_rows(b);
	XXH3_64bits_reset(digest);
	XXH3_64bits_update(digest, doc, strlen(doc));
	XXH3_64bits_update(digest, b->data + rows_at, b->len - rows_at);
	end = xasprintf("{\"end\":true,\"rows\":%d,\"xxh3\":\"%016" PRIx64 "\"}", ROWS,
			(uint64_t)XXH3_64bits_digest(digest));
	pgcopy_put_trailer(b);
	pgcopy_put_preamble(b, end, strlen(end));
	pgcopy_put_trailer(b);
	XXH3_freeState(digest);
	free(doc);
	free(end);
}

/* Read all of the file: EXIT_DONE if it passes for a whole stream, else the error's code. */
static enum exit_code
read_stream(const char *path, enum way way, uint64_t *rows)
{
	static const bool keep[] = {true, false};
	struct err e = ERR_INIT;
	struct input *in = input_open(path, &e);
	struct stream_reader *r = stream_reader_new(in, 0);
	struct stream_chunk chunk;
	enum exit_code code;
	int rc = stream_reader_begin(r, &e);

	if (rc == 0 && way == COLUMN_DROPPED)
		stream_reader_select(r, keep, 2);
	while (rc == 0 && (rc = stream_reader_next(r, &chunk, &e)) > 0)
		rc = 0;
	if (e.code == EXIT_DONE)
		rc = stream_reader_finish(r, &e);
	*rows = stream_reader_rows(r);
	code = rc == 0 ? EXIT_DONE : e.code;
	stream_reader_free(r);
	input_free(in);
	err_release(&e);
	return code;
}

static int
make_file(char path[32], const struct buf *b)
{
	int fd = memfd_create("stream", 0);

	snprintf(path, 32, "/proc/self/fd/%d", fd);
	if (fd < 0 || pwrite(fd, b->data, b->len, 0) != (ssize_t)b->len)
		abort();
	return fd;
}

static void
test_cuts(int fd, const char *path, const struct buf *b, enum way way)
{
	uint64_t rows;
	size_t n, passed = 0, wrong = 0;

	for (n = b->len; n-- > 0;) {
		enum exit_code code;

		if (ftruncate(fd, (off_t)n) != 0)
			abort();
		code = read_stream(path, way, &rows);
		passed += code == EXIT_DONE;
		wrong += code != EXIT_DONE && code != EXIT_STREAM;
	}
	is_int(passed, 0, "%s: no cut of %zu passes", way_names[way], b->len);
	is_int(wrong, 0, "%s: every cut is called one", way_names[way]);
}

static void
test_flips(int fd, const char *path, const struct buf *b, enum way way)
{
	uint64_t rows;
	size_t i, passed = 0, wrong = 0;

	if (pwrite(fd, b->data, b->len, 0) != (ssize_t)b->len)
		abort();
	for (i = 0; i < b->len * 8; i++) {
		off_t at = (off_t)(i / 8);
		char flipped = (char)(b->data[at] ^ (1 << i % 8));
		enum exit_code code;

		if (pwrite(fd, &flipped, 1, at) != 1)
			abort();
		code = read_stream(path, way, &rows);
		passed += code == EXIT_DONE;
		wrong += code != EXIT_DONE && code != EXIT_STREAM;
		if (pwrite(fd, b->data + at, 1, at) != 1)
			abort();
	}
	is_int(passed, 0, "%s: none of %zu flipped bits passes", way_names[way], b->len * 8);
	is_int(wrong, 0, "%s: every flipped bit is the stream's fault", way_names[way]);
}

static void
test_stream(enum way way)
{
	struct buf b = BUF_INIT;
	char path[32];
	uint64_t rows;
	int fd;

	make_stream(&b, way);
	fd = make_file(path, &b);
	is_int(read_stream(path, way, &rows), EXIT_DONE, "%s: the whole passes",
	       way_names[way]);
	is_int(rows, ROWS, "%s: with all rows", way_names[way]);
	test_cuts(fd, path, &b, way);
	test_flips(fd, path, &b, way);
	close(fd);
	buf_release(&b);
}

/* Frames that end exactly where the caller's buffer does. */
static void
test_zstd_fills_buffer(size_t size)
{
	struct buf plain = BUF_INIT, packed = BUF_INIT;
	struct err e = ERR_INIT;
	struct input *in;
	char path[32], *got = xmalloc(size);
	ssize_t n, total = 0;
	int fd;

	while (plain.len < size)
		buf_add(&plain, &size, sizeof(size));
	packed.len = ZSTD_compress(buf_reserve(&packed, ZSTD_compressBound(size)),
				   ZSTD_compressBound(size), plain.data, size, 1);
	fd = make_file(path, &packed);
	in = input_open(path, &e);
	while ((n = input_read(in, got, size, &e)) > 0)
		total += n;
	is_int(n, 0, "zstd frame of %zu bytes: its end is no cut", size);
	is_int(total, (long long)size, "zstd frame of %zu bytes: all have come", size);
	input_free(in);
	err_release(&e);
	close(fd);
	free(got);
	buf_release(&plain);
	buf_release(&packed);
}

int
main(void)
{
	test_stream(PASSED);
	test_stream(COLUMN_DROPPED);
	test_stream(TEXT);
	test_zstd_fills_buffer((size_t)1024);
	test_zstd_fills_buffer((size_t)256 * 1024);
	return tap_done();
}
