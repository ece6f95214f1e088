/*
 * The command line of portl-load as a table, and the rules between options.
 */
#include "load/options/options.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/connword.h"
#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/cli/files.h"
#include "common/cli/job.h"
#include "common/cli/jobkeys.h"
#include "common/pg/conninfo.h"
#include "common/stream/output.h"
#include "common/stream/stream_reader.h"
#include "load/options/options_parts.h"
#include "load/sink/sink_kind.h"

static const struct cli_choice edited[] = {
	{"values", STREAM_EDITED},
	{"rows", STREAM_EDITED_ROWS},
	{NULL, 0},
};

static const struct cli_choice extras[] = {
	{"error", EXTRA_ERROR}, {"ignore", EXTRA_IGNORE}, {NULL, 0}};

static const struct cli_choice roundings[] = {{"warn", ROUNDING_WARN},
					      {"error", ROUNDING_ERROR},
					      {"ignore", ROUNDING_IGNORE},
					      {NULL, 0}};

static const struct cli_choice names[] = {{"exact", 0}, {"loose", 1}, {NULL, 0}};

static const struct cli_choice conflicts[] = {{"fail", CONFLICT_FAIL},
					      {"skip", CONFLICT_SKIP},
					      {"overwrite", CONFLICT_OVERWRITE},
					      {"merge", CONFLICT_MERGE},
					      {NULL, 0}};

static const struct cli_choice duplicates[] = {{"last", DUPLICATES_LAST},
					       {"first", DUPLICATES_FIRST},
					       {"error", DUPLICATES_ERROR},
					       {NULL, 0}};

static const struct cli_choice absents[] = {
	{"restrict", ABSENT_DELETE}, {"cascade", ABSENT_CASCADE}, {NULL, 0}};

static const struct cli_choice foreign_keys[] = {{"check", 0}, {"recheck", 1}, {NULL, 0}};

static const struct cli_choice indexes[] = {{"keep", 0}, {"rebuild", 1}, {NULL, 0}};

static const struct cli_choice commits[] = {
	{"end", COMMIT_END}, {"batch", COMMIT_BATCH}, {"part", COMMIT_PART}, {NULL, 0}};

static const struct cli_option target_options[] = {
	{.type = CLI_HEADING, .help = "Where to load"},
	{"table", 't', CLI_TABLE, "[SCHEMA.]TABLE", "default: the relation named in the stream",
	 AT(common.table), .part = CLI_WHAT, .replaces = CLI_WHAT, PG},
	{"into-schema", 0, CLI_NAME, "SCHEMA", "load into it, not the source's schema",
	 AT(into_text), PG},
	{"map", 'm', CLI_LIST, "SRC=DST,...", "load column SRC into DST; SRC= drops it",
	 AT(map)},
	{"extra-columns", 0, CLI_CHOICE, "error|ignore", "columns that the table does not have",
	 AT(extra_columns), .choices = extras, PG},
	{"names", 0, CLI_CHOICE, "exact|loose",
	 "match columns exactly, or Order Date = order_date", AT(loose), .choices = names, PG},
	{"rounding", 0, CLI_CHOICE, "warn|error|ignore", "values that would lose digits",
	 AT(rounding), .choices = roundings, PG},
	{"create", 0, CLI_FLAG, NULL, "create the table if it is missing", AT(create), PG},
	{"add-columns", 0, CLI_FLAG, NULL, "add columns that the table lacks", AT(add_columns),
	 PG},
	{"truncate", 0, CLI_FLAG, NULL, "empty the table first, in the same transaction",
	 AT(truncate), PG},
	{"replace", 0, CLI_FLAG, NULL, "load aside, and exchange the tables in a moment",
	 AT(replace), PG},
	{"min-rows", 0, CLI_NUMBER, "N", "commit nothing if fewer than N rows arrive",
	 AT(min_rows)},
	{.help = NULL},
};

