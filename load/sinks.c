/*
 * The one file that knows every kind of sink: a new kind is a folder and a row here.
 */
#include "load/sinks.h"

#include <stddef.h>

#include "load/csv/csvsink.h"
#include "load/options/options.h"
#include "load/pg/pgsink.h"
#include "load/sink/sink.h"
#include "load/verify/sink_verify.h"

const struct cli_kind *const sinks_kinds[] = {
	&pgsink.cli,
	&csvsink.cli,
	NULL,
};

struct sink *
sinks_new(const struct load_options *options, struct receipt *receipt)
{
	struct sink *s = options->verify ? sink_verify_new() : options->kind->make();

	s->options = options;
	s->receipt = receipt;
	return s;
}
