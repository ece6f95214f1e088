/*
 * CSV files as a row of the sinks' table: options, how they are checked, the constructor.
 */
#include "load/csv/csvsink.h"

#include <string.h>

#include "common/base/err.h"
#include "load/csv/csvopts.h"
#include "load/csv/sink_csv.h"
#include "load/options/options.h"

#define AT(field) .offset = offsetof(struct csvopts, field)

static const struct cli_choice headers[] = {{"yes", 0}, {"no", 1}, {NULL, 0}};

static const struct cli_option options[] = {
	{.type = CLI_HEADING, .help = "CSV files instead of a database"},
	{"csv", 0, CLI_STRING, "FILE|DIR/", "write a CSV file (- is stdout), or one a relation",
	 AT(path), .part = CLI_FILE, .replaces = CLI_WHAT | CLI_SERVER | CLI_REACH},
	{"header", 0, CLI_CHOICE, "yes|no", "whether the first line holds the names",
	 AT(header), .choices = headers},
	{"delimiter", 0, CLI_STRING, "CHAR", "what parts fields; default: comma",
	 AT(delimiter)},
	{"quote", 0, CLI_STRING, "CHAR", "what encloses fields; default: double quote",
	 AT(quote)},
	{"null", 0, CLI_STRING, "STRING", "how NULL is written; default: nothing", AT(null)},
	{"quote-all", 0, CLI_FLAG, NULL, "quote all values but NULL", AT(quote_all)},
	{"bom", 0, CLI_FLAG, NULL, "begin with a byte order mark", AT(bom)},
	{.help = NULL},
};

static int
check(struct load_options *o, struct err *e)
{
	struct csvopts *own = o->own;

	o->path = own->path;
	if (strcmp(o->path, "-") == 0 && o->common.summary != NULL &&
	    strcmp(o->common.summary, "-") == 0)
		return err_usage(e, "summary",
				 "--csv=- and --summary=- both want standard output");
	if (csvfile_settle(&own->format, own->delimiter, own->quote, own->null, e) != 0)
		return -1;
	own->format.quote_all = own->quote_all;
	return 0;
}

const struct sink_kind csvsink = {
	.cli = {.name = "csv",
		.option = "csv",
		.key = "path",
		.what = "a CSV file",
		.alone = "A CSV file is written whole, and without a database; "
			 "portl-extract --csv=FILE reads one.",
		.tables = {options},
		.size = sizeof(struct csvopts)},
	.check = check,
	.make = sink_csv_new,
};