static const struct cli_option conflict_options[] = {
	{.type = CLI_HEADING, .help = "Rows that are there already"},
	{"conflict", 0, CLI_CHOICE, "fail|skip|overwrite|merge",
	 "what to do with them; default: fail", AT(conflict), .choices = conflicts, PG},
	{"key", 'k', CLI_NAMES, "COL,...", "columns of a unique index; default: primary key",
	 AT(key_text), PG},
	{"newer", 0, CLI_NAME, "COL", "change a row only if its COL becomes greater",
	 AT(newer_text), PG},
	{"duplicates", 0, CLI_CHOICE, "last|first|error",
	 "rows of one key: all in order (last)", AT(duplicates), .choices = duplicates, PG},
	{"commit", 0, CLI_CHOICE, "end|batch|part", "all or nothing (end), or bit by bit",
	 AT(commit), .choices = commits, PG},
	{"batch-size", 'b', CLI_NUMBER, "ROWS", "rows in a batch; default: 10000",
	 AT(batch_size), .min = 1, PG},
	{"foreign-keys", 0, CLI_CHOICE, "check|recheck",
	 "check each row, or all at once behind them", AT(foreign_keys),
	 .choices = foreign_keys, PG},
	{"indexes", 0, CLI_CHOICE, "keep|rebuild", "fill them with each row, or behind all",
	 AT(indexes), .choices = indexes, PG},
	{"no-sync-sequences", 0, CLI_FLAG, NULL, "leave sequences where they are",
	 AT(no_sync_sequences), PG},
	{.help = NULL},
};

static const struct cli_option absent_options[] = {
	{.type = CLI_HEADING, .help = "Rows that are no longer there"},
	{"delete", 0, CLI_DEGREE, "restrict|cascade",
	 "delete rows whose key is not in the stream", AT(absent), .choices = absents, PG},
	{"scope", 0, CLI_STRING, "SQL", "only rows for which this is true", AT(scope), PG},
	{"max-delete", 0, CLI_STRING, "N|P%", "commit nothing if it were more; default: 50%",
	 AT(most_text), PG},
	{.help = NULL},
};

static const struct cli_option state_options[] = {
	{.type = CLI_HEADING, .help = "Again and again"},
	{"state", 0, CLI_STRING, "NAME", "keep with the rows how far they go, under NAME",
	 AT(state), PG},
	{"reset-state", 0, CLI_FLAG, NULL, "begin anew with a stream of all rows",
	 AT(reset_state), PG},
	{"print-state", 0, CLI_FLAG, NULL, "print where to go on, for portl-extract --since",
	 AT(print_state), .part = CLI_ONCE},
	{"list-states", 0, CLI_FLAG, NULL, "print all states, their rows and age",
	 AT(list_states), .part = CLI_ONCE, PG},
	{"ledger", 0, CLI_NAME, "SCHEMA", "where states are kept; default: portl_ledger",
	 AT(ledger_text), PG},
	{.help = NULL},
};

static const struct cli_option reject_options[] = {
	{.type = CLI_HEADING, .help = "Rows that the server refuses"},
	{"rejects", 0, CLI_STRING, "FILE", "load the others, write these to FILE as a stream",
	 AT(rejects), PG},
	{"max-rejects", 0, CLI_NUMBER, "N", "load nothing if there are more than N",
	 AT(max_rejects)},
	{.help = NULL},
};

static const struct cli_option input_options[] = {
	{.type = CLI_HEADING, .help = "What to read"},
	{"streams", 0, CLI_NUMBER, "N", "the input is N streams, loaded all or nothing",
	 AT(streams), .min = 1},
	{"columns", 0, CLI_NAMES, "LIST", "columns of bare NDJSON; default: its first line's",
	 AT(columns)},
	{"infer", 0, CLI_FLAG, NULL, "guess types of bare NDJSON from its first rows",
	 AT(infer), PG},
	{"max-line", 0, CLI_NUMBER, "BYTES", "refuse longer lines of NDJSON; default: 1 GB",
	 AT(max_line), .min = 1},
	{"edited", 0, CLI_DEGREE, "values|rows",
	 "values were changed on the way; rows: number, too", AT(edited), .choices = edited},
	{"bare", 0, CLI_FLAG, NULL, "a stream without proof of completeness is meant",
	 AT(bare)},
	{.help = NULL},
};

static const char *const instead[][2] = {
	{"upsert", "Rows that are there already are changed with --conflict=overwrite, or "
		   "--conflict=merge."},
	{"on-conflict", "That is said by --conflict=skip, overwrite or merge."},
	{"clean", "Rows that are there are removed first with --truncate; --replace exchanges "
		  "the table."},
	{"data-only", "Rows are all that is loaded, unless --create makes the table."},
	{"jobs", "Several pipes at once are portl run -j N."},
	{"file", "A stream is read from the FILE that is named without an option."},
	{NULL, NULL}};

