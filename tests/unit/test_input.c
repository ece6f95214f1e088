/*
 * input and readbuf: bytes as they are, zstd told by its first bytes, a window
 * that slides and grows.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/stream/input.h"
#include "common/stream/readbuf.h"
#include "tests/unit/tap.h"

static char path[] = "/tmp/portl-test-input.XXXXXX";

static void
put_file(const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd) != 0)
		printf("# could not write %s\n", path);
}

/* Read all in pieces of ${step}; returns the number of bytes, or -1. */
static ssize_t
read_all(char *dst, size_t cap, size_t step, struct err *e)
{
	struct input *in = input_open(path, e);
	size_t len = 0;
	ssize_t n = in != NULL ? 1 : -1;

	while (n > 0 && len + step <= cap) {
		n = input_read(in, dst + len, step, e);
		len += n > 0 ? (size_t)n : 0;
	}
	input_free(in);
	return n < 0 ? -1 : (ssize_t)len;
}

static void
test_plain(void)
{
	char out[64];
	struct err e = ERR_INIT;
	size_t step;

	for (step = 1; step < 8; step++) {
		put_file("hello, world", 12);
		is_mem(out, (size_t)read_all(out, 40, step, &e), "hello, world", 12,
		       "plain bytes in pieces of %zu", step);
	}
	put_file("", 0);
	is_int(read_all(out, 40, 4, &e), 0, "an empty file is the end at once");
	put_file("abc", 3);
	is_int(read_all(out, 40, 4, &e), 3, "a file shorter than a magic number");
	is_int(e.code, EXIT_DONE, "no error in all this");
}

static size_t
compressed(char *dst, size_t cap, const char *src, size_t len)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(z, dst, cap, src, len);
	ZSTD_freeCCtx(z);
	return ZSTD_isError(n) ? 0 : n;
}

static void
test_zstd(void)
{
	char *plain = xmalloc(1000000), *packed = xmalloc(1100000), *out = xmalloc(2200000);
	struct err e = ERR_INIT;
	size_t i, n;
	ssize_t got;

	for (i = 0; i < 1000000; i++)
		plain[i] = (char)(i * i >> 7);
	n = compressed(packed, 1100000, plain, 1000000);
	put_file(packed, n);
	got = read_all(out, 2200000, 65536, &e);
	ok(got == 1000000 && memcmp(out, plain, 1000000) == 0, "zstd is unpacked");
	i = compressed(packed + n, 1100000 - n, "tail", 4);
	put_file(packed, n + i);
	got = read_all(out, 2200000, 1000, &e);
	ok(got == 1000004 && memcmp(out + 1000000, "tail", 4) == 0,
	   "frames follow one another");
	put_file(packed, n - 1);
	is_int(read_all(out, 2200000, 65536, &e), -1, "a cut frame is an error");
	is_int(e.code, EXIT_STREAM, "of the stream");
	err_release(&e);
	memset(packed + n / 2, 0xff, 16);
	put_file(packed, n);
	got = read_all(out, 2200000, 65536, &e);
	ok(got == -1 && e.code == EXIT_STREAM, "so is a damaged one");
	err_release(&e);
	free(plain);
	free(packed);
	free(out);
}

/* As pzstd begins its files. */
static void
test_skippable(void)
{
	char packed[200] = "\x50\x2a\x4d\x18\x04\0\0\0size", out[200];
	struct err e = ERR_INIT;
	size_t n = compressed(packed + 12, sizeof(packed) - 12, "rows", 4);
	ssize_t got;

	put_file(packed, 12 + n);
	got = read_all(out, sizeof(out), 50, &e);
	ok(got == 4 && memcmp(out, "rows", 4) == 0, "a frame to be skipped may come first");
	put_file(packed, 11);
	got = read_all(out, sizeof(out), 50, &e);
	ok(got == -1 && e.code == EXIT_STREAM, "it is cut");
	err_release(&e);
	put_file(packed, 12);
	is_int(read_all(out, sizeof(out), 50, &e), 0, "alone it is an empty input");
	packed[0] = 'P';
	packed[3] = 'X';
	put_file(packed, 12);
	is_int(read_all(out, sizeof(out), 50, &e), 12, "four bytes are its magic");
}

