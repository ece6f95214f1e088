/*
 * The options of runs in parts.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/cli/cli_words.h"
#include "extract/options/options_parts.h"

#define AT(member) .offset = offsetof(struct extract_options, member)
#define OF_ONE_RUN .kinds = "postgres", .part = CLI_ONCE
#define PART_BYTES ((int64_t)256 << 20) /* by default */
#define PARTS_MAX 100000                /* that --parts may ask for */

static const struct cli_choice snapshots[] = {
	{"held", 1 + PARTPLAN_HELD}, {"own", 1 + PARTPLAN_OWN}, {NULL, 0}};

const struct cli_option options_plan[] = {
	{.type = CLI_HEADING, .help = "Runs in parts"},
	{"make-plan", 0, CLI_DEGREE, "held|own", "write a plan of parts instead of rows",
	 AT(make_plan), .choices = snapshots, OF_ONE_RUN},
	{"part-size", 0, CLI_STRING, "SIZE", "parts of about so much each, default 256MB",
	 AT(part_size), OF_ONE_RUN},
	{"parts", 0, CLI_NUMBER, "N", "about so many parts of the same size", AT(nparts),
	 .min = 1, OF_ONE_RUN},
	{"at-once", 0, CLI_NUMBER, "N", "warn if N parts at a time find no room", AT(at_once),
	 .min = 1, OF_ONE_RUN},
	{"split-by", 0, CLI_NAME, "COL", "by the values of COL instead of blocks",
	 AT(split_text), OF_ONE_RUN},
	{"plan", 0, CLI_STRING, "FILE", "the plan of the run", AT(plan_path), OF_ONE_RUN},
	{"part", 0, CLI_STRING, "K", "read part K of the plan, or 3,7,9-12", AT(part_text),
	 OF_ONE_RUN},
	{"hold", 0, CLI_FLAG, NULL, "keep a snapshot for the parts; print its ID", AT(hold),
	 OF_ONE_RUN},
	{"catch-up", 0, CLI_FLAG, NULL, "what changed since the parts, and all keys",
	 AT(catch_up), OF_ONE_RUN},
	{.help = NULL},
};

/* ---- the plan ---- */

/* What is read, the plan says. */
static int
check_nothing_else(const struct extract_options *o, struct err *e)
{
	static const char *const said[] = {"table",
					   "schema",
					   "exclude-table",
					   "exclude-schema",
					   "query",
					   "query-file",
					   "csv",
					   "columns",
					   "exclude-columns",
					   "where",
					   "limit",
					   "cursor",
					   "overlap",
					   "with-keys",
					   "enable-row-security"};
	size_t i;

	for (i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (cli_has(&o->common.line, said[i]))
			return err_usage(
				e, said[i],
				"--%s does not go with --plan, which says what is read",
				said[i]);
	return 0;
}

int
options_plan_read(struct extract_options *o, struct err *e)
{
	if (o->plan_path == NULL)
		return 0;
	if (check_nothing_else(o, e) != 0 || partplan_read(&o->plan, o->plan_path, e) != 0)
		return -1;
	if (cli_words_apply(&o->common.line, &o->plan.extract, e) != 0)
		return err_prefix(e, "%s: ", o->plan_path);
	if (o->common.job_path == NULL)
		o->common.job_path = o->plan.job;
	return 0;
}

/* ---- what is asked for ---- */

/* "256MB", "1.5GB", or bytes. */
static int
parse_size(struct extract_options *o, struct err *e)
{
	static const char units[] = "kMGT";
	char *end;
	double size = strtod(o->part_size, &end);
	const char *unit = *end != '\0' ? strchr(units, *end == 'K' ? 'k' : *end) : NULL;

	if (unit != NULL) {
		size *= (double)((int64_t)1 << (10 * (unit - units + 1)));
		end++;
	}
	if (!isdigit((unsigned char)o->part_size[0]) ||
	    (*end != '\0' && strcmp(end, "B") != 0) || !(size >= 1 && size < 1e18))
		return err_usage(e, "part-size",
				 "--part-size takes a size like 256MB, not \"%s\"",
				 o->part_size);
	o->part_bytes = (int64_t)size;
	return 0;
}

static int
settle_split(struct extract_options *o, struct err *e)
{
	struct ident_list names = {.n = 0};
	int rc = ident_parse_list(o->split_text, &names, e);

	if (rc != 0)
		err_prefix(e, "--split-by: ");
	else if (names.n != 1)
		rc = err_usage(e, "split-by", "--split-by takes one column, not \"%s\"",
			       o->split_text);
	else
		o->split_by = xstrdup(names.names[0]);
	ident_list_release(&names);
	return rc;
}

/* Each of these makes another thing of the rows than a plan could say. */
static int
check_make_plan(struct extract_options *o, struct err *e)
{
	const struct {
		const char *option;
		bool given;
	} others[] = {{"query", o->query != NULL},
		      {"query-file", o->query_file != NULL},
		      {"limit", o->rows.limit >= 0},
		      {"since", o->since != NULL},
		      {"cursor", o->rows.cursor_text != NULL},
		      {"with-keys", o->with_keys},
		      {"snapshot", o->snapshot != NULL},
		      {"bare", o->bare},
		      {"digest-only", o->digest_only},
		      {"summary", o->common.summary != NULL},
		      {"plan", o->plan_path != NULL},
		      {"check", o->common.check != 0},
		      {"dry-run", o->common.dry_run}};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].given) {
			err_usage(e, others[i].option, "--%s does not go with --make-plan",
				  others[i].option);
			return err_hint(
				e, "Only relations are cut into parts, with all of their rows "
				   "or those of --where. One pipe takes the rest: without -j.");
		}
	if (o->part_size != NULL && o->nparts >= 0)
		return err_usage(e, "parts", "--parts and --part-size exclude each other");
	if (o->nparts > PARTS_MAX)
		return err_usage(e, "parts", "--parts: at most %d", PARTS_MAX);
	o->part_bytes = PART_BYTES;
	if (o->part_size != NULL && parse_size(o, e) != 0)
		return -1;
	return o->split_text != NULL ? settle_split(o, e) : 0;
}

