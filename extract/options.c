/*
 * The command line of portl-extract as a table, and the rules between options.
 */
#include "extract/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/cli/jobkeys.h"
#include "common/stream/input.h"

#define AT(member) offsetof(struct extract_options, member)
#define ZSTD_DEFAULT 3
#define ZSTD_LEVEL_MAX 19

static const struct cli_choice formats[] = {
	{"binary", EXTRACT_BINARY}, {"ndjson", EXTRACT_NDJSON}, {NULL, 0}};
static const struct cli_choice values[] = {
	{"auto", VALUES_AUTO}, {"binary", VALUES_BINARY}, {"text", VALUES_TEXT}, {NULL, 0}};

static const struct cli_choice headers[] = {{"yes", HEADER_YES}, {"no", HEADER_NO}, {NULL, 0}};

static const struct cli_option source_options[] = {
	{.kind = CLI_HEADING, .help = "What to read"},
	{"table", 't', CLI_STRING, "[SCHEMA.]TABLE", "table, view or other relation",
	 AT(common.table), NULL, 0},
	{"query", 'c', CLI_STRING, "SQL", "one SELECT instead of a table", AT(query), NULL, 0},
	{"query-file", 0, CLI_STRING, "FILE", "the same, read from FILE", AT(query_file), NULL,
	 0},
	{"columns", 0, CLI_STRING, "LIST", "only these columns, in this order", AT(columns),
	 NULL, 0},
	{"exclude-columns", 0, CLI_STRING, "LIST", "all columns but these", AT(exclude), NULL,
	 0},
	{"where", 0, CLI_STRING, "SQL", "only rows for which this is true", AT(where), NULL, 0},
	{"limit", 0, CLI_NUMBER, "N", "at most N rows", AT(limit), NULL, 0},
	{"enable-row-security", 0, CLI_FLAG, NULL, "leave out rows that policies hide",
	 AT(row_security), NULL, 0},
	{.help = NULL},
};

static const struct cli_option csv_options[] = {
	{.kind = CLI_HEADING, .help = "CSV files instead of a database"},
	{"csv", 0, CLI_STRING, "FILE", "read this CSV file, - is standard input", AT(csv), NULL,
	 0},
	{"header", 0, CLI_CHOICE, "yes|no", "first line holds the names; no with --columns",
	 AT(header), headers, 0},
	{"infer", 0, CLI_FLAG, NULL, "guess column types from the first rows", AT(infer), NULL,
	 0},
	{"delimiter", 0, CLI_STRING, "CHAR", "what parts fields; default: comma", AT(delimiter),
	 NULL, 0},
	{"quote", 0, CLI_STRING, "CHAR", "what encloses fields; default: double quote",
	 AT(quote), NULL, 0},
	{"null", 0, CLI_STRING, "STRING", "what an unquoted NULL is; default: nothing",
	 AT(null), NULL, 0},
	{"encoding", 0, CLI_STRING, "NAME", "the file's encoding; default: UTF8", AT(encoding),
	 NULL, 0},
	{.help = NULL},
};

static const struct cli_option output_options[] = {
	{.kind = CLI_HEADING, .help = "What to write"},
	{"format", 'F', CLI_CHOICE, "binary|ndjson", "default: binary, on a terminal ndjson",
	 AT(format), formats, 0},
	{"values", 0, CLI_CHOICE, "auto|binary|text", "form of the values in a binary stream",
	 AT(values), values, 0},
	{"quote-numbers", 0, CLI_FLAG, NULL, "bigint and numeric as JSON strings",
	 AT(quote_numbers), NULL, 0},
	{"output", 'o', CLI_STRING, "FILE", "write to FILE, which appears when complete",
	 AT(output), NULL, 0},
	{"compress", 'Z', CLI_STRING, "zstd[:LEVEL]", "compress the stream", AT(compress), NULL,
	 0},
	{"bare", 0, CLI_FLAG, NULL, "rows only, no proof of completeness", AT(bare), NULL, 0},
	{.help = NULL},
};

static const struct cli_option alias_options[] = {
	{"source", 0, CLI_STRING, "CONNSTR", "the same as --dbname", AT(common.db.conninfo),
	 NULL, 0},
	{.help = NULL},
};

static const struct cli_spec spec = {
	.program = "portl-extract",
	.what = "writes the rows of a PostgreSQL table, query or CSV file as a stream.",
	.usage = "[OPTION]... {-d CONNSTR {-t TABLE | -c QUERY} | --csv FILE}",
	.brief =
		"For example:\n"
		"  portl-extract -d DATABASE -t TABLE | portl-load -d DATABASE\n"
		"  portl-extract -d DATABASE -c 'SELECT ...' | portl-load -d DATABASE -t TABLE\n"
		"  portl-extract --csv FILE | portl-load -d DATABASE -t TABLE",
	.tables = {source_options, csv_options, output_options, options_connection,
		   alias_options, options_messages},
	.footer = "Example:\n"
		  "  portl-extract -d shop -t orders | portl-load -d dw --create\n\n"
		  "The environment's PORTL_SOURCE stands in for -d. Manual: man portl-extract",
};

