/*
 * The context is words, and a column's name may be any of them.
 */
#include "load/route/copied.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "load/match/plan.h"
#include "load/route/copycontext.h"
#include "load/route/route.h"

/* Is the name a word of the text, or several? */
static bool
has_name(const char *text, size_t len, const char *name)
{
	size_t size = strlen(name), i;

	for (i = 1; i + size <= len; i++)
		if (text[i - 1] == ' ' && memcmp(text + i, name, size) == 0 &&
		    (i + size == len || strchr(" ,", text[i + size]) != NULL))
			return true;
	return false;
}

/* The column that is named behind the row's number, or NULL. */
static const char *
find_column(const struct plan *p, const struct copycontext *at)
{
	const char *found = NULL, *name;
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		name = p->columns[i].target;
		if (name != NULL && has_name(at->rest, at->len, name) &&
		    (found == NULL || strlen(name) > strlen(found)))
			found = name;
	}
	return found;
}

bool
copied_where(const struct route *r, struct err *e, uint64_t *line, char **column, bool *sure)
{
	static const char english[] = ", column ";
	const size_t len = sizeof(english) - 1;
	struct copycontext at;

	if (!copycontext_read(e->context, plan_into(r->plan)->name, &at))
		return false;
	*line = at.line;
	*sure = at.sure;
	*column = strncmp(at.rest, english, len) == 0 ? xstrndup(at.rest + len, at.len - len)
						      : xstrdup_null(find_column(r->plan, &at));
	free(e->context);
	e->context = NULL;
	return true;
}
