/*
 * Databases as a kind of sink: what is meant unless another one is asked for.
 */
#ifndef LOAD_PGKIND_H
#define LOAD_PGKIND_H

#include "load/sink/sink_kind.h"

extern const struct sink_kind pgkind;

#endif /* LOAD_PGKIND_H */
