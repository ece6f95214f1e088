/*
 * The command line of portl-load as a table, and the rules between options.
 */
#include "load/options.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/jobkeys.h"
#include "common/xalloc.h"

#define AT(member) offsetof(struct load_options, member)

static const struct cli_choice extras[] = {
	{"error", EXTRA_ERROR}, {"ignore", EXTRA_IGNORE}, {NULL, 0}};

static const struct cli_option target_options[] = {
	{.kind = CLI_HEADING, .help = "Where to load"},
	{"table", 't', CLI_STRING, "[SCHEMA.]TABLE",
	 "default: the relation named in the stream", AT(common.table), NULL, 0},
	{"map", 'm', CLI_LIST, "SRC=DST,...", "load column SRC into DST; SRC= drops it",
	 AT(map), NULL, 0},
	{"extra-columns", 0, CLI_CHOICE, "error|ignore", "columns that the table does not have",
	 AT(extra_columns), extras, 0},
	{"create", 0, CLI_FLAG, NULL, "create the table if it is missing", AT(create), NULL, 0},
	{"truncate", 0, CLI_FLAG, NULL, "empty the table first, in the same transaction",
	 AT(truncate), NULL, 0},
	{"min-rows", 0, CLI_NUMBER, "N", "commit nothing if fewer arrive; 1 with --truncate",
	 AT(min_rows), NULL, 0},
	{.help = NULL},
};

static const struct cli_option input_options[] = {
	{.kind = CLI_HEADING, .help = "What to read"},
	{"streams", 0, CLI_NUMBER, "N", "the input is N streams, loaded all or nothing",
	 AT(streams), NULL, 1},
	{"columns", 0, CLI_STRING, "LIST", "columns of bare NDJSON; default: its first line's",
	 AT(columns), NULL, 0},
	{"edited", 0, CLI_FLAG, NULL, "rows were changed on the way on purpose", AT(edited),
	 NULL, 0},
	{"bare", 0, CLI_FLAG, NULL, "a stream without proof of completeness is meant", AT(bare),
	 NULL, 0},
	{.help = NULL},
};

static const struct cli_option alias_options[] = {
	{"destination", 0, CLI_STRING, "CONNSTR", "the same as --dbname",
	 AT(common.db.conninfo), NULL, 0},
	{.help = NULL},
};

static const struct cli_spec spec = {
	.program = "portl-load",
	.what = "loads a stream of rows into a PostgreSQL table, the whole or nothing.",
	.usage = "[OPTION]... -d CONNSTR [-t TABLE] [FILE]",
	.brief =
		"For example:\n"
		"  portl-extract -d DATABASE -t TABLE | portl-load -d DATABASE\n"
		"  portl-extract -d DATABASE -t TABLE | ssh HOST portl-load -d DATABASE --create\n"
		"  portl-load -d DATABASE FILE",
	.tables = {target_options, input_options, options_connection, alias_options,
		   options_messages},
	.footer =
		"Exit status: 0 only if every row that was sent is committed.\n\n"
		"Example:\n"
		"  portl-extract -d shop -t orders | portl-load -d dw --create\n\n"
		"The environment's PORTL_DESTINATION stands in for -d. Manual: man portl-load",
	.max_operands = 1,
};