/* The first of the options that mean nothing to this kind of source, or NULL. */
static const char *
misplaced(const struct extract_options *o)
{
	const struct db_params *db = &o->common.db;

	if (o->csv == NULL)
		return o->header != HEADER_AUTO ? "--header"
		       : o->infer               ? "--infer"
		       : o->delimiter != NULL   ? "--delimiter"
		       : o->quote != NULL       ? "--quote"
		       : o->null != NULL        ? "--null"
		       : o->encoding != NULL    ? "--encoding"
						: NULL;
	return o->query != NULL              ? "-c"
	       : o->query_file != NULL       ? "--query-file"
	       : o->where != NULL            ? "--where"
	       : o->row_security             ? "--enable-row-security"
	       : db->conninfo != NULL        ? "-d"
	       : db->host != NULL            ? "-h"
	       : db->port != NULL            ? "-p"
	       : db->user != NULL            ? "-U"
	       : o->common.no_password       ? "-w"
	       : o->common.ask_password      ? "-W"
	       : o->common.lock_timeout >= 0 ? "--lock-wait-timeout"
	       : o->values == VALUES_BINARY  ? "--values=binary"
					     : NULL;
}

/* Before the environment's connection is looked at, which a file does not need. */
static int
check_kind(struct extract_options *o, struct err *e)
{
	const char *wrong = misplaced(o);

	o->kind = o->csv != NULL ? EXTRACT_CSV : EXTRACT_PG;
	if (wrong != NULL && o->csv == NULL)
		return err_set(e, EXIT_USAGE, "%s needs --csv", wrong);
	if (wrong != NULL) {
		err_set(e, EXIT_USAGE, "%s does not go with --csv", wrong);
		return err_hint(e, "A CSV file is read without a database, and all of it.");
	}
	if (o->csv != NULL && o->header == HEADER_NO && o->columns == NULL) {
		err_set(e, EXIT_USAGE, "--header=no leaves the columns without names");
		return err_hint(e, "Give them with --columns, in the order of the file.");
	}
	return csvfile_settle(&o->csv_format, o->delimiter, o->quote, o->null, e);
}

static int
check_source(struct extract_options *o, struct err *e)
{
	int given = (o->common.table != NULL || o->csv != NULL) + (o->query != NULL) +
		    (o->query_file != NULL);

	if (given == 0) {
		err_set(e, EXIT_USAGE, "say what to read: -t TABLE, -c QUERY or --csv FILE");
		return cli_brief(&spec, e);
	}
	if (given > 1)
		return err_set(e, EXIT_USAGE, "-t, -c and --query-file exclude each other");
	if (o->columns != NULL && o->exclude != NULL)
		return err_set(e, EXIT_USAGE,
			       "--columns and --exclude-columns exclude each other");
	if (o->common.table != NULL &&
	    ident_parse_qualified(o->common.table, &o->rel.schema, &o->rel.name, e) != 0)
		return -1;
	if (o->columns != NULL && ident_parse_list(o->columns, &o->column_list, e) != 0)
		return err_prefix(e, "--columns: ");
	if (o->exclude != NULL && ident_parse_list(o->exclude, &o->exclude_list, e) != 0)
		return err_prefix(e, "--exclude-columns: ");
	return 0;
}

static bool
is_dash(const char *path)
{
	return path != NULL && strcmp(path, "-") == 0;
}

static int
read_file(const char *path, struct buf *text, struct err *e)
{
	struct input *in = input_open(path, e);
	ssize_t n = -1;

	if (in == NULL)
		return -1;
	do {
		n = input_read(in, buf_reserve(text, 65536), 65536, e);
		text->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	input_free(in);
	return n < 0 ? -1 : 0;
}

/* One statement without the semicolon that people are used to write behind it. */
static int
take_query(struct extract_options *o, struct err *e)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	if (o->query != NULL)
		buf_adds(&text, o->query);
	else
		rc = read_file(o->query_file, &text, e);
	if (o->query == NULL && strncmp(buf_cstr(&text), "\xef\xbb\xbf", 3) == 0)
		buf_drop(&text, 3); /* a byte order mark, which psql -f drops, too */
	if (rc == 0 && memchr(buf_cstr(&text), '\0', text.len) != NULL)
		rc = err_set(e, EXIT_USAGE, "%s: the query holds a NUL byte", o->query_file);
	while (text.len > 0 && strchr("; \t\r\n", text.data[text.len - 1]) != NULL)
		text.len--;
	if (rc == 0 && text.len == 0)
		rc = err_set(e, EXIT_USAGE, "the query is empty");
	o->query_text = buf_detach(&text);
	return rc;
}

