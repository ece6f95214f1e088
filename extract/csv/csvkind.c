/*
 * The options of CSV files as a source.
 */
#include "extract/csv/csvkind.h"

#include "common/base/err.h"
#include "extract/csv/csvopts.h"
#include "extract/csv/source_csv.h"
#include "extract/csv/source_csvdir.h"
#include "extract/options/options.h"

#define AT(member) .offset = offsetof(struct csvopts, member), .part = CLI_FILE

static const struct cli_choice headers[] = {{"yes", HEADER_YES}, {"no", HEADER_NO}, {NULL, 0}};

static const struct cli_choice decimals[] = {{",", ','}, {".", '.'}, {NULL, 0}};
static const struct cli_choice orders[] = {
	{"dmy", ORDER_DMY}, {"mdy", ORDER_MDY}, {"ymd", ORDER_YMD}, {NULL, 0}};

static const struct cli_option options[] = {
	{.type = CLI_HEADING, .help = "CSV files instead of a database"},
	{"csv", 0, CLI_STRING, "FILE", "read this CSV file, - is stdin; DIR/: all in it",
	 AT(path), .replaces = CLI_WHAT | CLI_SERVER | CLI_REACH},
	{"header", 0, CLI_CHOICE, "yes|no", "first line holds the names; no with --columns",
	 AT(header), .choices = headers},
	{"infer", 0, CLI_FLAG, NULL, "guess column types from the first rows", AT(infer)},
	{"delimiter", 0, CLI_STRING, "CHAR", "what parts fields; default: comma",
	 AT(delimiter)},
	{"quote", 0, CLI_STRING, "CHAR", "what encloses fields; default: double quote",
	 AT(quote)},
	{"null", 0, CLI_STRING, "STRING", "what an unquoted NULL is; default: nothing",
	 AT(null)},
	{"escape", 0, CLI_STRING, "CHAR", "what precedes a quote in quotes; default: a quote",
	 AT(escape)},
	{"force-null", 0, CLI_NAMES, "LIST", "columns in which NULL may be in quotes, too",
	 AT(force_null)},
	{"decimal", 0, CLI_CHOICE, ",|.", "--infer: the sign in numbers such as 1.234,50",
	 AT(decimal), .choices = decimals},
	{"date-order", 0, CLI_CHOICE, "dmy|mdy|ymd", "--infer: dates such as 31.12.2025",
	 AT(date_order), .choices = orders},
	{"encoding", 0, CLI_STRING, "NAME", "the file's encoding; default: UTF8", AT(encoding)},
	{.help = NULL},
};

/* Which columns hold numbers and dates is only known with --infer. */
static int
needs_infer(const char *option, struct err *e)
{
	err_usage(e, option, "--%s needs --infer", option);
	return err_hint(e, "It says how numbers or dates are written in the columns that are "
			   "inferred to hold them.");
}

static int
check(struct extract_options *o, struct err *e)
{
	struct csvopts *own = o->own;

	o->path = own->path;
	o->is_set = source_csvdir_is_meant(o->path);
	if (o->is_set && o->what.table_texts.n > 0)
		return err_usage(e, "table",
				 "-t does not go with a folder: its files have the names of "
				 "relations");
	if (own->header == HEADER_NO && o->rows.columns.n == 0) {
		err_usage(e, "header", "--header=no leaves the columns without names");
		return err_hint(e, "Give them with --columns, in the order of the file.");
	}
	if (o->values == VALUES_BINARY)
		return err_usage(e, "values", "--values=binary does not go with --csv");
	if (!own->infer && own->decimal != 0)
		return needs_infer("decimal", e);
	if (!own->infer && own->date_order != ORDER_NONE)
		return needs_infer("date-order", e);
	if (o->order == ORDER_KEY) {
		err_usage(e, "order", "--order=key does not go with --csv: a file has no key");
		return err_hint(e, "--order=auto leaves its rows as they are.");
	}
	own->forms = (struct csvforms){(char)own->decimal, own->date_order};
	if (csvfile_settle(&own->format, own->delimiter, own->quote, own->null, e) != 0 ||
	    csvfile_byte("escape", own->escape, &own->escape_byte, e) != 0)
		return -1;
	if (own->escape_byte == own->format.quote)
		own->escape_byte = '\0';
	return 0;
}

static struct source *
make(const struct extract_options *o)
{
	return source_csvdir_is_meant(o->path) ? source_csvdir_new() : source_csv_new();
}

const struct source_kind csvkind = {
	.cli = {.name = "csv",
		.option = "csv",
		.key = "path",
		.what = "a CSV file",
		.alone = "A CSV file is read without a database, and all of it; "
			 "portl-load --csv=FILE writes one.",
		.tables = {options},
		.size = sizeof(struct csvopts)},
	.check = check,
	.make = make,
};
