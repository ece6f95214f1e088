/*
 * Where bytes leave the program: standard output, or a file that appears under
 * its name only when it is complete.  Compresses with zstd when asked.
 */
#ifndef COMMON_OUTPUT_H
#define COMMON_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct output;

/* Bytes: the size to write in; of fuzzers' builds a few, as READBUF_BLOCK. */
#ifndef OUTPUT_BLOCK
#define OUTPUT_BLOCK ((size_t)256 * 1024)
#endif

/*
 * output_open(path, e):
 * Open ${path}, or standard output if it is NULL or "-".  A regular file is
 * written beside its final name and renamed by output_finish(); one that is
 * there keeps its mode.  The caller frees the result with output_free().  NULL with
 * ${e} filled on failure, or on a stop signal while a FIFO waits for its other end.
 */
struct output *output_open(const char *path, struct err *e) __attribute__((warn_unused_result));

/*
 * output_try(path, e):
 * Fail where output_open() would; nothing is left or changed, and no FIFO waited for.  NULL is
 * nothing to write.
 */
int output_try(const char *path, struct err *e) __attribute__((warn_unused_result));

/*
 * output_is_live(path):
 * Tell whether what is written to ${path} is seen at once: standard output, a
 * FIFO, a device, but not a regular file.
 */
bool output_is_live(const char *path);

/*
 * output_compress(o, level, threads, e):
 * Compress everything written from now on with zstd, in ${threads} threads beside ours; 0: in
 * ours.
 */
int output_compress(struct output *o, int level, int threads, struct err *e)
	__attribute__((warn_unused_result));

/*
 * output_write(o, data, len, e):
 * Write all ${len} bytes; nothing is held back unless compression is on.
 * A reader that is gone gives EXIT_BY_SIGNAL with SIGPIPE; a stop signal
 * EXIT_BY_SIGNAL with its number, and the write may then be incomplete.
 */
int output_write(struct output *o, const void *data, size_t len, struct err *e)
	__attribute__((warn_unused_result));

/*
 * output_flush(o, e):
 * Send on what compression holds back.
 */
int output_flush(struct output *o, struct err *e) __attribute__((warn_unused_result));

/*
 * output_sync(o, e), output_rewind(o, bytes, e):
 * For a file that is written beside its final name and not compressed: bring
 * what has been written to disk; forget all but the first ${bytes} of it.
 */
int output_sync(struct output *o, struct err *e) __attribute__((warn_unused_result));
int output_rewind(struct output *o, uint64_t bytes, struct err *e)
	__attribute__((warn_unused_result));

/*
 * output_finish(o, e):
 * Complete the output: end the zstd frame, bring a file to disk and give it
 * its name, close standard output and check that this worked.
 */
int output_finish(struct output *o, struct err *e) __attribute__((warn_unused_result));

/*
 * output_watch_fd(o):
 * Return the descriptor whose error state tells that the reader is gone, or -1
 * where there is no reader to lose.
 */
int output_watch_fd(const struct output *o);

/*
 * output_is_whole(o):
 * Tell whether every write so far went out completely.
 */
int output_is_whole(const struct output *o);

/*
 * output_bytes(o):
 * Return the number of bytes given to output_write(), before compression.
 */
uint64_t output_bytes(const struct output *o);

/*
 * output_free(o):
 * Close and, unless finished, remove an incomplete file.  NULL does nothing.
 */
void output_free(struct output *o);

#endif /* COMMON_OUTPUT_H */
