/*
 * A growing array of strings, as exec() wants it.
 */
#include "common/front/arglist.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/xalloc.h"

static void
take(struct arglist *list, char *word)
{
	list->words = xrealloc(list->words, (list->n + 2) * sizeof(char *));
	list->words[list->n++] = word;
	list->words[list->n] = NULL;
}

void
arglist_add(struct arglist *list, const char *word)
{
	take(list, xstrdup(word));
}

void
arglist_addf(struct arglist *list, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	take(list, xvasprintf(fmt, ap));
	va_end(ap);
}

void
arglist_join(struct arglist *list, const struct arglist *more)
{
	size_t i;

	for (i = 0; i < more->n; i++)
		arglist_add(list, more->words[i]);
}

bool
arglist_has(const struct arglist *list, const char *option)
{
	size_t i, len = strlen(option);

	for (i = 0; i < list->n; i++)
		if (strncmp(list->words[i], option, len) == 0 &&
		    (list->words[i][len] == '\0' || list->words[i][len] == '='))
			return true;
	return false;
}

/* There may be a password among them. */
void
arglist_cut(struct arglist *list, size_t n)
{
	for (; list->n > n; list->words[list->n] = NULL) {
		char *word = list->words[--list->n];

		explicit_bzero(word, strlen(word));
		free(word);
	}
}

void
arglist_release(struct arglist *list)
{
	arglist_cut(list, 0);
	free(list->words);
	*list = (struct arglist){.n = 0};
}
