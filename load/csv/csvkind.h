/*
 * CSV files as a kind of sink.
 */
#ifndef LOAD_CSVKIND_H
#define LOAD_CSVKIND_H

#include "load/sink/sink_kind.h"

extern const struct sink_kind csvkind;

#endif /* LOAD_CSVKIND_H */
