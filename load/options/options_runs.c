/*
 * What is said of a run in parts.  A plan keeps the command line that it was made with; each
 * of its parts is loaded as if that stood in front of the part's own.
 */
#include "load/options/options_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/cli_words.h"
#include "common/parts/partplan.h"
#include "common/stream/stream_chunk.h"

#define PATIENCE 1000 /* ms that a part waits for a lock, which might stand behind an ALTER */

const struct cli_option options_runs[] = {
	{.type = CLI_HEADING, .help = "In parts"},
	{"plan", 0, CLI_STRING, "FILE", "the plan that says what the parts are", AT(plan_path),
	 .part = CLI_ONCE, PG},
	{"part", 0, CLI_STRING, "K", "load part K, or 3,7,9-12, unless it is there",
	 AT(part_text), .part = CLI_ONCE, PG},
	{"publish", 0, CLI_FLAG, NULL, "have all parts seen, if the last one has not",
	 AT(publish), .part = CLI_ONCE, PG},
	{"list-parts", 0, CLI_FLAG, NULL, "print which parts are done, running, missing",
	 AT(list_parts), .part = CLI_ONCE, PG},
	{"json", 0, CLI_FLAG, NULL, "print parts or runs as JSON", AT(json), .part = CLI_ONCE,
	 PG},
	{"print-position", 0, CLI_FLAG, NULL, "print how far all parts go", AT(print_position),
	 .part = CLI_ONCE, PG},
	{"drop-parts", 0, CLI_FLAG, NULL, "remove all that the run has left", AT(drop_parts),
	 .part = CLI_ONCE, PG},
	{"list-runs", 0, CLI_FLAG, NULL, "print all runs, how much of each is there",
	 AT(list_runs), .part = CLI_ONCE, PG},
	{"drop-run", 0, CLI_STRING, "ID", "remove all that this one has left", AT(drop_run),
	 .part = CLI_ONCE, PG},
	{"drop-stale", 0, CLI_STRING, "AGE", "the same of all that were quiet for 12h, 7d",
	 AT(stale_text), .part = CLI_ONCE, PG},
	{"make-plan", 0, CLI_FLAG, NULL, "complete the draft of a plan that is read",
	 AT(make_plan), .part = CLI_ONCE, PG},
	{"at-once", 0, CLI_NUMBER, "N", "warn if N parts at a time find no room", AT(at_once),
	 .min = 1, .part = CLI_ONCE, PG},
	{"output", 'o', CLI_STRING, "FILE", "write it to FILE; default: standard output",
	 AT(output), .part = CLI_ONCE, PG},
	{.help = NULL},
};

int
options_runs_read(struct load_options *o, struct err *e)
{
	if (o->make_plan && cli_words_make(&o->common.line, &o->kept, e) != 0)
		return -1;
	if (o->plan_path == NULL)
		return 0;
	o->plan = xcalloc(1, sizeof(*o->plan));
	if (partplan_read(o->plan, o->plan_path, e) != 0 ||
	    cli_words_apply(&o->common.line, &o->plan->load, e) != 0)
		return -1;
	if (o->common.job_path == NULL)
		o->common.job_path = o->plan->job;
	return 0;
}

void
options_runs_release(struct load_options *o)
{
	if (o->plan != NULL)
		partplan_release(o->plan);
	free(o->plan);
	partlist_release(&o->part_list);
	ident_list_release(&o->kept);
}

/* A number and its unit, as seconds. */
static int
parse_stale(struct load_options *o, struct err *e)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
	int64_t n;
	char *end;
	size_t i;

	o->stale = -1;
	if (o->stale_text == NULL)
		return 0;
	errno = 0;
	n = strtoll(o->stale_text, &end, 10);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0)
			break;
	if (errno != 0 || end == o->stale_text || o->stale_text[0] < '0' ||
	    o->stale_text[0] > '9' || i == sizeof(units) / sizeof(units[0]) ||
	    n > INT32_MAX / units[i].seconds)
		return err_usage(e, "drop-stale",
				 "--drop-stale takes an age such as 90min, 12h or 7d, not "
				 "\"%s\"",
				 o->stale_text);
	o->stale = n * units[i].seconds;
	return 0;
}

/* Without a plan. */
static bool
is_of_all(enum load_parts parts)
{
	return parts == LOAD_MAKE_PLAN || parts == LOAD_LIST_RUNS || parts == LOAD_DROP_RUNS;
}

/* A job is named by -f; a stream that nobody reads would be taken for loaded. */
static int
check_input(const struct load_options *o, struct err *e)
{
	enum load_parts p = o->parts;

	if (o->input == NULL || (!o->print_state && !o->list_states &&
				 (p == LOAD_NO_PARTS || p == LOAD_PART || p == LOAD_PUBLISH ||
				  p == LOAD_MAKE_PLAN)))
		return 0;
	err_set(e, EXIT_USAGE, "unexpected argument \"%s\": no stream is read", o->input);
	return err_hint(e, "Where the destination is that of a job: -f JOB");
}

