/*
 * Small writes that have to be whole: receipts, lines of a log, what is printed.
 */
#ifndef COMMON_WRITEALL_H
#define COMMON_WRITEALL_H

#include <stddef.h>
#include <stdio.h>

/*
 * writeall(fd, data, len):
 * Write all ${len} bytes, in pieces if need be.  Returns 0, or -1 with errno set.
 */
int writeall(int fd, const char *data, size_t len) __attribute__((warn_unused_result));

struct err;

/*
 * writeall_finish(out, e):
 * Flush what was printed to ${out}, standard output or error, and see that all of it was
 * written; call it before anything else that sets errno.
 */
int writeall_finish(FILE *out, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_WRITEALL_H */
