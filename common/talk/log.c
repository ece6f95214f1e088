/*
 * One writer for standard error and the log, whole messages, under one lock: a
 * second thread may draw the status line.  All text that came from elsewhere is made
 * harmless here, whoever says it.
 */
#include "common/talk/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/shown.h"
#include "common/base/xalloc.h"
#include "common/talk/colour.h"
#include "common/talk/logfile.h"

#define ERASE "\r\33[K" /* the line that the cursor is in */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *program = "portl";
static enum log_level level = LOG_NORMAL;
static struct logfile file = LOGFILE_INIT;
static bool json_stderr; /* file is standard error */
static bool shown;       /* the terminal's last line is ours to erase */
static bool held;        /* show no status */
static bool asked;       /* facts are wanted */
static bool shared;      /* that line may be another program's */

void
log_init(const char *name)
{
	program = name;
	colour_init(STDERR_FILENO);
}

const char *
log_program(void)
{
	return program;
}

void
log_set_level(enum log_level l)
{
	level = l;
}

int
log_verbose(void)
{
	return level >= LOG_VERBOSE;
}

int
log_shows_sql(void)
{
	return level == LOG_SQL;
}

int
log_quiet(void)
{
	return level == LOG_QUIET;
}

bool
log_is_kept(void)
{
	return file.fd >= 0;
}

bool
log_is_json(void)
{
	return json_stderr;
}

int
log_open(const char *path, enum log_format format, struct err *e)
{
	if (path == NULL && format != LOG_JSON)
		return 0;
	json_stderr = path == NULL;
	return logfile_open(&file, path, format == LOG_JSON, e);
}

void
log_set_run(const char *id)
{
	pthread_mutex_lock(&lock);
	logfile_set_run(&file, id);
	pthread_mutex_unlock(&lock);
}

int
log_check(struct err *e)
{
	if (file.errnum == 0 || json_stderr)
		return 0;
	return err_set(e, EXIT_DATA, "could not write the log file \"%s\": %s", file.path,
		       strerror(file.errnum));
}

void
log_close(void)
{
	pthread_mutex_lock(&lock);
	logfile_close(&file);
	json_stderr = false;
	pthread_mutex_unlock(&lock);
}

/* Whole, and where a status line may stand, in its place. */
static void
put(struct buf *text)
{
	if (shown || shared)
		fputs(ERASE, stderr);
	shown = false;
	fwrite(text->data, 1, text->len, stderr);
}

static void
add_line(struct buf *b, enum colour colour, const char *label, const char *text)
{
	struct buf name = BUF_INIT;

	buf_addf(&name, "%s:", program);
	colour_add(b, COLOUR_LOCUS, buf_cstr(&name));
	buf_addc(b, ' ');
	if (label != NULL) {
		colour_add(b, colour, label);
		buf_addc(b, ' ');
	}
	shown_add(b, text);
	buf_addc(b, '\n');
	buf_release(&name);
}

static void
say(enum colour colour, const char *label, const char *text)
{
	struct buf b = BUF_INIT;

	add_line(&b, colour, label, text);
	put(&b);
	buf_release(&b);
}

/* For the log; ${least} is the level that shows it where standard error is one. */
static void
record(enum log_level least, const char *severity, const char *event, json_t *fields,
       const char *message)
{
	if (file.fd < 0 || (json_stderr && level < least))
		json_decref(fields);
	else
		logfile_event(&file, program, severity, event, fields, message);
}

static json_t *
error_fields(const struct err *e)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "code", json_integer(e->code));
	if (e->signal != 0)
		json_object_set_new(doc, "signal", json_integer(e->signal));
	if (e->sqlstate[0] != '\0')
		json_object_set_new(doc, "sqlstate", jsontext(e->sqlstate));
	if (e->detail != NULL)
		json_object_set_new(doc, "detail", jsontext(e->detail));
	if (e->context != NULL)
		json_object_set_new(doc, "context", jsontext(e->context));
	if (e->hint != NULL)
		json_object_set_new(doc, "hint", jsontext(e->hint));
	return doc;
}

static const char *
error_message(const struct err *e)
{
	return e->msg != NULL ? e->msg : "unknown error";
}

void
log_report_told(const struct err *e)
{
	pthread_mutex_lock(&lock);
	record(LOG_QUIET, "error", "error", error_fields(e), error_message(e));
	pthread_mutex_unlock(&lock);
}

