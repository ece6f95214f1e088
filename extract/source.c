/*
 * The factory of sources.
 */
#include "extract/source.h"

#include <stdlib.h>

#include "common/schema/header.h"
#include "extract/csv/source_csv.h"
#include "extract/options.h"
#include "extract/pg/source_pg.h"

static const struct {
	enum extract_kind kind;
	struct source *(*make)(void);
} kinds[] = {
	{EXTRACT_PG, source_pg_new},
	{EXTRACT_CSV, source_csv_new},
};

struct source *
source_new(const struct extract_options *options)
{
	size_t i = 0;
	struct source *s;

	while (kinds[i].kind != options->kind)
		i++;
	s = kinds[i].make();

	s->options = options;
	s->header = header_new();
	return s;
}

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
