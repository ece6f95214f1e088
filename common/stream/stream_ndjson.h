/*
 * The decoder for NDJSON.
 */
#ifndef COMMON_STREAM_NDJSON_H
#define COMMON_STREAM_NDJSON_H

#include "common/stream/stream_decoder.h"

extern const struct stream_decoder_ops stream_ndjson_ops;

#endif /* COMMON_STREAM_NDJSON_H */