static const struct cli_spec spec = {
	.is_secret = conninfo_is_secret,
	.program = "portl-load",
	.what = "loads rows into a PostgreSQL table or a CSV file, all or nothing.",
	.usage = "[OPTION]... {-d CONNSTR [-t TABLE] | --csv FILE} [FILE]",
	.brief =
		"For example:\n"
		"  portl-extract -d DATABASE -t TABLE | portl-load -d DATABASE\n"
		"  portl-extract -d DATABASE -t TABLE | ssh HOST portl-load -d DATABASE --create\n"
		"  portl-load -d DATABASE FILE",
	.tables = {target_options, conflict_options, absent_options, state_options,
		   options_runs, reject_options, options_verify, input_options,
		   options_messages},
	.footer =
		"Exit status: 0 only if every row that was sent is committed.\n\n"
		"Example:\n  portl-extract -d shop -t orders | portl-load -d dw --create\n\n"
		"The environment's PORTL_DESTINATION stands in for -d. Manual: man portl-load",
	.instead = instead,
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
		return err_usage(e, "map", "--map takes SRC=DST, not \"%s\"", text);
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
		rc = err_usage(e, "map", "--map takes SRC=DST, not \"%s\"", text);
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
				return err_usage(e, "map", "--map names column \"%s\" twice",
						 o->map_sources.names[i]);
			if (o->map_targets.names[i][0] != '\0' &&
			    strcmp(o->map_targets.names[i], o->map_targets.names[j]) == 0)
				return err_usage(e, "map", "--map sends two columns to \"%s\"",
						 o->map_targets.names[i]);
		}
	return 0;
}

/* Options that only mean something where rows may conflict. */
static int
check_conflict(const struct load_options *o, struct err *e)
{
	if (o->conflict == CONFLICT_FAIL && o->key.n > 0 && !o->verify) {
		err_usage(e, "key", "--key without --conflict: the key changes nothing");
		return err_hint(e, "Say what to do with rows that are there already: "
				   "--conflict=skip, overwrite or merge.");
	}
	if (o->newer.n > 0 && o->conflict != CONFLICT_OVERWRITE &&
	    o->conflict != CONFLICT_MERGE) {
		err_usage(e, "newer", "--newer needs --conflict=overwrite or --conflict=merge");
		return err_hint(e, "It says when a row that is there already is changed.");
	}
	if (o->newer.n > 0 && ident_list_has(&o->key, o->newer.names[0]))
		return err_usage(e, "newer",
				 "--newer: rows with the same key have the same \"%s\"",
				 o->newer.names[0]);
	if (o->conflict == CONFLICT_FAIL &&
	    (o->duplicates == DUPLICATES_FIRST || o->duplicates == DUPLICATES_LAST)) {
		err_usage(e, "duplicates",
			  "--duplicates needs --conflict=skip, overwrite or merge");
		return err_hint(e, "With --conflict=fail a second row with one key is an "
				   "error.");
	}
	return 0;
}

static int
check_rejects(const struct load_options *o, struct err *e)
{
	if (o->rejects == NULL && o->max_rejects >= 0)
		return err_usage(e, "max-rejects",
				 "--max-rejects needs --rejects=FILE: without it no row may be "
				 "refused");
	if (o->rejects == NULL || o->commit != COMMIT_BATCH || !output_is_live(o->rejects))
		return 0;
	err_usage(e, "commit", "--commit=batch needs a regular file for --rejects");
	return err_hint(e, "What was sent cannot be taken back when a batch fails.");
}

static int
parse_key(struct load_options *o, struct err *e)
{
	if (options_names("key", &o->key_text, &o->key, e) != 0)
		return -1;
	if (o->newer_text != NULL && ident_parse_list(o->newer_text, &o->newer, e) != 0)
		return err_prefix(e, "--newer: ");
	if (o->newer.n > 1)
		return err_usage(e, "newer", "--newer takes one column, not \"%s\"",
				 o->newer_text);
	if (check_conflict(o, e) != 0 || options_commit_check(o, e) != 0 ||
	    check_rejects(o, e) != 0 || options_delete_settle(o, e) != 0 ||
	    options_replace_check(o, e) != 0)
		return -1;
	if (o->duplicates < 0)
		o->duplicates = DUPLICATES_LAST;
	return 0;
}

