/*
 * What the programs say to people, on standard error only: errors, warnings,
 * and with -v what they do.  Formatted as PostgreSQL's own programs do:
 * "portl-load: error: …", then "detail:" and "hint:" lines.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

struct err;

enum log_level {
	LOG_QUIET,  /* errors only (-q) */
	LOG_NORMAL, /* and warnings */
	LOG_VERBOSE /* and what is being done, SQL included (-v) */
};

/*
 * log_init(name):
 * Set the program's name for all messages.  Call before anything else.
 */
void log_init(const char *name);

/*
 * log_program():
 * Return the name given to log_init().
 */
const char *log_program(void);

/*
 * log_set_level(level), log_verbose(), log_quiet():
 * Choose how much is said; ask whether -v or -q was given.
 */
void log_set_level(enum log_level level);
int log_verbose(void);
int log_quiet(void);

/*
 * log_report(e):
 * Print an error with its detail, hint and context.  Only main() calls it.
 */
void log_report(const struct err *e);

/*
 * log_warning(fmt, ...), log_info(fmt, ...):
 * Print a warning (not with -q) or an account of what is done (only with -v).
 */
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * log_server(severity, text):
 * Print a message of the server's own ("NOTICE", "WARNING"); not with -q.
 */
void log_server(const char *severity, const char *text);

#endif /* COMMON_LOG_H */
