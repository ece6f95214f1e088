/*
 * portl-ls: says what is in streams, and whether they are whole.  No server is asked.
 */
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/cli.h"
#include "common/cli/completion.h"
#include "common/os/intr.h"
#include "common/os/stdfds.h"
#include "common/os/writeall.h"
#include "common/talk/log.h"
#include "load/ls/listing.h"

struct ls_options {
	struct cli_line line;
	bool json, verbose;
};

#define AT(member) .offset = offsetof(struct ls_options, member)

static const struct cli_option options[] = {
	{.type = CLI_HEADING, .help = "Options"},
	{"json", 0, CLI_FLAG, NULL, "one JSON object a line for each stream", AT(json)},
	{"verbose", 'v', CLI_FLAG, NULL, "the digest of the rows and the columns, too",
	 AT(verbose)},
	{"completion", 0, CLI_COMPLETION, "bash|zsh|fish|list",
	 "print a completion script and exit", .choices = completion_shells},
	{"version", 'V', CLI_VERSION, NULL, "print the version and exit", .offset = 0},
	{"help", '?', CLI_HELP, NULL, "print this help and exit", .offset = 0},
	{.help = NULL},
};

static const struct cli_spec spec_of_one = {
	.program = "portl-ls",
	.what = "says what is in streams and whether they are whole, without a server.",
	.usage = "[OPTION]... [FILE]...",
	.brief = "For example:\n  portl-ls orders.portl\n  portl-extract ... | portl-ls",
	.tables = {options},
	.footer = "Without FILE, or where it is -, standard input is read.\n\n"
		  "Exit status: 0 only if all are whole, or bare and nothing is wrong.\n"
		  "Manual: man portl-ls",
};

/* All of them, whatever is found; the status is the highest. */
static int
list(const struct ls_options *o, const char *const *files, struct err *e)
{
	const struct listing l = {.out = stdout, .json = o->json, .columns = o->verbose};
	int status = EXIT_DONE;
	size_t i = 0;

	if (files[0] == NULL && isatty(STDIN_FILENO)) {
		err_set(e, EXIT_USAGE,
			"standard input is a terminal, and a stream is expected");
		return cli_brief(o->line.spec, e);
	}
	do {
		struct err one = ERR_INIT;

		if (listing_read(&l, files[i], &one) != 0) {
			if (one.signal != 0) {
				err_take(e, &one);
				return -1;
			}
			err_failed(&one);
			fflush(stdout);
			log_report(&one);
			status = (int)one.code > status ? (int)one.code : status;
		}
		err_release(&one);
	} while (files[i] != NULL && files[++i] != NULL);
	return writeall_finish(stdout, e) != 0 ? -1 : status;
}

int
main(int argc, char **argv)
{
	struct ls_options o = {.json = false};
	struct cli_spec spec = spec_of_one;
	struct err e = ERR_INIT;
	const char **files;
	int status, signo;

	log_init("portl-ls");
	json_set_alloc_funcs(xmalloc, free); /* else an object might lack what had no room */
	stdfds_fill();
	intr_ignore();
	signal(SIGPIPE, SIG_DFL); /* who has seen enough of the list ends it */
	files = xcalloc((size_t)argc + 1, sizeof(*files));
	spec.max_operands = argc;
	status = cli_parse(&o.line, &spec, argc, argv, &o, files, &e);
	if (status > 0)
		status = EXIT_DONE;
	else if (status == 0)
		status = list(&o, files, &e);
	if (status < 0) {
		err_failed(&e);
		if (e.signal == 0)
			log_report(&e);
		status = (int)e.code;
	}
	signo = e.signal;
	cli_release(&o.line);
	free(files);
	err_release(&e);
	if (signo != 0)
		intr_die(signo);
	return status;
}
