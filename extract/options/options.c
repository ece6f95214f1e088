/*
 * The command line of portl-extract as a table, and the rules between options.
 */
#include "extract/options/options_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/connword.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/cli/files.h"
#include "common/cli/job.h"
#include "common/cli/jobkeys.h"
#include "common/pg/conninfo.h"
#include "common/stream/input.h"
#include "extract/source/source_kind.h"

#define AT(member) .offset = offsetof(struct extract_options, member)
#define ZSTD_DEFAULT 3
#define ZSTD_LEVEL_MAX 19
#define ZSTD_THREADS_MAX 64

static const struct cli_choice formats[] = {
	{"binary", EXTRACT_BINARY}, {"ndjson", EXTRACT_NDJSON}, {NULL, 0}};
static const struct cli_choice orders[] = {
	{"any", ORDER_ANY}, {"key", ORDER_KEY}, {"auto", ORDER_AUTO}, {NULL, 0}};
static const struct cli_choice values[] = {
	{"auto", VALUES_AUTO}, {"binary", VALUES_BINARY}, {"text", VALUES_TEXT}, {NULL, 0}};

#define PG .kinds = "postgres"

static const struct cli_option source_options[] = {
	{.type = CLI_HEADING, .help = "What to read"},
	{"table", 't', CLI_PATTERN, "PATTERN", "table, view or others; *, ? and more: a set",
	 AT(what.table_texts), .part = CLI_WHAT, .replaces = CLI_WHAT},
	{"schema", 0, CLI_PATTERN, "PATTERN", "all tables of these schemas",
	 AT(what.schema_texts), .part = CLI_WHAT, .replaces = CLI_WHAT, PG},
	{"exclude-table", 0, CLI_PATTERN, "PATTERN", "but not these tables",
	 AT(what.exclude_table_texts), .part = CLI_WHAT, PG},
	{"exclude-schema", 0, CLI_PATTERN, "PATTERN", "but none of these schemas",
	 AT(what.exclude_schema_texts), .part = CLI_WHAT, PG},
	{"query", 'c', CLI_STRING, "SQL", "one SELECT instead of a table", AT(query),
	 .part = CLI_WHAT, .replaces = CLI_WHAT | CLI_FILE, PG},
	{"query-file", 0, CLI_STRING, "FILE", "the same, read from FILE", AT(query_file),
	 .part = CLI_WHAT, .replaces = CLI_WHAT | CLI_FILE, PG},
	{"columns", 0, CLI_NAMES, "LIST", "only these columns, in this order", AT(rows.columns),
	 .part = CLI_COLUMNS, .replaces = CLI_COLUMNS},
	{"exclude-columns", 0, CLI_NAMES, "LIST", "all columns but these", AT(rows.exclude),
	 .part = CLI_COLUMNS, .replaces = CLI_COLUMNS},
	{"where", 0, CLI_STRING, "SQL", "only rows for which this is true", AT(rows.where), PG},
	{"limit", 0, CLI_NUMBER, "N", "at most N rows", AT(rows.limit)},
	{"order", 0, CLI_CHOICE, "any|key|auto", "rows in the order of the primary key",
	 AT(order), .choices = orders},
	{"snapshot", 0, CLI_STRING, "ID", "by a snapshot that another session exports",
	 AT(snapshot), PG},
	{"since", 0, CLI_STRING, "WORD", "only what changed since; none: all", AT(since), PG},
	{"cursor", 0, CLI_NAME, "COL", "find what changed by COL, not by row versions",
	 AT(rows.cursor_text), PG},
	{"overlap", 0, CLI_STRING, "VALUE", "begin so much before the value that COL had",
	 AT(rows.overlap), PG},
	{"with-keys", 0, CLI_FLAG, NULL, "behind the rows the keys of all, for --delete",
	 AT(with_keys), PG},
	{"only-keys", 0, CLI_STRING, "FILE", "only rows with the keys that FILE names",
	 AT(only_keys), PG},
	{"enable-row-security", 0, CLI_FLAG, NULL, "leave out rows that policies hide",
	 AT(row_security), PG},
	{.help = NULL},
};

