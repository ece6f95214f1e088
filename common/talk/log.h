/*
 * What the programs say, to two readers.  People read standard error: lines as
 * PostgreSQL's own programs write them ("portl-load: error: …", then "detail:" and
 * "hint:"), as many as the level allows.  Programs read the log: events with the time, the
 * run's id and facts as fields.  The log is a file (--log-file) that gets every event, or
 * standard error itself (--log-format=json without a file), where the level counts.
 *
 *	log_fact                                                    both; people who watch
 *	log_report, log_warning, log_info, log_event, log_server    both
 *	log_sql                                                     both; people with -vv
 *	log_record, log_query, log_report_told                      the log only
 *	log_line, log_status                                        people only
 *
 * Callers pass no password; nothing is looked for here.
 *
 * Every function may be called from any thread.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <jansson.h>
#include <stdbool.h>

struct err;

enum log_level {
	LOG_QUIET,   /* errors only (-q) */
	LOG_NORMAL,  /* and warnings */
	LOG_VERBOSE, /* and what is being done (-v) */
	LOG_SQL      /* and each statement (-vv) */
};

enum log_format { LOG_TEXT, LOG_JSON };

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
 * log_set_level(level), log_verbose(), log_shows_sql(), log_quiet():
 * Choose how much is said on standard error; ask whether -v, -vv or -q was given.
 */
void log_set_level(enum log_level level);
int log_verbose(void);
int log_shows_sql(void);
int log_quiet(void);

/*
 * log_open(path, format, e):
 * Append events to the file ${path}, made readable for its owner only if it is
 * missing: all of them, whatever the level.  Without a path, LOG_JSON turns
 * standard error into the log, where the level counts: LOG_QUIET errors,
 * LOG_SQL all, the others all but SQL.
 */
int log_open(const char *path, enum log_format format, struct err *e)
	__attribute__((warn_unused_result));

/*
 * log_set_run(id):
 * Say which run the events belong to.  Events wait for this to be called.
 */
void log_set_run(const char *id);

/*
 * log_check(e):
 * Fail if an event could not be written to the log file.
 */
int log_check(struct err *e) __attribute__((warn_unused_result));

/*
 * log_close():
 * Close the log; events that still wait are written without a run.
 */
void log_close(void);

/*
 * log_is_kept():
 * Tell whether there is a log, so that it pays to gather facts for one.
 */
bool log_is_kept(void);

/*
 * log_is_json():
 * Tell whether standard error is a log, and not for people.
 */
bool log_is_json(void);

/*
 * log_report(e):
 * Print an error with its detail, hint and context.  Only main() calls it.
 */
void log_report(const struct err *e);

/*
 * log_report_told(e):
 * The same where another program has told people: in the log only.
 */
void log_report_told(const struct err *e);

/*
 * log_warning(fmt, ...), log_info(fmt, ...), log_sql(sql):
 * Print a warning (not with -q), an account of what is done, or a statement
 * that is sent (with -v, with -vv).
 */
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_sql(const char *sql);

/*
 * log_fact(fmt, ...), log_ask_facts():
 * Warn of what follows from the definitions alone, and so is the same on each run: a log
 * has it, people are told on a terminal, with -v, and where facts have been asked for.  A
 * run by cron that went well says nothing of it.
 */
void log_fact(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_ask_facts(void);

/*
 * log_query(sql):
 * Log a statement that only asks for something: in a log file, but not with -v.
 */
void log_query(const char *sql);

/*
 * log_server(severity, text):
 * Print a message of the server's own ("NOTICE", "WARNING"); not with -q.
 */
void log_server(const char *severity, const char *text);

/*
 * log_event(event, fields, fmt, ...), log_record(event, fields, fmt, ...):
 * Say that something has happened: a word to find it by, its facts (an object,
 * taken; NULL: none), and the same as a sentence, which people are told with -v
 * (log_event()) or never (log_record()).
 */
void log_event(const char *event, json_t *fields, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void log_record(const char *event, json_t *fields, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * log_warning_event(event, fields, told, fmt, ...), log_keep_event(event, fields, fmt, ...):
 * The same for what people are warned of, with -v only unless ${told}; and for what is kept
 * nowhere else, so that they are warned with LOG_QUIET, too, unless a log file has it.
 */
void log_warning_event(const char *event, json_t *fields, bool told, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void log_keep_event(const char *event, json_t *fields, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * log_line(fmt, ...):
 * Tell people, and not the log, whatever the level.
 */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * log_status(text), log_hold(hold):
 * Show ${text} as the last line of the terminal at standard error, in the place
 * of the one before; NULL takes it away.  Every message takes it away as well.
 * While held, none is shown: somebody writes to standard error by itself.
 */
void log_status(const char *text);
void log_hold(bool hold);

/* log_can_erase(): Say whether the environment's terminal can take a line away. */
bool log_can_erase(void);

/*
 * log_share_terminal():
 * Say that another program shows its status on the same terminal, so that
 * messages have to make room for themselves.
 */
void log_share_terminal(void);

#endif /* COMMON_LOG_H */
