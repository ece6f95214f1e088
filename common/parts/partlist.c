/*
 * Lists of parts.
 */
#include "common/parts/partlist.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"

/* The number that begins at ${*at}, which moves behind it; 0: there is none. */
static size_t
take_number(const char **at)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)**at))
		return 0;
	errno = 0;
	n = strtoul(*at, &end, 10);
	*at = end;
	return errno == 0 && n <= PARTPLAN_MAX ? n : 0;
}

/* One word of the list, up to a comma or the end. */
static bool
take_word(struct partlist *list, const char **at)
{
	size_t from = take_number(at), to = from, i;

	if (from > 0 && **at == '-') {
		++*at;
		to = take_number(at);
	}
	if (from == 0 || to < from || (**at != '\0' && **at != ','))
		return false;
	list->numbers = xrealloc(list->numbers,
				 (list->n + to - from + 1) * sizeof(*list->numbers));
	for (i = from; i <= to; i++)
		list->numbers[list->n++] = i;
	return list->n <= PARTPLAN_MAX;
}

static int
ascending(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
partlist_parse(struct partlist *list, const char *text, struct err *e)
{
	const char *at = text;
	size_t i, n = 0;
	bool good = take_word(list, &at);

	while (good && *at == ',') {
		at++;
		good = take_word(list, &at);
	}
	if (!good)
		return err_usage(e, "part",
				 "parts are numbers from 1, like 3,7,9-12, not \"%s\"", text);
	qsort(list->numbers, list->n, sizeof(*list->numbers), ascending);
	for (i = 0; i < list->n; i++)
		if (n == 0 || list->numbers[n - 1] != list->numbers[i])
			list->numbers[n++] = list->numbers[i];
	list->n = n;
	return 0;
}

int
partlist_check(const struct partlist *list, const struct partplan *plan, const char *path,
	       struct err *e)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (partplan_part(plan, path, (int64_t)list->numbers[i], e) == NULL)
			return -1;
	return 0;
}

void
partlist_add(struct partlist *list, size_t number)
{
	list->numbers = xrealloc(list->numbers, (list->n + 1) * sizeof(*list->numbers));
	list->numbers[list->n++] = number;
}

void
partlist_drop(struct partlist *list)
{
	if (--list->n > 0)
		memmove(list->numbers, list->numbers + 1, list->n * sizeof(*list->numbers));
}

void
partlist_text(const struct partlist *list, struct buf *text)
{
	size_t i, last;

	for (i = 0; i < list->n; i = last + 1) {
		for (last = i; last + 1 < list->n; last++)
			if (list->numbers[last + 1] != list->numbers[last] + 1)
				break;
		buf_addf(text, "%s%zu", i > 0 ? "," : "", list->numbers[i]);
		if (last > i)
			buf_addf(text, "-%zu", list->numbers[last]);
	}
}

void
partlist_release(struct partlist *list)
{
	free(list->numbers);
	*list = (struct partlist){.n = 0};
}
