/*
 * The table of kinds: a new one is a folder of its own and a row here.
 */
#include "extract/sources.h"

#include "common/schema/header.h"
#include "extract/csv/source_csv.h"
#include "extract/options.h"
#include "extract/pg/source_pg.h"
#include "extract/source/source.h"

static const struct {
	enum extract_kind kind;
	struct source *(*make)(void);
} kinds[] = {
	{EXTRACT_PG, source_pg_new},
	{EXTRACT_CSV, source_csv_new},
};

struct source *
sources_make(const struct extract_options *options)
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
