/*
 * Shared options, and what has to be done with them before anything else.
 */
#include "common/options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/conninfo.h"
#include "common/err.h"
#include "common/log.h"

#define AT(member) offsetof(struct options, member)

const struct cli_option options_connection[] = {
	{.kind = CLI_HEADING, .help = "Connection options (libpq's files and variables apply)"},
	{"dbname", 'd', CLI_STRING, "CONNSTR", "database name, connection string or URI",
	 AT(db.conninfo), NULL, 0},
	{"host", 'h', CLI_STRING, "HOST", "server's host or socket directory", AT(db.host),
	 NULL, 0},
	{"port", 'p', CLI_STRING, "PORT", "server's port", AT(db.port), NULL, 0},
	{"username", 'U', CLI_STRING, "NAME", "role to connect as", AT(db.user), NULL, 0},
	{"no-password", 'w', CLI_FLAG, NULL, "never ask for a password", AT(no_password), NULL,
	 0},
	{"password", 'W', CLI_FLAG, NULL, "ask for a password first", AT(ask_password), NULL,
	 0},
	{"lock-wait-timeout", 0, CLI_NUMBER, "MS", "fail after waiting MS for a lock",
	 AT(lock_timeout), NULL, 0},
	{.help = NULL},
};

const struct cli_option options_messages[] = {
	{.kind = CLI_HEADING, .help = "General options"},
	{"dry-run", 'n', CLI_FLAG, NULL, "do everything, then change nothing", AT(dry_run),
	 NULL, 0},
	{"summary", 0, CLI_STRING, "FILE", "write the receipt to FILE as one line of JSON",
	 AT(summary), NULL, 0},
	{"quiet", 'q', CLI_FLAG, NULL, "print errors only", AT(quiet), NULL, 0},
	{"verbose", 'v', CLI_FLAG, NULL, "print what is done, with the SQL", AT(verbose), NULL,
	 0},
	{"version", 'V', CLI_VERSION, NULL, "print the version and exit", 0, NULL, 0},
	{"help", '?', CLI_HELP, NULL, "print this help and exit", 0, NULL, 0},
	{.help = NULL},
};

/* Find the argument that ${conninfo} points into and blank it. */
static void
hide(struct options *o, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		const char *end = argv[i] + strlen(argv[i]);

		if (o->db.conninfo >= argv[i] && o->db.conninfo <= end) {
			o->hidden = cli_hide(argv[i] + (o->db.conninfo - argv[i]));
			o->db.conninfo = o->hidden;
			log_warning("a password on the command line can be seen by others; "
				    "use ~/.pgpass, a service file or the environment");
			return;
		}
	}
}

int
options_settle(struct options *o, int argc, char **argv, const char *variable, struct err *e)
{
	int has_password;

	if (o->quiet)
		log_set_level(LOG_QUIET);
	if (o->verbose)
		log_set_level(LOG_VERBOSE);
	if (o->no_password && o->ask_password)
		return err_set(e, EXIT_USAGE, "-w and -W exclude each other");
	o->db.password_prompt = o->no_password ? -1 : o->ask_password;
	if (o->db.conninfo != NULL) {
		has_password = conninfo_check(o->db.conninfo, e);
		if (has_password > 0)
			hide(o, argc, argv);
		return has_password < 0 ? -1 : 0;
	}
	o->db.conninfo = getenv(variable);
	if (o->db.conninfo != NULL && conninfo_check(o->db.conninfo, e) < 0)
		return err_prefix(e, "%s: ", variable);
	return 0;
}

void
options_release(struct options *o)
{
	free(o->hidden);
}
