/*
 * Small writes that have to be whole: receipts, and lines of a log.
 */
#ifndef COMMON_WRITEALL_H
#define COMMON_WRITEALL_H

#include <stddef.h>

/*
 * writeall(fd, data, len):
 * Write all ${len} bytes, in pieces if need be.  Returns 0, or -1 with errno set.
 */
int writeall(int fd, const char *data, size_t len) __attribute__((warn_unused_result));

#endif /* COMMON_WRITEALL_H */
