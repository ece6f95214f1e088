/*
 * The options of databases as a source.
 */
#include "extract/pg/pgkind.h"

#include "common/base/err.h"
#include "extract/options/options.h"
#include "extract/pg/source_pg.h"

static const struct cli_option alias_options[] = {
	{"source", 0, CLI_CONNSTR, "CONNSTR", "the same as --dbname",
	 .offset = offsetof(struct extract_options, common.db.conninfo), .part = CLI_SERVER,
	 .replaces = CLI_SERVER | CLI_FILE},
	{.help = NULL},
};

static int
check(struct extract_options *o, struct err *e)
{
	const struct extract_what *w = &o->what;
	bool excludes = w->exclude_table_texts.n > 0 || w->exclude_schema_texts.n > 0;
	int given = (w->table_texts.n > 0 || w->schema_texts.n > 0) + (o->query != NULL) +
		    (o->query_file != NULL);

	if (given == 0 && excludes) {
		err_set(e, EXIT_USAGE, "say what to read, and not only what to leave out");
		return err_hint(e, "All schemas but the server's own: --schema='*'.");
	}
	if (given == 0) {
		err_set(e, EXIT_USAGE, "say what to read: -t TABLE, -c QUERY or --csv FILE");
		return cli_brief(&o->spec, e);
	}
	if (given > 1 || (excludes && o->what.table_texts.n + o->what.schema_texts.n == 0))
		return err_usage(
			e, cli_last(&o->common.line, CLI_WHAT),
			"-t, -c and --query-file exclude each other, and so do patterns and queries");
	return 0;
}

static struct source *
make(const struct extract_options *o)
{
	(void)o;
	return source_pg_new();
}

const struct source_kind pgkind = {
	.cli = {.name = "postgres", .tables = {options_connection, alias_options}},
	.check = check,
	.make = make,
};
