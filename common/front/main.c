/*
 * portl: run what a job file describes, check whether it could run, compare both sides.
 *
 * The work is done by portl-extract and portl-load, which read the job file themselves: no
 * secret passes through here, and no server is asked.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/connword.h"
#include "common/base/err.h"
#include "common/base/nearest.h"
#include "common/base/xalloc.h"
#include "common/cli/cli_spec.h"
#include "common/front/filenames.h"
#include "common/front/front.h"
#include "common/front/help.h"
#include "common/front/looks.h"
#include "common/front/partcmd.h"
#include "common/front/programs.h"
#include "common/front/routing.h"
#include "common/front/single.h"
#include "common/os/intr.h"
#include "common/os/stdfds.h"
#include "common/os/writeall.h"
#include "common/talk/log.h"

#define JOB \
	.takes_job = true, .missing = "which job?", \
	.example = "For example: portl run nightly.yaml"

#define FILE_OF_PLAN \
	.missing = "which plan?", \
	.example = "For example: portl plan nightly.yaml -o nightly.plan"

#define AT(member) .offset = offsetof(struct front, member)
#define OWN \
	{ \
		"own", 0, CLI_FLAG, NULL, "each part by a snapshot of its own", AT(own) \
	}
#define VIA \
	{ \
		"via", 0, CLI_STRING, "COMMAND", "run portl-load by it: 'ssh warehouse'", \
			AT(via) \
	}
#define JOBS \
	{ \
		"jobs", 'j', CLI_NUMBER, "N", "parts at a time; default: 1, one pipe", \
			AT(jobs), .min = 1 \
	}
#define SNAPSHOT \
	{ \
		"snapshot", 0, CLI_STRING, "ID", "read by the snapshot that portl hold keeps", \
			AT(snapshot) \
	}
#define END \
	{ \
		.help = NULL \
	}

static const struct cli_option run_options[] = {
	JOBS,
	{"retries", 0, CLI_NUMBER, "N", "more tries for a part; default: 3", AT(retries)},
	{"keep", 0, CLI_STRING, "FILE", "keep the plan in FILE, for --resume", AT(keep)},
	{"resume", 0, CLI_STRING, "FILE", "bring what is missing of the plan in FILE",
	 AT(resume)},
	OWN,
	VIA,
	SNAPSHOT,
	END,
};
static const struct cli_option check_options[] = {JOBS, OWN, END};
static const struct cli_option plan_options[] = {
	{"output", 'o', CLI_STRING, "FILE", "write the plan to FILE", AT(output)},
	JOBS,
	OWN,
	VIA,
	END,
};
static const struct cli_option part_options[] = {VIA, SNAPSHOT, END};
static const struct cli_option via_options[] = {VIA, END};

static const struct front_command commands[] = {
	{.name = "run",
	 .usage = "JOB [OPTION]...",
	 .what = "moves the rows: portl-extract --job JOB | portl-load --job JOB",
	 .help = "Moves the rows: portl-extract --job JOB | portl-load --job JOB, with one\n"
		 "status and one receipt for both. A job with a state brings what has changed\n"
		 "since its last run. With -j N the job is cut into parts, of which N at a\n"
		 "time are brought; nobody sees any of them before all are there.\n",
	 JOB,
	 .own = run_options,
	 .takes = "--summary --dry-run --differences",
	 .run = single_run},
	{.name = "check",
	 .usage = "JOB [OPTION]...",
	 .what = "tests both connections, the privileges, the tables and the plan,\n"
		 "        and moves no row",
	 .help = "Tests both connections, the privileges, the tables, the key and the plan.\n"
		 "Nothing is created, emptied or locked against others. With -j N: could it\n"
		 "run in parts?\n",
	 JOB,
	 .own = check_options,
	 .takes = "--summary --dry-run --differences",
	 .run = single_check},
	{.name = "verify",
	 .usage = "JOB [OPTION]...",
	 .what = "compares both sides row by row, and what differs once more; writes\n"
		 "        nothing",
	 .help = "Compares what the job reads with what its destination holds, row by row,\n"
		 "and what differs once more. Exit status 6: rows differ both times.\n",
	 JOB,
	 .takes = "--summary --differences",
	 .run = looks_run},
	{.name = "plan",
	 .usage = "JOB [-o FILE] [OPTION]...",
	 .what = "cuts a job into parts that can be brought at the same time",
	 .help = "Cuts what the job reads into parts, and writes the plan: what each part is,\n"
		 "and how all of them are published. Options of portl-extract --make-plan:\n"
		 "--part-size, --parts, --split-by.\n",
	 JOB,
	 .own = plan_options,
	 .run = partcmd_plan},
	{.name = "part",
	 .usage = "FILE [K] [OPTION]...",
	 .what = "brings part K of the plan in FILE, or 3,7,9-12, unless it is there",
	 .help = "Brings part K of the plan, counted from 1, once and not twice; several of\n"
		 "them, 3,7,9-12, by one pipe, one after the other. Without K:\n"
		 "PORTL_PART, or the index of Slurm, PBS, SGE, LSF, Kubernetes, AWS Batch or\n"
		 "Cloud Run. Exit status 75: nothing is wrong with it, try again.\n",
	 FILE_OF_PLAN,
	 .own = part_options,
	 .operands = 2,
	 .needs = 1,
	 .takes = "--summary",
	 .run = partcmd_part},
	{.name = "parts",
	 .usage = "FILE [--json] [OPTION]...",
	 .what = "says which parts of it are done, running or missing",
	 .help = "Says which parts of the plan are done, running or missing.\n",
	 FILE_OF_PLAN,
	 .own = via_options,
	 .operands = 1,
	 .needs = 1,
	 .run = partcmd_parts},
	{.name = "publish",
	 .usage = "FILE [OPTION]...",
	 .what = "makes all parts seen at once, if the last one has not",
	 .help = "Makes all parts of the plan seen, in one transaction. It may be called again.\n",
	 FILE_OF_PLAN,
	 .own = via_options,
	 .operands = 1,
	 .needs = 1,
	 .takes = "--summary",
	 .run = partcmd_publish},
	{.name = "hold",
	 .usage = "[OPTION]... FILE [COMMAND [ARGUMENT]...]",
	 .what = "holds one snapshot for all parts while COMMAND runs",
	 .help = "Takes the snapshot by which the parts of the plan are read and holds it while\n"
		 "COMMAND runs, which finds its ID in PORTL_SNAPSHOT, as portl part does.\n"
		 "Without COMMAND the ID is printed, and the snapshot held until a signal\n"
		 "comes, or the end of a pipe at standard input.\n",
	 FILE_OF_PLAN,
	 .takes_command = true,
	 .operands = 1,
	 .needs = 1,
	 .run = partcmd_hold},
	{.name = "drop",
	 .usage = "FILE [OPTION]...",
	 .what = "removes what a run of the plan has left",
	 .help = "Removes what a run of the plan has left, and no row that is published.\n",
	 FILE_OF_PLAN,
	 .own = via_options,
	 .operands = 1,
	 .needs = 1,
	 .run = partcmd_drop},
	{.name = "runs",
	 .usage = "[OPTION]...",
	 .what = "lists the runs that a target knows, and removes what they have left:\n"
		 "        portl-load --list-runs, --drop-stale",
	 .help = "Lists the runs that a target knows, and how much of them is there: the options\n"
		 "are those of portl-load --list-runs, such as -d, --ledger and --json. With\n"
		 "--drop-run=ID or --drop-stale=AGE what they have left is removed.\n"},
	{.name = "state",
	 .usage = "[OPTION]...",
	 .what = "lists what is kept of jobs with a state: portl-load --list-states",
	 .help = "Lists the states that are kept at a destination: the options are those of\n"
		 "portl-load --list-states, such as -d and --ledger.\n"},
	{.name = "ls",
	 .usage = "[OPTION]... [FILE]...",
	 .what = "says what is in streams, and whether they are whole: portl-ls",
	 .help = "Says what is in streams, and whether they are whole: the options are those\n"
		 "of portl-ls.\n"},
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct front_command *
find_command(const char *name)
{
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int
no_command(const char *word, struct err *e)
{
	const char *names[NCOMMANDS], *near;
	size_t i;

	if (connword_is(word)) {
		err_set(e, EXIT_USAGE, "a connection string is no command");
		return err_hint(e, "Try \"portl --help\".");
	}
	for (i = 0; i < NCOMMANDS; i++)
		names[i] = commands[i].name;
	near = nearest_word(word, names, NCOMMANDS);
	err_set(e, EXIT_USAGE, "\"%s\" is no command", word);
	if (access(word, F_OK) == 0)
		return err_hint(e, "A job is run with \"portl run %s\".", word);
	return near != NULL ? err_hint(e, "Perhaps you meant \"portl %s\".", near)
			    : err_hint(e, "Try \"portl --help\".");
}

/* ---- what only prints ---- */