static int
check_needs(const struct extract_options *o, struct err *e)
{
	/* what is checked is what might be planned */
	bool planned = o->make_plan || o->common.check != CHECK_NOT;
	const struct {
		const char *option, *needs;
		bool lacks;
	} rules[] = {
		{"part-size", "make-plan", o->part_size != NULL && !planned},
		{"parts", "make-plan", o->nparts >= 0 && !planned},
		{"split-by", "make-plan", o->split_text != NULL && !planned},
		{"at-once", "make-plan", o->at_once > 0 && !planned},
		{"part", "plan", o->part_text != NULL && o->plan_path == NULL},
		{"hold", "plan", o->hold && o->plan_path == NULL},
		{"catch-up", "plan", o->catch_up && o->plan_path == NULL},
		{"catch-up", "since", o->catch_up && o->since == NULL},
	};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].lacks)
			return err_usage(e, rules[i].option, "--%s needs --%s", rules[i].option,
					 rules[i].needs);
	return 0;
}

/* ---- what is read of the plan ---- */

void
options_plan_choose(struct extract_options *o, size_t number)
{
	const struct partplan_relation *rel;

	o->part = number;
	o->the_part = &o->plan.parts[number - 1];
	rel = partplan_relation_of(&o->plan, o->the_part);
	relname_set(&o->rel, rel->id.schema, rel->id.name);
}

static int
choose_parts(struct extract_options *o, struct err *e)
{
	if (partlist_parse(&o->parts, o->part_text, e) != 0 ||
	    partlist_check(&o->parts, &o->plan, o->plan_path, e) != 0)
		return -1;
	if (o->since != NULL)
		return err_usage(e, "since", "--since does not go with --part");
	if (o->bare || o->digest_only)
		return err_usage(e, o->bare ? "bare" : "digest-only",
				 "--%s does not go with --part: nobody could tell which it is",
				 o->bare ? "bare" : "digest-only");
	options_plan_choose(o, o->parts.numbers[0]);
	o->is_set = false;
	return 0;
}

/* All of its relations, each by its exact name. */
static int
choose_all(struct extract_options *o, struct err *e)
{
	struct extract_what *w = &o->what;
	size_t i;
	int rc = 0;

	pattern_list_release(&w->tables);
	pattern_list_release(&w->schemas);
	pattern_list_release(&w->exclude_tables);
	pattern_list_release(&w->exclude_schemas);
	for (i = 0; rc == 0 && i < o->plan.nrelations; i++) {
		struct buf name = BUF_INIT;

		relname_add_quoted(&o->plan.relations[i].id, &name);
		rc = pattern_add(&w->tables, buf_cstr(&name), e);
		buf_release(&name);
	}
	o->is_set = true;
	o->with_keys = o->catch_up;
	return rc;
}

int
options_plan_settle(struct extract_options *o, struct err *e)
{
	if (check_needs(o, e) != 0)
		return -1;
	if (o->make_plan)
		return check_make_plan(o, e);
	if (o->plan_path == NULL)
		return 0;
	if ((o->part_text != NULL) + o->hold + o->catch_up != 1)
		return err_usage(e, "plan",
				 "--plan needs one of --part, --hold and --catch-up");
	if (o->hold && (o->snapshot != NULL || o->since != NULL))
		return err_usage(e, "hold", "--hold takes a snapshot of its own");
	return o->part_text != NULL ? choose_parts(o, e) : choose_all(o, e);
}