int
options_runs_settle(struct load_options *o, struct err *e)
{
	const struct {
		const char *option;
		bool given;
		enum load_parts means;
	} which[] = {
		{"make-plan", o->make_plan, LOAD_MAKE_PLAN},
		{"part", o->part_text != NULL, LOAD_PART},
		{"publish", o->publish, LOAD_PUBLISH},
		{"list-parts", o->list_parts, LOAD_LIST_PARTS},
		{"print-position", o->print_position, LOAD_PRINT_POSITION},
		{"drop-parts", o->drop_parts, LOAD_DROP_PARTS},
		{"list-runs", o->list_runs, LOAD_LIST_RUNS},
		{"drop-run", o->drop_run != NULL, LOAD_DROP_RUNS},
		{"drop-stale", o->stale_text != NULL, LOAD_DROP_RUNS},
	};
	size_t i;

	for (i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		if (!which[i].given)
			continue;
		if (o->parts != LOAD_NO_PARTS)
			return err_usage(e, which[i].option,
					 "one thing at a time: --%s is the second",
					 which[i].option);
		if (o->plan == NULL && !is_of_all(which[i].means))
			return err_usage(e, which[i].option, "--%s needs --plan=FILE",
					 which[i].option);
		o->parts = which[i].means;
	}
	if (o->plan != NULL && (o->parts == LOAD_NO_PARTS || is_of_all(o->parts)))
		return err_usage(e, "plan",
				 "--plan needs --part=K, --publish, --list-parts, "
				 "--print-position or --drop-parts");
	if (o->at_once > 0 && o->parts != LOAD_MAKE_PLAN)
		return err_usage(e, "at-once", "--at-once is for --make-plan");
	if (parse_stale(o, e) != 0)
		return -1;
	if (o->json && o->parts != LOAD_LIST_PARTS && o->parts != LOAD_LIST_RUNS)
		return err_usage(e, "json", "--json needs --list-parts or --list-runs");
	if (o->output != NULL && o->parts != LOAD_MAKE_PLAN)
		return err_usage(e, "output", "--output is for --make-plan");
	if (check_input(o, e) != 0)
		return -1;
	o->publish_timeout = o->common.lock_timeout;
	if (o->parts == LOAD_PART && o->common.lock_timeout < 0)
		o->common.lock_timeout = PATIENCE;
	if (o->part_text == NULL)
		return 0;
	if (partlist_parse(&o->part_list, o->part_text, e) != 0)
		return -1;
	return partlist_check(&o->part_list, o->plan, o->plan_path, e);
}

const char *
options_runs_whole(const struct load_options *o)
{
	if (o->truncate)
		return "truncate";
	if (o->absent != ABSENT_STAY)
		return "delete";
	if (o->state != NULL)
		return "state";
	return o->min_rows > 0 ? "min-rows" : NULL;
}

/* Each part is proved whole by itself, and rows that it leaves out are nobody's. */
int
options_runs_check(const struct load_options *o, struct err *e)
{
	const struct {
		const char *option;
		bool given;
	} against[] = {
		{"verify", o->verify},
		{"rejects", o->rejects != NULL},
		{"streams", o->streams > 1},
		{"edited", o->edited != STREAM_AS_SENT},
		{"bare", o->bare},
		{"infer", o->infer},
		{"replace", o->replace},
		{"indexes", o->indexes != 0},
		{"add-columns", o->add_columns},
		{"dry-run", o->common.dry_run},
		{"columns", o->column_list.n > 0},
	};
	const char *whole = options_runs_whole(o);
	size_t i;

	if (o->parts == LOAD_NO_PARTS)
		return o->commit == COMMIT_PART ? err_usage(e, "commit",
							    "--commit=part needs a plan of "
							    "parts (--make-plan)")
						: 0;
	for (i = 0; i < sizeof(against) / sizeof(against[0]); i++)
		if (against[i].given)
			return err_usage(e, against[i].option,
					 "--%s and a plan of parts exclude each other",
					 against[i].option);
	if (o->commit == COMMIT_BATCH)
		return err_usage(e, "commit",
				 "--commit=batch and a plan of parts exclude each "
				 "other: --commit=part commits each part");
	if (o->commit == COMMIT_PART && whole != NULL)
		return err_usage(e, whole,
				 "--%s is about all rows, and with --commit=part no "
				 "transaction has them",
				 whole);
	if (o->duplicates == DUPLICATES_FIRST && o->commit != COMMIT_PART)
		return err_usage(
			e, "duplicates",
			"--duplicates=first: parts come in no order, so that no row is "
			"the first");
	return 0;
}

void
options_runs_publish(struct load_options *o)
{
	o->parts = LOAD_PUBLISH;
	o->common.lock_timeout = o->rules.lock_timeout = o->publish_timeout;
}
