/*
 * What every kind of source is freed by.
 */
#include "extract/source/source.h"

#include <stdlib.h>

#include "common/schema/header.h"
#include "common/schema/manifest.h"

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	s->ops->close(s);
	if (s->set == NULL)
		header_free(s->header);
	manifest_free(s->set);
	free(s->where);
	free(s);
}
