/*
 * A plan and a stream on one standard input: the plan comes first, in a frame that says how
 * long it is, so that what follows is left for who reads the stream.
 */
#ifndef COMMON_PLANFRAME_H
#define COMMON_PLANFRAME_H

#include "common/base/buf.h"

struct err;

/*
 * planframe_add(out, text, len):
 * Append the frame and the text to ${out}.
 */
void planframe_add(struct buf *out, const char *text, size_t len);

/*
 * planframe_read(fd, text, e):
 * Append a plan to ${text}: of what is in a frame, not one byte more than that; without a
 * frame all there is.  Failure fills ${e} (EXIT_JOBFILE).
 */
int planframe_read(int fd, struct buf *text, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_PLANFRAME_H */