static void
test_open(void)
{
	struct err e = ERR_INIT;
	struct input *in = input_open("/nonexistent/file", &e);

	ok(in == NULL && e.code == EXIT_DATA, "what is not there cannot be opened");
	ok(strstr(e.msg, "/nonexistent/file") != NULL, "and is named");
	err_release(&e);
	in = input_open(path, &e);
	is_str(input_name(in), path, "a file goes by its name");
	ok(!input_is_terminal(in), "and is no terminal");
	input_free(in);
	in = input_open("-", &e);
	is_str(input_name(in), "stdin", "- is standard input");
	input_free(in);
	ok(fcntl(STDIN_FILENO, F_GETFD) >= 0, "which stays open");
	input_free(NULL);
}

static int calls;

static int
on_ready(void *arg, struct err *e)
{
	char byte;

	calls++;
	if (read(*(int *)arg, &byte, 1) != 1 || byte == 'x')
		return err_set(e, EXIT_CONN, "the other side is gone");
	return 0;
}

static void
test_watch(void)
{
	int data[2], other[2], saved = dup(STDIN_FILENO);
	struct err e = ERR_INIT;
	struct input *in;
	char out[8];

	if (pipe(data) != 0 || pipe(other) != 0 || dup2(data[0], STDIN_FILENO) < 0)
		exit(1);
	in = input_open(NULL, &e);
	input_watch(in, other[0], on_ready, &other[0]);
	ok(write(other[1], "n", 1) == 1 && write(data[1], "abcd", 4) == 4, "both have bytes");
	is_int(input_read(in, out, 8, &e), 4, "notices do not keep data back");
	ok(write(other[1], "x", 1) == 1, "the other side fails");
	is_int(input_read(in, out, 8, &e), -1, "that ends the wait for data");
	ok(e.code == EXIT_CONN && calls > 0, "with the watcher's error");
	err_release(&e);
	input_free(in);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(data[0]);
	close(data[1]);
	close(other[0]);
	close(other[1]);
}

static void
test_window(void)
{
	size_t i, len = 3000000, bad = 0;
	char *plain = xmalloc(len);
	struct err e = ERR_INIT;
	struct readbuf rb;
	struct input *in;

	for (i = 0; i < len; i++)
		plain[i] = (char)(i * 31 >> 4);
	put_file(plain, len);
	in = input_open(path, &e);
	readbuf_init(&rb, in);
	for (i = 0; i < len && readbuf_need(&rb, 1, &e) == 1;) {
		size_t n = readbuf_left(&rb) < 1777 ? readbuf_left(&rb) : 1777;

		bad += readbuf_offset(&rb) != i ||
		       memcmp(readbuf_bytes(&rb), plain + i, n) != 0;
		rb.pos += n;
		i += n;
	}
	is_int(i, len, "the window slides to the end");
	is_int(bad, 0, "showing every byte, at its offset");
	ok(rb.cap <= 1 << 20, "without growing");
	is_int(readbuf_need(&rb, 1, &e), 0, "and then says so");
	readbuf_release(&rb);
	input_free(in);
	in = input_open(path, &e);
	readbuf_init(&rb, in);
	is_int(readbuf_need(&rb, 2500000, &e), 1, "it grows for what has to be whole");
	ok(memcmp(readbuf_bytes(&rb), plain, 2500000) == 0, "which it then is");
	is_int(readbuf_need(&rb, 3000001, &e), 0, "more than there is, is not to be had");
	readbuf_release(&rb);
	input_free(in);
	free(plain);
}

int
main(void)
{
	int fd = mkstemp(path);

	close(fd);
	test_plain();
	test_zstd();
	test_skippable();
	test_open();
	test_watch();
	test_window();
	unlink(path);
	return tap_done();
}