static const struct cli_option output_options[] = {
	{.type = CLI_HEADING, .help = "What to write"},
	{"format", 'F', CLI_CHOICE, "binary|ndjson", "default: binary, on a terminal ndjson",
	 AT(format), .choices = formats},
	{"values", 0, CLI_CHOICE, "auto|binary|text", "form of the values in a binary stream",
	 AT(values), .choices = values},
	{"quote-numbers", 0, CLI_FLAG, NULL, "bigint and numeric as JSON strings",
	 AT(quote_numbers)},
	{"output", 'o', CLI_STRING, "FILE", "write to FILE, which appears when complete",
	 AT(output), .part = CLI_ONCE},
	{"compress", 'Z', CLI_STRING, "zstd[:LEVEL][,threads=N]", "compress the stream",
	 AT(compress)},
	{"bare", 0, CLI_FLAG, NULL, "rows only, no proof of completeness", AT(bare)},
	{"digest-only", 0, CLI_FLAG, NULL, "no rows, only their digest as a line of text",
	 AT(digest_only)},
	{.help = NULL},
};

static const char *const instead[][2] = {
	{"ndjson", "Rows as NDJSON are written with --format=ndjson; a file of them is read by "
		   "portl-load --bare FILE."},
	{"json", "Rows as NDJSON are written with --format=ndjson; a file of them is read by "
		 "portl-load --bare FILE."},
	{"data-only", "Rows are all that is sent; pg_dump --section=pre-data has the rest."},
	{"jobs", "Several pipes at once are portl run -j N."},
	{"file", "Rows are written to a file with --output=FILE."},
	{NULL, NULL}};

static const struct cli_spec spec = {
	.instead = instead,
	.is_secret = conninfo_is_secret,
	.program = "portl-extract",
	.what = "writes rows of a PostgreSQL table, query or CSV file as a stream.",
	.usage = "[OPTION]... {-d CONNSTR {-t TABLE... | -c QUERY} | --csv FILE}",
	.brief =
		"For example:\n"
		"  portl-extract -d DATABASE -t TABLE | portl-load -d DATABASE\n"
		"  portl-extract -d DATABASE -c 'SELECT ...' | portl-load -d DATABASE -t TABLE\n"
		"  portl-extract --csv FILE | portl-load -d DATABASE -t TABLE",
	.tables = {source_options, output_options, options_plan, options_messages},
	.footer = "Example:\n"
		  "  portl-extract -d shop -t orders | portl-load -d dw --create\n\n"
		  "The environment's PORTL_SOURCE stands in for -d. Manual: man portl-extract",
};

static int
parse_columns(struct extract_rows *rows, struct err *e)
{
	return options_names("columns", &rows->columns, &rows->column_list, e) != 0
		       ? -1
		       : options_names("exclude-columns", &rows->exclude, &rows->exclude_list,
				       e);
}

