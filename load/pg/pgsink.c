/*
 * The options of databases as a sink: how they are reached.  What is done with the
 * rows there is said by those in load/options/options.c.
 */
#include "load/pg/pgsink.h"

#include "load/options/options.h"
#include "load/pg/sink_pg.h"

static const struct cli_option alias_options[] = {
	{"destination", 0, CLI_CONNSTR, "CONNSTR", "the same as --dbname",
	 .offset = offsetof(struct load_options, common.db.conninfo), .part = CLI_SERVER,
	 .replaces = CLI_SERVER | CLI_FILE},
	{.help = NULL},
};

static int
check(struct load_options *o, struct err *e)
{
	(void)o;
	(void)e;
	return 0;
}

const struct sink_kind pgsink = {
	.cli = {.name = "postgres", .tables = {options_connection, alias_options}},
	.check = check,
	.make = sink_pg_new,
};
