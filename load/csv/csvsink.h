/*
 * CSV files as a kind of sink.
 */
#ifndef LOAD_CSVSINK_H
#define LOAD_CSVSINK_H

#include "load/sink/sink_kind.h"

extern const struct sink_kind csvsink;

#endif /* LOAD_CSVSINK_H */