/* One item of --map: SRC=DST, or SRC= */
static int
parse_pair(struct load_options *o, const char *text, struct err *e)
{
	struct ident_list one = {.names = NULL};
	const char *p = text, *eq;
	bool quoted = false;
	char *left;
	int rc = 0;

	while (*p != '\0' && (quoted || *p != '=')) {
		quoted ^= *p == '"';
		p++;
	}
	eq = p;
	if (*eq != '=')
		return err_set(e, EXIT_USAGE, "--map takes SRC=DST, not \"%s\"", text);
	left = xstrndup(text, (size_t)(eq - text));
	if (ident_parse_list(left, &o->map_sources, e) != 0)
		rc = err_prefix(e, "--map: ");
	free(left);
	if (rc != 0)
		return -1;
	p = eq + 1 + strspn(eq + 1, " \t");
	if (*p != '\0' && ident_parse_list(p, &one, e) != 0)
		rc = err_prefix(e, "--map: ");
	o->map_targets.names = xrealloc(o->map_targets.names,
					(o->map_targets.n + 1) * sizeof(char *));
	o->map_targets.names[o->map_targets.n++] = xstrdup(one.n > 0 ? one.names[0] : "");
	if (rc == 0 && (one.n > 1 || o->map_sources.n != o->map_targets.n))
		rc = err_set(e, EXIT_USAGE, "--map takes SRC=DST, not \"%s\"", text);
	ident_list_release(&one);
	return rc;
}

/* "a=b,c=" is two items; commas inside quotes part nothing. */
static int
parse_map(struct load_options *o, const char *text, struct err *e)
{
	const char *start = text, *p;
	bool quoted = false;

	for (p = text;; p++) {
		quoted ^= *p == '"';
		if (*p == '\0' || (*p == ',' && !quoted)) {
			char *item = xstrndup(start, (size_t)(p - start));
			int rc = parse_pair(o, item, e);

			free(item);
			if (rc != 0 || *p == '\0')
				return rc;
			start = p + 1;
		}
	}
}

static int
check_map(const struct load_options *o, struct err *e)
{
	size_t i, j;

	for (i = 0; i < o->map_sources.n; i++)
		for (j = 0; j < i; j++) {
			if (strcmp(o->map_sources.names[i], o->map_sources.names[j]) == 0)
				return err_set(e, EXIT_USAGE, "--map names column \"%s\" twice",
					       o->map_sources.names[i]);
			if (o->map_targets.names[i][0] != '\0' &&
			    strcmp(o->map_targets.names[i], o->map_targets.names[j]) == 0)
				return err_set(e, EXIT_USAGE,
					       "--map sends two columns to \"%s\"",
					       o->map_targets.names[i]);
		}
	return 0;
}

static int
settle(struct load_options *o, int argc, char **argv, struct err *e)
{
	size_t i;

	if (options_settle(&o->common, argc, argv, "PORTL_DESTINATION", e) != 0)
		return -1;
	if (o->common.table != NULL &&
	    ident_parse_qualified(o->common.table, &o->rel_schema, &o->rel_name, e) != 0)
		return -1;
	if (o->columns != NULL && ident_parse_list(o->columns, &o->column_list, e) != 0)
		return err_prefix(e, "--columns: ");
	for (i = 0; i < o->map.n; i++)
		if (parse_map(o, o->map.items[i], e) != 0)
			return -1;
	if (check_map(o, e) != 0)
		return -1;
	if (o->min_rows < 0)
		o->min_rows = o->truncate ? 1 : 0;
	return 0;
}

int
load_options_parse(struct load_options *o, int argc, char **argv, struct err *e)
{
	struct cli_given given;
	int rc;

	*o = (struct load_options){.streams = 1, .min_rows = -1, .common.lock_timeout = -1};
	rc = cli_parse(&spec, argc, argv, o, &given, &o->input, e);
	if (rc != 0)
		return rc;
	if (options_read_job(&o->common, JOB_LOAD, &spec, &given, e) != 0)
		return -1;
	if (settle(o, argc, argv, e) != 0)
		return options_blame(&o->common, e);
	return o->common.check == CHECK_JOB;
}

int
load_options_brief(struct err *e)
{
	return cli_brief(&spec, e);
}

void
load_options_release(struct load_options *o)
{
	options_release(&o->common);
	ident_list_release(&o->column_list);
	ident_list_release(&o->map_sources);
	ident_list_release(&o->map_targets);
	free(o->map.items);
	free(o->rel_schema);
	free(o->rel_name);
}
