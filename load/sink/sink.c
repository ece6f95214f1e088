/*
 * What all sinks have in common.
 */
#include "load/sink/sink.h"

#include <stdlib.h>

#include "common/base/err.h"

int
sink_expect(struct sink *s, const struct sink_set *set, struct err *e)
{
	return s->ops->expect != NULL ? s->ops->expect(s, set, e) : sink_refuse_set(e);
}

int
sink_refuse_set(struct err *e)
{
	err_set(e, EXIT_USAGE, "a set of several relations does not go into one file");
	return err_hint(e, "--csv=DIR/, with a slash behind it, makes a file of each.");
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