static int
check_compress(struct extract_options *o, struct err *e)
{
	char *end;
	long level;

	if (o->compress == NULL)
		return 0;
	o->zstd_level = ZSTD_DEFAULT;
	if (strcmp(o->compress, "zstd") == 0)
		return 0;
	if (strncmp(o->compress, "zstd:", 5) == 0) {
		level = strtol(o->compress + 5, &end, 10);
		if (end != o->compress + 5 && *end == '\0' && level >= 1 &&
		    level <= ZSTD_LEVEL_MAX) {
			o->zstd_level = (int)level;
			return 0;
		}
	}
	return err_set(e, EXIT_USAGE,
		       "-Z takes zstd or zstd:LEVEL with a level from 1 to %d, not \"%s\"",
		       ZSTD_LEVEL_MAX, o->compress);
}

static int
check_output(struct extract_options *o, struct err *e)
{
	bool terminal = o->output == NULL && isatty(STDOUT_FILENO);
	bool to_stdout = o->output == NULL || is_dash(o->output);

	if (to_stdout && is_dash(o->common.summary)) {
		err_set(e, EXIT_USAGE, "--summary=-: standard output is the stream's");
		return err_hint(e, "Write --summary=FILE, or the stream to a file with -o.");
	}
	if (o->output != NULL && o->output[0] == '\0')
		return err_set(e, EXIT_USAGE, "-o needs the name of a file");
	if (o->format == EXTRACT_AUTO)
		o->format = terminal && o->compress == NULL ? EXTRACT_NDJSON : EXTRACT_BINARY;
	if (terminal && (o->format == EXTRACT_BINARY || o->compress != NULL)) {
		err_set(e, EXIT_USAGE, "a binary stream is not for a terminal");
		return err_hint(e, "Pipe it into portl-load, name a file with -o, read it with "
				   "-F ndjson, or force it with -o -.");
	}
	if (o->quote_numbers && o->format != EXTRACT_NDJSON)
		return err_set(e, EXIT_USAGE, "--quote-numbers needs -F ndjson");
	if (o->format == EXTRACT_NDJSON && o->values == VALUES_BINARY)
		return err_set(e, EXIT_USAGE, "--values=binary needs -F binary");
	return check_compress(o, e);
}

/* A query on standard input is left there for the run. */
static bool
is_to_be_read(const struct extract_options *o)
{
	return o->query_file != NULL &&
	       (o->common.check != CHECK_JOB || !is_dash(o->query_file));
}

static int
check_files(const struct extract_options *o, struct err *e)
{
	const struct options_file files[] = {
		{"--csv", is_dash(o->csv) ? "/dev/stdin" : o->csv},
		{"--query-file", is_dash(o->query_file) ? "/dev/stdin" : o->query_file},
		{"the output",
		 o->output == NULL || is_dash(o->output) ? "/dev/stdout" : o->output},
	};

	return options_check_files(&o->common, files, sizeof(files) / sizeof(files[0]), e);
}

static int
settle(struct extract_options *o, int argc, char **argv, struct err *e)
{
	const char *variable = o->csv != NULL ? "" : "PORTL_SOURCE";

	if (o->common.check == CHECK_PLAN)
		o->common.dry_run = true;
	if (check_kind(o, e) != 0 || check_files(o, e) != 0 ||
	    options_settle(&o->common, argc, argv, variable, e) != 0 || check_source(o, e) != 0)
		return -1;
	if ((o->query != NULL || is_to_be_read(o)) && take_query(o, e) != 0)
		return -1;
	return check_output(o, e);
}

int
extract_options_parse(struct extract_options *o, int argc, char **argv, struct err *e)
{
	struct cli_given given;
	int rc;

	*o = (struct extract_options){.limit = -1, .common.lock_timeout = -1};
	rc = cli_parse(&spec, argc, argv, o, &given, NULL, e);
	if (rc != 0)
		return rc;
	if (options_read_job(&o->common, JOB_EXTRACT, &spec, &given, e) != 0)
		return -1;
	if (settle(o, argc, argv, e) != 0)
		return options_blame(&o->common, e);
	return o->common.check == CHECK_JOB;
}

void
extract_options_release(struct extract_options *o)
{
	options_release(&o->common);
	ident_list_release(&o->column_list);
	ident_list_release(&o->exclude_list);
	relname_release(&o->rel);
	free(o->query_text);
}