/* What --since and --cursor go with. */
static int
parse_cursor(struct extract_rows *rows, struct err *e)
{
	struct ident_list names = {.n = 0};
	int rc;

	if (rows->overlap != NULL && rows->cursor_text == NULL)
		return err_usage(e, "overlap", "--overlap needs --cursor");
	if (rows->cursor_text == NULL)
		return 0;
	rc = ident_parse_list(rows->cursor_text, &names, e);
	if (rc != 0)
		err_prefix(e, "--cursor: ");
	else if (names.n != 1)
		rc = err_usage(e, "cursor", "--cursor takes one column, not \"%s\"",
			       rows->cursor_text);
	else
		rows->cursor = xstrdup(names.names[0]);
	ident_list_release(&names);
	return rc;
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

/* The words of FILE, which may be more than fit on a command line. */
static int
read_since(struct extract_options *o, struct err *e)
{
	struct buf text = BUF_INIT;
	size_t len;

	if (o->since == NULL || o->since[0] != '@') {
		o->since_words = xstrdup_null(o->since);
		return 0;
	}
	if (read_file(o->since + 1, &text, e) != 0) {
		buf_release(&text);
		return -1;
	}
	len = strcspn(buf_cstr(&text), "\r\n");
	text.len = len;
	o->since_words = buf_detach(&text);
	return 0;
}

static int
check_since(const struct extract_options *o, struct err *e)
{
	bool query = o->query != NULL || o->query_file != NULL;

	if (o->rows.cursor != NULL && query)
		return err_usage(e, "cursor", "--cursor is for relations, not for queries");
	if (o->since == NULL)
		return 0;
	if (query)
		return err_usage(e, "since", "--since is for relations, not for queries");
	if (o->rows.limit >= 0)
		return err_usage(e, "since",
				 "--since and --limit exclude each other: what the "
				 "limit leaves out would never come");
	return 0;
}

static int
check_columns(struct extract_options *o, struct err *e)
{
	struct extract_rows *rows = &o->rows;

	if (rows->columns.n > 0 && rows->exclude.n > 0)
		return err_usage(e, cli_last(&o->common.line, CLI_COLUMNS),
				 "--columns and --exclude-columns exclude each other");
	return parse_columns(rows, e) != 0 ? -1 : parse_cursor(rows, e);
}

static int
parse_patterns(const char *option, const struct cli_list *texts, struct pattern_list *list,
	       int (*add)(struct pattern_list *, const char *, struct err *), struct err *e)
{
	size_t i;

	for (i = 0; i < texts->n; i++)
		if ((connword_is_no_name(texts->items[i]) &&
		     conninfo_check_name(strstr(option, "table") != NULL ? "table" : "schema",
					 texts->items[i], e) != 0) ||
		    add(list, texts->items[i], e) != 0) {
			e->option = xstrdup(option);
			return -1;
		}
	return 0;
}

/* A relation's block, whose options are read like those of the whole run. */
static int
take_one(struct extract_options *o, size_t i, struct err *e)
{
	struct extract_options alone = {.rows.limit = -1};
	char *name = ident_keep_case(job_apply_name(o->common.job, i));
	struct extract_each *one;
	int rc;

	o->each = xrealloc(o->each, (o->neach + 1) * sizeof(*o->each));
	one = &o->each[o->neach++];
	*one = (struct extract_each){.rows.limit = -1};
	rc = relname_parse(name, &one->name, e);
	if (rc == 0)
		rc = job_apply_relation(o->common.job, i, &o->common.line, &alone, e);
	one->rows = alone.rows;
	if (rc == 0 && one->rows.columns.n > 0 && one->rows.exclude.n > 0)
		rc = job_apply_refuse(o->common.job, i,
				      "columns and exclude_columns exclude each other", e);
	if (rc == 0)
		rc = parse_columns(&one->rows, e);
	if (rc == 0)
		rc = parse_cursor(&one->rows, e);
	free(name);
	return rc;
}

static int
take_each(struct extract_options *o, struct err *e)
{
	size_t i;

	for (i = 0; o->common.job != NULL && job_apply_name(o->common.job, i) != NULL; i++)
		if (take_one(o, i, e) != 0)
			return -1;
	return 0;
}

const struct extract_rows *
extract_options_rows(const struct extract_options *o, const struct relname *relation)
{
	size_t i;

	for (i = 0; i < o->neach; i++)
		if (relname_means(&o->each[i].name, relation))
			return &o->each[i].rows;
	return &o->rows;
}

int
extract_options_check_each(const struct extract_options *o,
			   const struct relname *const *relations, size_t n, struct err *e)
{
	size_t i, j, found;

	for (i = 0; i < o->neach; i++) {
		for (j = 0, found = 0; j < n; j++)
			found += relname_means(&o->each[i].name, relations[j]);
		if (found == 0 && !cli_has(&o->common.line, "table") &&
		    !cli_has(&o->common.line, "schema")) /* which have chosen others */
			return job_apply_refuse(o->common.job, i,
						"it is not among the relations to be read", e);
		if (found > 1)
			return job_apply_refuse(
				o->common.job, i,
				"several relations have this name; write SCHEMA.TABLE", e);
	}
	return 0;
}

/* What the options about rows and columns are about has to be one relation, ${alone}. */
static int
check_set(struct extract_options *o, bool alone, struct err *e)
{
	const struct {
		const char *option;
		bool given;
	} single[] = {{"columns", o->rows.columns.n > 0},
		      {"exclude-columns", o->rows.exclude.n > 0},
		      {"where", o->rows.where != NULL},
		      {"cursor", o->rows.cursor_text != NULL},
		      {"limit", o->rows.limit >= 0}};
	size_t i;

	for (i = 0; !alone && i < sizeof(single) / sizeof(single[0]); i++)
		if (single[i].given) {
			err_usage(e, single[i].option,
				  "--%s is about one relation, and several are to be read",
				  single[i].option);
			return err_hint(e, "A job file may say it for each in its block "
					   "\"tables\".");
		}
	if (!o->bare)
		return 0;
	err_usage(e, "bare",
		  "--bare: without headers nobody could tell where one relation ends and the "
		  "next begins");
	return err_hint(e, "Run it once for each relation.");
}

/* One exact name is one relation; all else may be several. */
static int
take_what(struct extract_options *o, struct err *e)
{
	struct extract_what *w = &o->what;

	if (parse_patterns("table", &w->table_texts, &w->tables, pattern_add, e) != 0 ||
	    parse_patterns("schema", &w->schema_texts, &w->schemas, pattern_add_schema, e) !=
		    0 ||
	    parse_patterns("exclude-table", &w->exclude_table_texts, &w->exclude_tables,
			   pattern_add, e) != 0 ||
	    parse_patterns("exclude-schema", &w->exclude_schema_texts, &w->exclude_schemas,
			   pattern_add_schema, e) != 0)
		return -1;
	if (o->path != NULL && w->tables.n > 0 &&
	    (w->tables.n > 1 || !pattern_is_exact(&w->tables.list[0]))) {
		err_usage(e, "table", "-t with --csv takes one name, and no pattern");
		return err_hint(e, "It says which relation the rows are of.");
	}
	o->is_set = o->is_set || (o->neach > 0 && o->path == NULL) || w->tables.n > 1 ||
		    w->schemas.n > 0 || w->exclude_tables.n > 0 || w->exclude_schemas.n > 0 ||
		    (w->tables.n == 1 && !pattern_is_exact(&w->tables.list[0]));
	if (o->is_set)
		return check_set(o, false, e);
	if (o->with_keys && w->tables.n == 0)
		return err_usage(e, "with-keys",
				 "--with-keys needs a table, whose keys they are");
	o->is_set = o->with_keys;
	if (o->is_set)
		return check_set(o, true, e);
	if (w->tables.n == 1)
		relname_set(&o->rel, w->tables.list[0].schema.name,
			    w->tables.list[0].name.name);
	return 0;
}

static bool
is_dash(const char *path)
{
	return path != NULL && strcmp(path, "-") == 0;
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
		rc = err_usage(e, "query-file", "%s: the query holds a NUL byte",
			       o->query_file);
	while (text.len > 0 && strchr("; \t\r\n", text.data[text.len - 1]) != NULL)
		text.len--;
	if (rc == 0 && text.len == 0)
		rc = err_usage(e, "query", "the query is empty");
	o->query_text = buf_detach(&text);
	return rc;
}

/* A whole number from 1 to ${max} that ends at ${end}; 0: it is none. */
static int
small_number(const char *text, const char *end, int max)
{
	char *stop;
	long n = isdigit((unsigned char)*text) ? strtol(text, &stop, 10) : 0;

	return n >= 1 && n <= max && stop == end ? (int)n : 0;
}

/* Behind "zstd:": LEVEL, threads=N, or both with a comma between. */
static bool
read_compress(struct extract_options *o, const char *text)
{
	const char *end = text + strcspn(text, ",");

	if (strncmp(text, "threads=", 8) != 0) {
		o->zstd_level = small_number(text, end, ZSTD_LEVEL_MAX);
		if (o->zstd_level == 0 || *end == '\0')
			return o->zstd_level > 0;
		text = end + 1;
		end = text + strlen(text);
	}
	if (strncmp(text, "threads=", 8) != 0)
		return false;
	o->zstd_threads = small_number(text + 8, end, ZSTD_THREADS_MAX);
	return o->zstd_threads > 0 && *end == '\0';
}

static int
check_compress(struct extract_options *o, struct err *e)
{
	if (o->compress == NULL)
		return 0;
	o->zstd_level = ZSTD_DEFAULT;
	if (strcmp(o->compress, "zstd") == 0 ||
	    (strncmp(o->compress, "zstd:", 5) == 0 && read_compress(o, o->compress + 5)))
		return 0;
	return err_usage(e, "compress",
			 "-Z takes zstd or zstd:LEVEL,threads=N with a level from 1 to %d and "
			 "at most %d threads, not \"%s\"",
			 ZSTD_LEVEL_MAX, ZSTD_THREADS_MAX, o->compress);
}

static int
check_output(struct extract_options *o, struct err *e)
{
	bool text = o->digest_only || o->make_plan || o->hold;
	bool terminal = o->output == NULL && !text && isatty(STDOUT_FILENO);
	bool to_stdout = o->output == NULL || is_dash(o->output);

	if (to_stdout && is_dash(o->common.summary)) {
		err_usage(e, "summary", "--summary=-: standard output is the stream's");
		return err_hint(e, "Write --summary=FILE, or the stream to a file with -o.");
	}
	if (o->output != NULL && o->output[0] == '\0')
		return err_usage(e, "output", "-o needs the name of a file");
	if (!to_stdout && getenv("PORTL_RUN") != NULL && o->common.check != CHECK_PLAN) {
		err_usage(e, "output", "--output has no meaning in a run: it is the pipe");
		return err_hint(e, "Leave it out, or run portl-extract and portl-load by "
				   "themselves.");
	}
	if (o->digest_only && o->common.dry_run && o->common.check == CHECK_NOT)
		return err_usage(e, "digest-only",
				 "--digest-only reads all rows, and a dry run reads none");
	if (o->format == EXTRACT_AUTO)
		o->format = terminal && o->compress == NULL ? EXTRACT_NDJSON : EXTRACT_BINARY;
	if (terminal && (o->format == EXTRACT_BINARY || o->compress != NULL)) {
		err_set(e, EXIT_USAGE, "a binary stream is not for a terminal");
		return err_hint(e, "Pipe it into portl-load, name a file with -o, read it with "
				   "-F ndjson, or force it with -o -.");
	}
	if (o->quote_numbers && o->format != EXTRACT_NDJSON)
		return err_usage(e, "quote-numbers", "--quote-numbers needs -F ndjson");
	if (o->format == EXTRACT_NDJSON && o->values == VALUES_BINARY)
		return err_usage(e, "values", "--values=binary needs -F binary");
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
	const char *since = o->since != NULL && o->since[0] == '@' ? o->since + 1 : NULL;
	bool to_stdout = o->output == NULL || is_dash(o->output);
	const struct files_one files[] = {
		{.what = "--csv", .path = is_dash(o->path) ? "/dev/stdin" : o->path},
		{.what = "--query-file",
		 .path = is_dash(o->query_file) ? "/dev/stdin" : o->query_file},
		{.what = "--only-keys", .path = o->only_keys},
		{.what = "--plan", .path = o->plan_path},
		{.what = "--since", .path = is_dash(since) ? "/dev/stdin" : since},
		{.what = to_stdout ? "the output" : "--output",
		 .path = to_stdout ? "/dev/stdout" : o->output,
		 .written = true},
	};

	return options_check_files(&o->common, files, sizeof(files) / sizeof(files[0]), e);
}

/* Keys of all rows would be those of rows that nobody asks for. */
static int
read_keys(struct extract_options *o, struct err *e)
{
	if (o->only_keys == NULL)
		return 0;
	if (o->plan_path != NULL || o->make_plan)
		return err_usage(e, "only-keys", "--only-keys and plans exclude each other");
	o->with_keys = false;
	return o->common.check == CHECK_JOB ? 0 : keylist_read(&o->keys, o->only_keys, e);
}

static int
settle(struct extract_options *o, struct err *e)
{
	const struct cli_kind *kind;

	if (o->common.check == CHECK_PLAN)
		o->common.dry_run = true;
	if (cli_choose(&o->common.line, &kind, &o->own, e) != 0)
		return -1;
	o->kind = (const struct source_kind *)kind;
	if (o->kind->check(o, e) != 0 || check_files(o, e) != 0 ||
	    options_settle(&o->common, kind->what == NULL ? "PORTL_SOURCE" : NULL, e) != 0 ||
	    check_columns(o, e) != 0 || take_each(o, e) != 0 || read_keys(o, e) != 0 ||
	    take_what(o, e) != 0 || options_plan_settle(o, e) != 0 || check_since(o, e) != 0 ||
	    read_since(o, e) != 0)
		return -1;
	if ((o->query != NULL || is_to_be_read(o)) && take_query(o, e) != 0)
		return -1;
	return check_output(o, e);
}

int
extract_options_parse(struct extract_options *o, const struct cli_kind *const *kinds, int argc,
		      char **argv, struct err *e)
{
	int rc;

	*o = (struct extract_options){
		.rows.limit = -1, .common.lock_timeout = -1, .nparts = -1, .spec = spec};
	o->spec.kinds = kinds;
	rc = cli_parse(&o->common.line, &o->spec, argc, argv, o, NULL, e);
	if (rc != 0)
		return rc;
	if (options_plan_read(o, e) != 0 || options_read_job(&o->common, JOB_EXTRACT, e) != 0)
		return -1;
	if (settle(o, e) != 0)
		return options_blame(&o->common, e);
	return o->common.check == CHECK_JOB;
}

static void
release_each(struct extract_each *one)
{
	free(one->rows.columns.items);
	free(one->rows.exclude.items);
	free(one->rows.cursor);
	ident_list_release(&one->rows.column_list);
	ident_list_release(&one->rows.exclude_list);
}

void
extract_options_release(struct extract_options *o)
{
	size_t i;

	options_release(&o->common);
	ident_list_release(&o->rows.column_list);
	ident_list_release(&o->rows.exclude_list);
	pattern_list_release(&o->what.tables);
	pattern_list_release(&o->what.schemas);
	pattern_list_release(&o->what.exclude_tables);
	pattern_list_release(&o->what.exclude_schemas);
	for (i = 0; i < o->neach; i++)
		release_each(&o->each[i]);
	free(o->each);
	free(o->rows.cursor);
	free(o->since_words);
	free(o->split_by);
	keylist_release(&o->keys);
	partplan_release(&o->plan);
	partlist_release(&o->parts);
	free(o->query_text);
}
