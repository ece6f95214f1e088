/*
 * The options of CSV files as a sink.
 */
#include "load/csv/csvkind.h"

#include <string.h>

#include "common/base/err.h"
#include "load/csv/sink_csv.h"
#include "load/options.h"

/* This kind's own options. */
struct own {
	const char *path; /* or "-" */
};

static const struct cli_option options[] = {
	{.type = CLI_HEADING, .help = "CSV files instead of a database"},
	{"csv", 0, CLI_STRING, "FILE", "write this CSV file, - is standard output",
	 .offset = offsetof(struct own, path), .part = CLI_FILE,
	 .replaces = CLI_WHAT | CLI_SERVER | CLI_REACH},
	{.help = NULL},
};

static int
check(struct load_options *o, struct err *e)
{
	const struct own *own = o->own;

	o->path = own->path;
	if (strcmp(o->path, "-") == 0 && o->common.summary != NULL &&
	    strcmp(o->common.summary, "-") == 0)
		return err_usage(e, "summary",
				 "--csv=- and --summary=- both want standard output");
	return 0;
}

const struct sink_kind csvkind = {
	.cli = {.name = "csv",
		.option = "csv",
		.key = "path",
		.what = "a CSV file",
		.alone = "A CSV file is written whole, and without a database.",
		.tables = {options},
		.size = sizeof(struct own)},
	.check = check,
	.make = sink_csv_new,
};
