/*
 * The table of kinds: a new one is a folder of its own and a row here.
 */
#include "extract/sources.h"

#include <stddef.h>

#include "common/schema/header.h"
#include "extract/csv/csvkind.h"
#include "extract/options/options.h"
#include "extract/pg/pgkind.h"
#include "extract/source/source.h"

const struct cli_kind *const sources_kinds[] = {
	&pgkind.cli,
	&csvkind.cli,
	NULL,
};

struct source *
sources_make(const struct extract_options *options)
{
	struct source *s = options->kind->make(options);

	s->options = options;
	s->header = header_new();
	s->share = -1;
	return s;
}
