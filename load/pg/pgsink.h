/*
 * Databases as a kind of sink: what is meant unless another one is asked for.
 */
#ifndef LOAD_PGSINK_H
#define LOAD_PGSINK_H

#include "load/sink/sink_kind.h"

extern const struct sink_kind pgsink;

#endif /* LOAD_PGSINK_H */