static bool
is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0;
}

/* Alone it names no host. */
static bool
is_lone_h(const struct arglist *words)
{
	return words->n == 1 && strcmp(words->words[0], "-h") == 0;
}

static bool
is_version(const char *word)
{
	return strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0;
}

static int
print_help(const char *about, struct err *e)
{
	const struct front_command *command = about != NULL ? find_command(about) : NULL;

	if (about != NULL && command == NULL)
		return no_command(about, e);
	if (command != NULL)
		help_command(command);
	else
		help_general(commands, NCOMMANDS);
	return 0;
}

/* Returns 1 where a word asks for something that is printed, and nothing else is done. */
static int
print_if_asked(const struct arglist *words, const struct front_command *about, struct err *e)
{
	size_t i, operands = 0;

	for (i = 0; i < words->n; i++) {
		operands += words->words[i][0] != '-';
		if (about->takes_command && operands > about->operands)
			break; /* what follows is asked of the command */
		if (is_help(words->words[i]))
			return print_help(about->name, e) == 0 ? 1 : -1;
		if (is_version(words->words[i])) {
			printf("portl (Portl) %s\n", PORTL_VERSION);
			return 1;
		}
	}
	return 0;
}

/* The commands that are another program's. */
static int
become(const struct front_command *command, const struct arglist *words, struct err *e)
{
	struct arglist all = {.n = 0};
	bool drops = false;
	size_t i;
	int rc;

	if (strcmp(command->name, "ls") == 0)
		return programs_become("portl-ls", words, e);
	for (i = 0; i < words->n; i++)
		drops = drops || strncmp(words->words[i], "--drop-", 7) == 0;
	if (strcmp(command->name, "state") == 0)
		arglist_add(&all, "--list-states");
	else if (!drops)
		arglist_add(&all, "--list-runs");
	arglist_join(&all, words);
	rc = programs_become("portl-load", &all, e);
	arglist_release(&all);
	return rc;
}