void
log_report(const struct err *e)
{
	const char *msg = error_message(e);
	struct buf b = BUF_INIT;

	add_line(&b, COLOUR_ERROR, "error:", msg);
	if (e->detail != NULL)
		add_line(&b, COLOUR_NOTE, "detail:", e->detail);
	if (e->context != NULL)
		add_line(&b, COLOUR_NOTE, "context:", e->context);
	if (e->hint != NULL)
		add_line(&b, COLOUR_NOTE, "hint:", e->hint);
	pthread_mutex_lock(&lock);
	record(LOG_QUIET, "error", "error", error_fields(e), msg);
	if (!json_stderr)
		put(&b);
	pthread_mutex_unlock(&lock);
	buf_release(&b);
}

static void
warn(enum log_level least, bool told, const char *event, json_t *fields, const char *text)
{
	pthread_mutex_lock(&lock);
	record(least, "warning", event, fields, text);
	if (!json_stderr && (told || level >= LOG_VERBOSE) &&
	    (level != LOG_QUIET || (least == LOG_QUIET && file.fd < 0)))
		say(COLOUR_WARNING, "warning:", text);
	pthread_mutex_unlock(&lock);
}

void
log_warning(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	warn(LOG_NORMAL, true, "warning", NULL, text);
	free(text);
}

void
log_ask_facts(void)
{
	asked = true;
}

void
log_fact(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (asked || level >= LOG_VERBOSE || isatty(STDERR_FILENO)) {
		warn(LOG_NORMAL, true, "warning", NULL, text);
	} else {
		pthread_mutex_lock(&lock);
		record(LOG_NORMAL, "warning", "warning", NULL, text);
		pthread_mutex_unlock(&lock);
	}
	free(text);
}

void
log_warning_event(const char *event, json_t *fields, bool told, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	warn(LOG_NORMAL, told, event, fields, text);
	free(text);
}

void
log_keep_event(const char *event, json_t *fields, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	warn(LOG_QUIET, true, event, fields, text);
	free(text);
}

static void
account(enum log_level least, const char *severity, const char *event, json_t *fields,
	const char *text)
{
	pthread_mutex_lock(&lock);
	record(least, severity, event, fields, text);
	if (level >= LOG_VERBOSE && level >= least && !json_stderr)
		say(COLOUR_NOTE, NULL, text);
	pthread_mutex_unlock(&lock);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	account(LOG_NORMAL, "info", "info", NULL, text);
	free(text);
}

void
log_sql(const char *sql)
{
	char *text;

	if (level != LOG_SQL && file.fd < 0)
		return;
	text = xasprintf("SQL: %s", sql);
	account(LOG_SQL, "debug", "sql", NULL, text);
	free(text);
}

void
log_query(const char *sql)
{
	char *text;

	if (file.fd < 0)
		return;
	text = xasprintf("SQL: %s", sql);
	pthread_mutex_lock(&lock);
	record(LOG_VERBOSE, "debug", "sql", NULL, text);
	pthread_mutex_unlock(&lock);
	free(text);
}

void
log_server(const char *severity, const char *text)
{
	struct buf label = BUF_INIT;

	buf_adds(&label, "server ");
	shown_add(&label, severity);
	buf_addc(&label, ':');
	pthread_mutex_lock(&lock);
	record(LOG_NORMAL, "warning", "server",
	       json_pack("{s:o}", "server_severity", jsontext(severity)), text);
	if (level != LOG_QUIET && !json_stderr)
		say(COLOUR_NOTE, buf_cstr(&label), text);
	pthread_mutex_unlock(&lock);
	buf_release(&label);
}

void
log_event(const char *event, json_t *fields, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	account(LOG_NORMAL, "info", event, fields, text);
	free(text);
}

void
log_record(const char *event, json_t *fields, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&lock);
	record(LOG_NORMAL, "info", event, fields, text);
	pthread_mutex_unlock(&lock);
	free(text);
}

void
log_line(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&lock);
	if (!json_stderr)
		say(COLOUR_NOTE, NULL, text);
	pthread_mutex_unlock(&lock);
	free(text);
}

static void
show(const char *text)
{
	if (text != NULL && !held) {
		fprintf(stderr, "\r%s\33[K", text);
		shown = true;
	} else if (shown) {
		fputs(ERASE, stderr);
		shown = false;
	}
}

void
log_status(const char *text)
{
	pthread_mutex_lock(&lock);
	show(text);
	pthread_mutex_unlock(&lock);
}

void
log_hold(bool hold)
{
	pthread_mutex_lock(&lock);
	held = hold;
	if (hold)
		show(NULL);
	pthread_mutex_unlock(&lock);
}

bool
log_can_erase(void)
{
	const char *term = getenv("TERM");

	return term != NULL && strcmp(term, "dumb") != 0;
}

void
log_share_terminal(void)
{
	shared = log_can_erase();
}
