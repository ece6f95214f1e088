/*
 * A kind of source: a folder of its own, and a row in extract/sources.c's table.
 */
#ifndef EXTRACT_SOURCE_KIND_H
#define EXTRACT_SOURCE_KIND_H

#include "common/cli/cli_spec.h"

struct err;
struct extract_options;
struct source;

struct source_kind {
	struct cli_kind cli; /* first: its name, its options, its keys in a job */
	/*
	 * All options are set, those of this kind in ${o}->own: see whether they go
	 * together.  Failure fills ${e}, with the option at fault by err_usage().
	 */
	int (*check)(struct extract_options *o, struct err *e);
	/* Return a source for the options, whose base is zeroes but for the ops. */
	struct source *(*make)(const struct extract_options *o);
};

#endif /* EXTRACT_SOURCE_KIND_H */
