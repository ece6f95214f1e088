/*
 * The decoder for PGCOPY segments.
 */
#ifndef COMMON_STREAM_PGCOPY_H
#define COMMON_STREAM_PGCOPY_H

#include "common/stream/stream_decoder.h"

extern const struct stream_decoder_ops stream_pgcopy_ops;

#endif /* COMMON_STREAM_PGCOPY_H */
