/*
 * The options of CSV files as a source.
 */
#include "extract/csv/csvkind.h"

#include "common/base/err.h"
#include "extract/csv/csvopts.h"
#include "extract/csv/source_csv.h"
#include "extract/options.h"

#define AT(member) .offset = offsetof(struct csvopts, member), .part = CLI_FILE

static const struct cli_choice headers[] = {{"yes", HEADER_YES}, {"no", HEADER_NO}, {NULL, 0}};

static const struct cli_option options[] = {
	{.type = CLI_HEADING, .help = "CSV files instead of a database"},
	{"csv", 0, CLI_STRING, "FILE", "read this CSV file, - is standard input", AT(path),
	 .replaces = CLI_WHAT | CLI_SERVER | CLI_REACH},
	{"header", 0, CLI_CHOICE, "yes|no", "first line holds the names; no with --columns",
	 AT(header), .choices = headers},
	{"infer", 0, CLI_FLAG, NULL, "guess column types from the first rows", AT(infer)},
	{"delimiter", 0, CLI_STRING, "CHAR", "what parts fields; default: comma",
	 AT(delimiter)},
	{"quote", 0, CLI_STRING, "CHAR", "what encloses fields; default: double quote",
	 AT(quote)},
	{"null", 0, CLI_STRING, "STRING", "what an unquoted NULL is; default: nothing",
	 AT(null)},
	{"encoding", 0, CLI_STRING, "NAME", "the file's encoding; default: UTF8", AT(encoding)},
	{.help = NULL},
};

static int
check(struct extract_options *o, struct err *e)
{
	struct csvopts *own = o->own;

	o->path = own->path;
	if (own->header == HEADER_NO && o->columns.n == 0) {
		err_usage(e, "header", "--header=no leaves the columns without names");
		return err_hint(e, "Give them with --columns, in the order of the file.");
	}
	if (o->values == VALUES_BINARY)
		return err_usage(e, "values", "--values=binary does not go with --csv");
	return csvfile_settle(&own->format, own->delimiter, own->quote, own->null, e);
}

const struct source_kind csvkind = {
	.cli = {.name = "csv",
		.option = "csv",
		.key = "path",
		.what = "a CSV file",
		.alone = "A CSV file is read without a database, and all of it.",
		.tables = {options},
		.size = sizeof(struct csvopts)},
	.check = check,
	.make = source_csv_new,
};
