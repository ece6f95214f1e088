/*
 * A kind of sink: a folder of its own, and a row in load/sinks.c's table.
 */
#ifndef LOAD_SINK_KIND_H
#define LOAD_SINK_KIND_H

#include "common/cli/cli_spec.h"

struct err;
struct load_options;
struct sink;

struct sink_kind {
	struct cli_kind cli; /* first: its name, its options, its keys in a job */
	/*
	 * All options are set, those of this kind in ${o}->own: see whether they go
	 * together.  Failure fills ${e}, with the option at fault by err_usage().
	 */
	int (*check)(struct load_options *o, struct err *e);
	/* Return a sink whose base is zeroes but for the ops. */
	struct sink *(*make)(void);
};

#endif /* LOAD_SINK_KIND_H */
