/*
 * Databases as a kind of source: what is meant unless another one is asked for.
 */
#ifndef EXTRACT_PGKIND_H
#define EXTRACT_PGKIND_H

#include "extract/source/source_kind.h"

extern const struct source_kind pgkind;

#endif /* EXTRACT_PGKIND_H */
