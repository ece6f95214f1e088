/*
 * The factory of sinks.
 */
#include "load/sinks.h"

#include <stddef.h>

#include "load/csv/sink_csv.h"
#include "load/options.h"
#include "load/pg/sink_pg.h"
#include "load/sink/sink.h"

static const struct {
	enum load_kind kind;
	struct sink *(*make)(void);
} kinds[] = {
	{LOAD_PG, sink_pg_new},
	{LOAD_CSV, sink_csv_new},
};

struct sink *
sinks_new(const struct load_options *options, struct receipt *receipt)
{
	size_t i = 0;
	struct sink *s;

	while (kinds[i].kind != options->kind)
		i++;
	s = kinds[i].make();
	s->options = options;
	s->receipt = receipt;
	return s;
}
