/*
 * The factory of sinks.
 */
#include "load/sink.h"

#include <stdlib.h>

#include "load/csv/csvkind.h"
#include "load/options.h"
#include "load/pg/pgkind.h"

const struct cli_kind *const sink_kinds[] = {
	&pgkind.cli,
	&csvkind.cli,
	NULL,
};

struct sink *
sink_new(const struct load_options *options, struct receipt *receipt)
{
	struct sink *s = options->kind->make();

	s->options = options;
	s->receipt = receipt;
	return s;
}

void
sink_free(struct sink *s)
{
	if (s == NULL)
		return;
	s->ops->close(s);
	free(s->where);
	free(s->relation);
	free(s->plan);
	free(s);
}
