/*
 * Temporary files.
 */
#ifndef COMMON_TEMPFILE_H
#define COMMON_TEMPFILE_H

#include <stdio.h>

struct err;

/*
 * tempfile_open(e), tempfile_stream(e):
 * Open a new file for reading and writing that has no name, in the directory that
 * TMPDIR names, or /tmp.  Returns its descriptor, or -1 with ${e} filled; as a stream,
 * or NULL with ${e} filled.
 */
int tempfile_open(struct err *e) __attribute__((warn_unused_result));
FILE *tempfile_stream(struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_TEMPFILE_H */
