/*
 * The factory of sinks.
 */
#include "load/sink.h"

#include <stdlib.h>

#include "load/sink_pg.h"

struct sink *
sink_new(const struct load_options *options)
{
	struct sink *s = sink_pg_new();

	s->options = options;
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