/* ---- the run ---- */

static int
find_programs(struct front *f, struct err *e)
{
	f->extract = programs_find("portl-extract", e);
	if (f->extract == NULL)
		return -1;
	f->load = programs_find("portl-load", e);
	return f->load != NULL ? 0 : -1;
}

static int
do_command(struct front *f, const char *name, const struct arglist *words, struct err *e)
{
	int rc;

	f->command = find_command(name);
	if (f->command == NULL)
		return no_command(name, e);
	if (is_lone_h(words))
		return print_help(name, e) == 0 ? writeall_finish(stdout, e) : -1;
	if (f->command->run == NULL)
		return become(f->command, words, e);
	rc = print_if_asked(words, f->command, e);
	if (rc != 0)
		return rc > 0 ? writeall_finish(stdout, e) : -1;
	if (crew_init(&f->crew, e) != 0 || find_programs(f, e) != 0 ||
	    routing_parse(f, words, e) != 0 || filenames_check(f, e) != 0)
		return -1;
	setenv("PORTL_RUN", "1", 1); /* one status for both */
	return f->command->run(f, e);
}

static int
do_words(struct front *f, const char *first, const struct arglist *rest, struct err *e)
{
	static const char completion[] = "--completion=";

	if (first == NULL) {
		err_set(e, EXIT_USAGE, "what shall be done?");
		return err_hint(e, "For example: portl run nightly.yaml. All there is: \"portl "
				   "--help\".");
	}
	if (strncmp(first, completion, sizeof(completion) - 1) == 0) {
		if (crew_init(&f->crew, e) != 0 || find_programs(f, e) != 0 ||
		    help_completion(f, commands, NCOMMANDS, first + sizeof(completion) - 1,
				    e) != 0)
			return -1;
	} else if (is_help(first) || strcmp(first, "help") == 0 || strcmp(first, "-h") == 0) {
		const char *about = rest->n > 0 ? rest->words[0] : NULL;
		bool itself = about != NULL &&
			      (strcmp(about, "help") == 0 || is_help(about) || is_lone_h(rest));

		if (print_help(itself ? NULL : about, e) != 0)
			return -1;
	} else if (is_version(first)) {
		printf("portl (Portl) %s\n", PORTL_VERSION);
	} else {
		return do_command(f, first, rest, e);
	}
	return writeall_finish(stdout, e);
}

/*
 * Copies of the words; those that may hold a password are blanked where ps would show them:
 * the programs that they are passed to do the same.
 */
static void
take_words(int argc, char **argv, struct arglist *words)
{
	int i;

	for (i = 2; i < argc; i++) {
		arglist_add(words, argv[i]);
		if (connword_is(argv[i]))
			memset(argv[i], 'x', strlen(argv[i]));
	}
}

static void
release(struct front *f)
{
	crew_release(&f->crew);
	optlist_release(&f->extract_options);
	optlist_release(&f->load_options);
	arglist_release(&f->for_extract);
	arglist_release(&f->for_load);
	arglist_release(&f->rest);
	free(f->extract);
	free(f->load);
	free(f->named);
	if (f->since >= 0)
		close(f->since);
}

int
main(int argc, char **argv)
{
	struct front f = {.crew = {.fd = -1},
			  .since = -1,
			  .found = -1,
			  .keys = -1,
			  .jobs = 1,
			  .retries = -1};
	struct arglist words = {.n = 0};
	struct err e = ERR_INIT;
	int signo;

	log_init("portl");
	json_set_alloc_funcs(xmalloc, free);
	stdfds_fill();
	take_words(argc, argv, &words);
	if (do_words(&f, argc > 1 ? argv[1] : NULL, &words, &e) != 0) {
		err_failed(&e);
		if (e.signal == 0)
			log_report(&e);
		f.status = (int)e.code;
	}
	signo = e.signal;
	release(&f);
	arglist_release(&words);
	err_release(&e);
	if (signo != 0)
		intr_die(signo);
	return f.status;
}
