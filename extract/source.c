/*
 * The factory of sources.
 */
#include "extract/source.h"

#include <stdlib.h>

#include "common/schema.h"
#include "extract/source_pg.h"

struct source *
source_new(const struct extract_options *options)
{
	struct source *s = source_pg_new();

	s->options = options;
	s->schema = schema_new();
	return s;
}

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	s->ops->close(s);
	schema_free(s->schema);
	free(s->where);
	free(s);
}
