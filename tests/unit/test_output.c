/*
 * output: a file is whole or absent, a reader that is gone is told from an error.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/stream/output.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/portl-test-output.XXXXXX";
static char *path;

static int
files_in_dir(void)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	int n = 0;

	while (d != NULL && (entry = readdir(d)) != NULL)
		n += entry->d_name[0] != '.';
	if (d != NULL)
		closedir(d);
	return n;
}

static size_t
get_file(char *dst, size_t cap)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, dst, cap) : -1;

	if (fd >= 0)
		close(fd);
	return n < 0 ? 0 : (size_t)n;
}

static void
test_whole_file(void)
{
	struct err e = ERR_INIT;
	struct output *o;
	struct stat st;
	char back[64];

	umask(027);
	o = output_open(path, &e);
	is_int(output_write(o, "hello ", 6, &e), 0, "bytes are taken");
	ok(access(path, F_OK) != 0, "the file does not show before it is complete");
	is_int(output_write(o, "world", 5, &e), 0, "more bytes");
	is_int(output_finish(o, &e), 0, "finished");
	is_int(output_bytes(o), 11, "they are counted");
	output_free(o);
	is_mem(back, get_file(back, sizeof(back)), "hello world", 11, "now it is there, whole");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0640, "with the mode of umask");
	is_int(files_in_dir(), 1, "and nothing beside it");
}

static void
test_given_up(void)
{
	struct err e = ERR_INIT;
	struct output *o = output_open(path, &e);
	char back[64];

	is_int(output_write(o, "new", 3, &e), 0, "a second attempt");
	ok(output_is_whole(o) && output_watch_fd(o) == -1, "has no reader to lose");
	output_free(o);
	is_mem(back, get_file(back, sizeof(back)), "hello world", 11,
	       "given up, it leaves the old file");
	is_int(files_in_dir(), 1, "and nothing beside it");
	output_free(NULL);
}

static void
check_zstd(int threads)
{
	struct err e = ERR_INIT;
	struct output *o = output_open(path, &e);
	size_t size = 8 << 20, n, i;
	char *big = xmalloc(size), *packed = xmalloc(size), *back = xmalloc(size);

	for (i = 0; i < size; i++)
		big[i] = (char)(i * i >> 16);
	is_int(output_compress(o, 3, threads, &e), 0, "compression, %d threads", threads);
	for (i = 0; i < size; i += size / 8)
		is_int(output_write(o, big + i, size / 8, &e), 0, "of a million bytes");
	is_int(output_flush(o, &e), 0, "may be flushed");
	is_int(output_finish(o, &e), 0, "and finished");
	is_int((long long)output_bytes(o), (long long)size, "counted before compression");
	output_free(o);
	n = get_file(packed, size);
	ok(n > 0 && n < size / 2, "it is small");
	is_int((long long)ZSTD_decompress(back, size, packed, n), (long long)size,
	       "one frame that unpacks");
	ok(memcmp(back, big, size) == 0, "to what it was");
	free(big);
	free(packed);
	free(back);
}

static void
test_zstd(void)
{
	check_zstd(0);
	if (ZSTD_cParam_getBounds(ZSTD_c_nbWorkers).upperBound > 0)
		check_zstd(3);
}

static void
test_trouble(void)
{
	struct err e = ERR_INIT;
	int saved = dup(STDOUT_FILENO), ends[2];
	struct output *o = output_open("/nonexistent/dir/file", &e);

	ok(o == NULL && e.code == EXIT_DATA, "no directory, no file");
	err_release(&e);
	o = output_open("/dev/full", &e);
	ok(o != NULL, "a device is written as it is");
	is_int(output_write(o, "x", 1, &e), -1, "and a full one is an error");
	ok(e.code == EXIT_DATA && strstr(e.msg, "/dev/full") != NULL, "that names it");
	ok(!output_is_whole(o), "what was written is not whole");
	output_free(o);
	err_release(&e);
	fflush(stdout);
	if (pipe(ends) != 0 || dup2(ends[1], STDOUT_FILENO) < 0)
		fprintf(stderr, "no pipe\n");
	close(ends[1]);
	o = output_open(NULL, &e);
	close(ends[0]);
	output_write(o, "x", 1, &e) == 0 ? err_set(&e, EXIT_DATA, "written") : 0;
	output_free(o);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	ok(e.code == EXIT_BY_SIGNAL && e.signal == SIGPIPE,
	   "a reader that is gone is told from an error");
	err_release(&e);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL)
		return 1;
	path = xasprintf("%s/out", dir);
	test_whole_file();
	test_given_up();
	test_zstd();
	test_trouble();
	unlink(path);
	rmdir(dir);
	free(path);
	return tap_done();
}
