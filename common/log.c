/*
 * Messages for people.  One writer, standard error, whole lines.
 */
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/err.h"
#include "common/xalloc.h"

static const char *program = "portl";
static enum log_level level = LOG_NORMAL;

void
log_init(const char *name)
{
	program = name;
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
	return level == LOG_VERBOSE;
}

int
log_quiet(void)
{
	return level == LOG_QUIET;
}

static void
say(const char *label, const char *text)
{
	fprintf(stderr, "%s: %s%s\n", program, label, text);
}

void
log_report(const struct err *e)
{
	say("error: ", e->msg != NULL ? e->msg : "unknown error");
	if (e->detail != NULL)
		say("detail: ", e->detail);
	if (e->context != NULL)
		say("context: ", e->context);
	if (e->hint != NULL)
		say("hint: ", e->hint);
}

void
log_warning(const char *fmt, ...)
{
	va_list ap;
	char *text;

	if (level == LOG_QUIET)
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	say("warning: ", text);
	free(text);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;
	char *text;

	if (level != LOG_VERBOSE)
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	say("", text);
	free(text);
}

void
log_server(const char *severity, const char *text)
{
	if (level != LOG_QUIET)
		fprintf(stderr, "%s: server %s: %s\n", program, severity, text);
}
