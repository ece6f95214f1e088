/*
 * CSV files as a kind of source: options, keys, and what goes together.
 */
#ifndef EXTRACT_CSVKIND_H
#define EXTRACT_CSVKIND_H

#include "extract/source/source_kind.h"

extern const struct source_kind csvkind;

#endif /* EXTRACT_CSVKIND_H */
