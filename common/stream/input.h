/*
 * Where bytes come from: standard input or a file, decompressed if they are
 * zstd.  While it waits for bytes it can watch a second descriptor, so that a
 * server that goes away is noticed at once.
 */
#ifndef COMMON_INPUT_H
#define COMMON_INPUT_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct input;

/*
 * input_open(path, e):
 * Open ${path}, or standard input if it is NULL or "-".  The caller frees the
 * result with input_free().  NULL with ${e} filled on failure, or on a stop signal
 * while a FIFO waits for its other end.
 */
struct input *input_open(const char *path, struct err *e) __attribute__((warn_unused_result));

/*
 * input_watch(in, fd, on_ready, arg):
 * While waiting for bytes, call on_ready(arg, e) whenever ${fd} is readable;
 * a negative return ends the wait and input_read() fails with ${e} as filled.
 */
void input_watch(struct input *in, int fd, int (*on_ready)(void *arg, struct err *e),
		 void *arg);

/*
 * input_watch_output(in, fd):
 * While waiting for bytes, give up quietly (EXIT_BY_SIGNAL with SIGPIPE) when
 * nobody reads any longer what is written to ${fd}; -1 watches nothing.
 */
void input_watch_output(struct input *in, int fd);

/*
 * input_wait(in, timeout, e):
 * Wait until input_read() has something to say, at most ${timeout} ms (-1: any
 * time).  Returns 1, 0 if time is up, -1 with ${e} filled.
 */
int input_wait(struct input *in, int timeout, struct err *e)
	__attribute__((warn_unused_result));

/*
 * input_read(in, dst, cap, e):
 * Wait for bytes and store at least one and at most ${cap} of them in ${dst}.
 * Returns their number, 0 at the end of the input, -1 with ${e} filled.
 */
ssize_t input_read(struct input *in, char *dst, size_t cap, struct err *e)
	__attribute__((warn_unused_result));

/*
 * input_share(in):
 * Return which share of the input's bytes has been read, 0 to 1, or -1 where it has no
 * size that could be known: a pipe.
 */
double input_share(const struct input *in);

/*
 * input_size(in):
 * Return how many bytes the input has, or -1 as above.
 */
off_t input_size(const struct input *in);

/*
 * input_name(in):
 * Return "stdin" or the file's path, for messages.
 */
const char *input_name(const struct input *in);

/*
 * input_is_terminal(in):
 * Tell whether a person would have to type the bytes.
 */
int input_is_terminal(const struct input *in);

/*
 * input_free(in):
 * Close and free.  NULL does nothing.
 */
void input_free(struct input *in);

#endif /* COMMON_INPUT_H */