/* Names of schemas are folded as in SQL; quoted ones are exact. */
static int
parse_into(struct load_options *o, struct err *e)
{
	if (o->into_text == NULL)
		return 0;
	if (ident_parse_list(o->into_text, &o->into_list, e) != 0)
		return err_prefix(e, "--into-schema: ");
	if (o->into_list.n != 1)
		return err_usage(e, "into-schema", "--into-schema takes one schema, not \"%s\"",
				 o->into_text);
	o->into_schema = o->into_list.names[0];
	return 0;
}

static int
check_files(const struct load_options *o, struct err *e)
{
	bool from_stdin = o->input == NULL || strcmp(o->input, "-") == 0;
	const struct files_one files[] = {
		{.what = "the input", .path = from_stdin ? "/dev/stdin" : o->input},
		{.what = "--plan", .path = o->plan_path},
		{.what = "--only-keys", .path = o->only_keys},
		{.what = "--output", .path = o->output, .written = true},
		{.what = "--csv", .path = o->path, .written = true},
		{.what = "--rejects", .path = o->verify ? NULL : o->rejects, .written = true},
		{.what = "--differences", .path = o->differences, .written = true},
		{.what = "--differing-keys", .path = o->differing_keys, .written = true},
	};

	return options_check_files(&o->common, files, sizeof(files) / sizeof(files[0]), e);
}

/* What is said of columns and of rows that are there already. */
static int
settle_rows(struct load_options *o, struct err *e)
{
	size_t i;

	if (o->verify)
		options_verify_nothing(o);
	for (i = 0; i < o->map.n; i++)
		if (parse_map(o, o->map.items[i], e) != 0)
			return -1;
	if (o->add_columns && o->extra_columns == EXTRA_IGNORE)
		return err_usage(e, "add-columns",
				 "--add-columns and --extra-columns=ignore exclude each other");
	if (check_map(o, e) != 0)
		return -1;
	return parse_key(o, e) == 0 ? options_behind_check(o, e) : -1;
}

static void
release_rows(struct load_options *o)
{
	ident_list_release(&o->map_sources);
	ident_list_release(&o->map_targets);
	ident_list_release(&o->key);
	ident_list_release(&o->newer);
}

/* A relation's block: the run's options, but for what it says. */
static int
take_one(struct load_options *o, size_t i, struct err *e)
{
	struct job *job = o->common.job;
	char *name = ident_keep_case(job_apply_name(job, i));
	struct err why = ERR_INIT;
	struct load_each *one;
	int rc;

	o->each = xrealloc(o->each, (o->neach + 1) * sizeof(*o->each));
	one = &o->each[o->neach++];
	*one = (struct load_each){.own = xmalloc(sizeof(*one->own))};
	*one->own = *o;
	one->own->each = NULL;
	one->own->neach = 0;
	one->own->map = one->own->key_text = one->own->columns = (struct cli_list){.n = 0};
	rc = relname_parse(name, &one->name, e);
	free(name);
	if (rc != 0 || job_apply_relation(job, i, &o->common.line, one->own, e) != 0)
		return -1;
	if (settle_rows(one->own, &why) == 0)
		return 0;
	job_apply_refuse(job, i, why.msg, e);
	err_release(&why);
	return -1;
}

static int
take_each(struct load_options *o, struct err *e)
{
	size_t i;

	for (i = 0; o->common.job != NULL && job_apply_name(o->common.job, i) != NULL; i++)
		if (take_one(o, i, e) != 0)
			return -1;
	return 0;
}

static int
settle(struct load_options *o, struct err *e)
{
	const struct cli_kind *kind;

	if (cli_choose(&o->common.line, &kind, &o->own, e) != 0)
		return -1;
	o->kind = (const struct sink_kind *)kind;
	if (o->kind->check(o, e) != 0 || check_files(o, e) != 0 ||
	    options_settle(&o->common, kind->what == NULL ? "PORTL_DESTINATION" : NULL, e) != 0)
		return -1;
	if (o->common.table != NULL &&
	    ((connword_is_no_name(o->common.table) &&
	      conninfo_check_name("table", o->common.table, e) != 0) ||
	     relname_parse(o->common.table, &o->rel, e) != 0))
		return -1;
	if (options_names("columns", &o->columns, &o->column_list, e) != 0)
		return -1;
	if (options_commit_settle(o, e) != 0 || options_verify_settle(o, e) != 0 ||
	    options_runs_settle(o, e) != 0)
		return -1;
	if (o->infer && !o->create && !o->add_columns)
		return err_usage(e, "infer",
				 "--infer needs --create or --add-columns: a table that is "
				 "there knows its types");
	if (parse_into(o, e) != 0 || take_each(o, e) != 0 || settle_rows(o, e) != 0 ||
	    options_state_settle(o, e) != 0)
		return -1;
	if (o->min_rows < 0)
		o->min_rows = o->truncate || o->replace;
	return options_runs_check(o, e);
}

