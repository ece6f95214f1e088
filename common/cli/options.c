/*
 * Shared options, and what has to be done with them before anything else.
 */
#include "common/cli/options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/xalloc.h"
#include "common/cli/completion.h"
#include "common/cli/files.h"
#include "common/cli/job.h"
#include "common/pg/conninfo.h"
#include "common/talk/log.h"

#define AT(member) .offset = offsetof(struct options, member)

const struct cli_option options_connection[] = {
	{.type = CLI_HEADING, .help = "Connection options (libpq's files and variables apply)"},
	{"dbname", 'd', CLI_CONNSTR, "CONNSTR", "database name, connection string or URI",
	 AT(db.conninfo), .part = CLI_SERVER, .replaces = CLI_SERVER | CLI_FILE},
	{"host", 'h', CLI_STRING, "HOST", "server's host or socket directory", AT(db.host),
	 .part = CLI_SERVER},
	{"port", 'p', CLI_STRING, "PORT", "server's port", AT(db.port), .part = CLI_SERVER},
	{"username", 'U', CLI_STRING, "NAME", "role to connect as", AT(db.user),
	 .part = CLI_SERVER},
	{"no-password", 'w', CLI_FLAG, NULL, "never ask for a password", AT(no_password),
	 .part = CLI_REACH},
	{"password", 'W', CLI_FLAG, NULL, "ask for a password first", AT(ask_password),
	 .part = CLI_REACH},
	{"lock-wait-timeout", 0, CLI_NUMBER, "MS", "fail after waiting MS for a lock",
	 AT(lock_timeout), .part = CLI_REACH},
	{.help = NULL},
};

static const struct cli_choice log_formats[] = {
	{"text", LOG_TEXT}, {"json", LOG_JSON}, {NULL, 0}};
static const struct cli_choice checks[] = {
	{"job", CHECK_JOB}, {"connection", CHECK_CONNECTION}, {"plan", CHECK_PLAN}, {NULL, 0}};

const struct cli_option options_messages[] = {
	{.type = CLI_HEADING, .help = "General options"},
	{"job", 'f', CLI_STRING, "FILE", "take options from this job file; flags win",
	 AT(job_path), .part = CLI_ONCE},
	{"check", 0, CLI_CHOICE, "job|connection|plan",
	 "only see whether it would work; change nothing", AT(check), .choices = checks,
	 .part = CLI_ONCE},
	{"dry-run", 'n', CLI_FLAG, NULL, "see what would happen, and change nothing",
	 AT(dry_run), .part = CLI_ONCE},
	{"summary", 0, CLI_STRING, "FILE", "write the receipt to FILE as one line of JSON",
	 AT(summary), .part = CLI_ONCE},
	{"progress", 'P', CLI_FLAG, NULL, "show progress, on a terminal or not", AT(progress),
	 .part = CLI_ONCE},
	{"log-file", 'L', CLI_STRING, "FILE", "append every event to FILE", AT(log_file),
	 .part = CLI_ONCE},
	{"log-format", 0, CLI_CHOICE, "text|json",
	 "of FILE; json without FILE: of standard error", AT(log_format),
	 .choices = log_formats, .part = CLI_ONCE},
	{"quiet", 'q', CLI_FLAG, NULL, "print errors only", AT(quiet),
	 .part = CLI_TALK | CLI_ONCE, .replaces = CLI_TALK},
	{"verbose", 'v', CLI_COUNT, NULL, "print what is done; twice: with the SQL",
	 AT(verbose), .part = CLI_TALK | CLI_ONCE, .replaces = CLI_TALK},
	{"completion", 0, CLI_COMPLETION, "bash|zsh|fish|list",
	 "print a completion script and exit", .choices = completion_shells},
	{"version", 'V', CLI_VERSION, NULL, "print the version and exit", .offset = 0},
	{"help", '?', CLI_HELP, NULL, "print this help and exit", .offset = 0},
	{.help = NULL},
};

int
options_read_job(struct options *o, unsigned side, struct err *e)
{
	if (o->job_path == NULL)
		return 0;
	o->job = job_read(o->job_path, side, &o->line, e);
	return o->job != NULL ? job_apply(o->job, &o->line, &o->db, e) : -1;
}

int
options_blame(const struct options *o, struct err *e)
{
	return o->job != NULL ? job_blame(o->job, &o->line, e) : -1;
}

int
options_names(const char *option, const struct cli_list *given, struct ident_list *list,
	      struct err *e)
{
	size_t i;

	for (i = 0; i < given->n; i++)
		if (ident_parse_list(given->items[i], list, e) != 0) {
			e->option = xstrdup(option);
			return err_prefix(e, "--%s: ", option);
		}
	return 0;
}

/* portl starts a program several times, and first to see whether the job is right. */
static void
warn_of_exposure(const struct options *o)
{
	const char *key = o->job != NULL ? job_exposed(o->job) : NULL;
	const char *run = getenv("PORTL_RUN");

	if (run != NULL && strcmp(run, "again") == 0)
		return;
	if (key != NULL && (o->check != CHECK_JOB || run != NULL))
		log_warning("others can read the password in %s (%s); run chmod 600 %s, or "
			    "write ${VARIABLE} there",
			    o->job_path, key, o->job_path);
	if (o->line.exposed)
		log_warning("a password on the command line can be seen by others; use "
			    "~/.pgpass, a service file or the environment");
}

#define FILES_MAX 32

int
options_check_files(const struct options *o, const struct files_one *files, size_t n,
		    struct err *e)
{
	struct files_one all[FILES_MAX] = {
		{.what = "the job", .path = o->job_path},
		{.what = "--log-file", .path = o->log_file, .written = true},
		{.what = "--summary", .path = o->summary, .written = true},
	};
	size_t have = 3, i;

	for (i = 0; i < n; i++)
		all[have++] = files[i];
	if (o->job != NULL)
		have += job_apply_others(o->job, all + have, FILES_MAX - have);
	return files_check(all, have, e);
}

int
options_settle(struct options *o, const char *variable, struct err *e)
{
	if (o->quiet)
		log_set_level(LOG_QUIET);
	if (o->verbose)
		log_set_level(o->verbose > 1 ? LOG_SQL : LOG_VERBOSE);
	if (log_open(o->log_file, (enum log_format)o->log_format, e) != 0)
		return -1;
	if (o->no_password && o->ask_password)
		return err_usage(e, "no-password", "-w and -W exclude each other");
	if (o->check != CHECK_NOT) {
		o->summary_later = o->summary;
		o->summary = NULL; /* the last run's stays */
	}
	if (o->check != CHECK_NOT || o->dry_run)
		log_ask_facts();
	warn_of_exposure(o);
	o->db.password_prompt = o->no_password ? -1 : o->ask_password;
	if (o->db.conninfo != NULL)
		return conninfo_check(o->db.conninfo, e) < 0 ? -1 : 0;
	if (variable == NULL || (o->job != NULL && job_connects(o->job)))
		return 0;
	o->db.conninfo = getenv(variable);
	if (o->db.conninfo != NULL && conninfo_check(o->db.conninfo, e) < 0)
		return err_prefix(e, "%s: ", variable);
	return 0;
}

enum progress_when
options_progress(const struct options *o)
{
	if (o->progress)
		return PROGRESS_ALWAYS;
	return o->quiet ? PROGRESS_NEVER : PROGRESS_TERMINAL;
}

void
options_release(struct options *o)
{
	cli_release(&o->line);
	job_free(o->job);
}
