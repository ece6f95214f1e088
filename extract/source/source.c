/*
 * What every kind of source is freed by.
 */
#include "extract/source/source.h"

#include <stdlib.h>

#include "common/schema/header.h"

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	s->ops->close(s);
	header_free(s->header);
	free(s->where);
	free(s);
}
