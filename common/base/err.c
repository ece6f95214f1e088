/*
 * Errors as values.  The first fault set wins; outer layers add context to it
 * and main() prints it, so a fault is reported once and never twice.
 */
#include "common/base/err.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/xalloc.h"

int
err_set(struct err *e, enum exit_code code, const char *fmt, ...)
{
	va_list ap;

	if (e->code != EXIT_DONE)
		return -1;
	va_start(ap, fmt);
	e->msg = xvasprintf(fmt, ap);
	va_end(ap);
	e->code = code;
	return -1;
}

int
err_errno(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	char *what;

	if (e->code != EXIT_DONE)
		return -1;
	va_start(ap, fmt);
	what = xvasprintf(fmt, ap);
	va_end(ap);
	err_set(e, EXIT_DATA, "%s: %s", what, strerror(saved));
	free(what);
	return -1;
}

int
err_usage(struct err *e, const char *option, const char *fmt, ...)
{
	va_list ap;

	if (e->code != EXIT_DONE)
		return -1;
	va_start(ap, fmt);
	e->msg = xvasprintf(fmt, ap);
	va_end(ap);
	e->code = EXIT_USAGE;
	e->option = xstrdup(option);
	return -1;
}

int
err_signal(struct err *e, int signo)
{
	if (e->code != EXIT_DONE)
		return -1;
	err_set(e, EXIT_BY_SIGNAL, "stopped by signal %d (%s)", signo, strsignal(signo));
	e->signal = signo;
	return -1;
}

int
err_reader_gone(struct err *e, const char *output)
{
	if (e->code != EXIT_DONE)
		return -1;
	err_set(e, EXIT_BY_SIGNAL, "the reader of %s is gone", output);
	e->signal = SIGPIPE;
	return -1;
}

void
err_failed(struct err *e)
{
	err_set(e, EXIT_DATA, "it failed, and nothing says why: a fault of Portl's own");
}

static int rewrite(char **slot, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static int
rewrite(char **slot, const char *fmt, va_list ap)
{
	free(*slot);
	*slot = xvasprintf(fmt, ap);
	return -1;
}

int
err_detail(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	rewrite(&e->detail, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	rewrite(&e->hint, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_context(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	rewrite(&e->context, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_prefix(struct err *e, const char *fmt, ...)
{
	va_list ap;
	char *prefix, *whole;

	va_start(ap, fmt);
	prefix = xvasprintf(fmt, ap);
	va_end(ap);
	whole = xasprintf("%s%s", prefix, e->msg != NULL ? e->msg : "");
	free(prefix);
	free(e->msg);
	e->msg = whole;
	return -1;
}

void
err_take(struct err *dst, struct err *src)
{
	err_release(dst);
	*dst = *src;
	*src = ERR_INIT;
}

void
err_release(struct err *e)
{
	free(e->msg);
	free(e->detail);
	free(e->hint);
	free(e->context);
	free(e->column);
	free(e->constraint);
	free(e->option);
	*e = ERR_INIT;
}
