/*
 * What all sinks have in common.
 */
#include "load/sink/sink.h"

#include <stdlib.h>

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
