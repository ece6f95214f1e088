/*
 * The one place below main() that may end the program: when memory is gone
 * there is nothing left to report with, so say so plainly and leave.
 */
#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *last_words;

void
xalloc_last_words(const char *text)
{
	last_words = text;
}

static void
say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0) {
		/* nobody to tell */
	}
}

_Noreturn void
xalloc_failed(void)
{
	say("portl: error: out of memory\n");
	if (last_words != NULL) {
		say("portl: detail: ");
		say(last_words);
		say("\n");
	}
	exit(1);
}

void *
xmalloc(size_t size)
{
	void *p = malloc(size > 0 ? size : 1);

	if (p == NULL)
		xalloc_failed();
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);

	if (p == NULL)
		xalloc_failed();
	return p;
}

void *
xrealloc(void *p, size_t size)
{
	p = realloc(p, size > 0 ? size : 1);
	if (p == NULL)
		xalloc_failed();
	return p;
}

char *
xstrdup(const char *s)
{
	char *p = strdup(s);

	if (p == NULL)
		xalloc_failed();
	return p;
}

char *
xstrdup_null(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

char *
xstrndup(const char *s, size_t n)
{
	char *p = strndup(s, n);

	if (p == NULL)
		xalloc_failed();
	return p;
}

char *
xvasprintf(const char *fmt, va_list ap)
{
	char *p = NULL;

	if (vasprintf(&p, fmt, ap) < 0 || p == NULL)
		xalloc_failed();
	return p;
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = xvasprintf(fmt, ap);
	va_end(ap);
	return p;
}