static struct load_rules
rules_of(const struct load_options *o)
{
	return (struct load_rules){
		.target = o->rel,
		.into = o->into_schema,
		.from = &o->map_sources,
		.to = &o->map_targets,
		.key = &o->key,
		.newer = o->newer.n > 0 ? o->newer.names[0] : NULL,
		.conflict = rules_conflict((enum rules_conflict)o->conflict),
		.duplicates = (enum rules_duplicates)o->duplicates,
		.rounding = (enum rules_rounding)o->rounding,
		.loose = o->loose != 0,
		.extra = (enum rules_extra)o->extra_columns,
		.add_columns = o->add_columns,
		.create = o->create,
		.truncate = o->truncate,
		.replace = o->replace,
		.rebuild = o->indexes != 0,
		.recheck = o->foreign_keys != 0,
		.batches = o->commit == COMMIT_BATCH,
		.rejects = o->rejects != NULL,
		.verify = o->verify,
		.dry_run = o->common.dry_run,
		.check = o->common.check != CHECK_NOT,
		.absent = {.what = (enum rules_absent)o->absent,
			   .scope = o->scope,
			   .most = o->most,
			   .percent = o->percent,
			   .edited = o->edited != STREAM_AS_SENT,
			   .several = o->streams > 1},
		.lock_timeout = o->common.lock_timeout,
	};
}

const struct load_rules *
load_options_rules(const struct load_options *o, const struct relname *relation)
{
	size_t i;

	for (i = 0; i < o->neach; i++)
		if (relname_means(&o->each[i].name, relation))
			return &o->each[i].rules;
	return &o->rules;
}

/* Of a set, -t says which of its relations is meant, and not where it goes. */
int
load_options_check_one(const struct load_options *o, struct err *e)
{
	if (o->rel.schema == NULL || o->into_schema == NULL)
		return 0;
	err_usage(e, "into-schema",
		  "--into-schema=%s and -t %s name two schemas for one relation", o->into_text,
		  o->common.table);
	return err_hint(e, "Leave one of them out; -t NAME without a schema goes with "
			   "--into-schema.");
}

int
load_options_parse(struct load_options *o, const struct cli_kind *const *kinds, int argc,
		   char **argv, struct err *e)
{
	size_t i;
	int rc;

	*o = (struct load_options){.streams = 1,
				   .max_line = STREAM_LINE_MAX,
				   .min_rows = -1,
				   .duplicates = -1,
				   .batch_size = -1,
				   .max_rejects = -1,
				   .common.lock_timeout = -1,
				   .spec = spec};
	o->spec.kinds = kinds;
	rc = cli_parse(&o->common.line, &o->spec, argc, argv, o, &o->input, e);
	if (rc != 0)
		return rc;
	if (options_runs_read(o, e) != 0 || options_read_job(&o->common, JOB_LOAD, e) != 0)
		return -1;
	if (settle(o, e) != 0)
		return options_blame(&o->common, e);
	o->rules = rules_of(o);
	for (i = 0; i < o->neach; i++)
		o->each[i].rules = rules_of(o->each[i].own);
	return o->common.check == CHECK_JOB;
}

int
load_options_brief(const struct load_options *o, struct err *e)
{
	return cli_brief(&o->spec, e);
}

void
load_options_release(struct load_options *o)
{
	size_t i;

	for (i = 0; i < o->neach; i++) {
		release_rows(o->each[i].own);
		free(o->each[i].own->map.items);
		free(o->each[i].own->key_text.items);
		free(o->each[i].own);
	}
	free(o->each);
	options_release(&o->common);
	ident_list_release(&o->column_list);
	release_rows(o);
	ident_list_release(&o->into_list);
	ident_list_release(&o->ledger_list);
	options_runs_release(o);
	keylist_release(&o->only);
}
