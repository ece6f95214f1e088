/*
 * Names are looked up in a sorted copy, for a file may have very many.
 */
#include "extract/options/choice.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/nearest.h"
#include "common/base/xalloc.h"
#include "common/rows/rowtext.h"
#include "extract/options/options.h"

struct entry {
	const char *name;
	size_t column;
};

/* The columns that there are. */
struct stock {
	char *const *names;
	struct entry *sorted;
	size_t n;
	const char *owner;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int
by_name_and_column(const void *a, const void *b)
{
	int order = by_name(a, b);
	size_t i = ((const struct entry *)a)->column, j = ((const struct entry *)b)->column;

	return order != 0 ? order : (i > j) - (i < j);
}

static int
sort(struct stock *s, struct err *e)
{
	size_t i;

	s->sorted = xcalloc(s->n, sizeof(*s->sorted));
	for (i = 0; i < s->n; i++)
		s->sorted[i] = (struct entry){s->names[i], i};
	qsort(s->sorted, s->n, sizeof(*s->sorted), by_name_and_column);
	for (i = 1; i < s->n; i++)
		if (by_name(&s->sorted[i - 1], &s->sorted[i]) == 0)
			return err_set(e, EXIT_DATA,
				       "columns %zu and %zu are both called \"%s\"",
				       s->sorted[i - 1].column + 1, s->sorted[i].column + 1,
				       s->sorted[i].name);
	return 0;
}

static int
unknown(const struct stock *s, const char *name, struct err *e)
{
	const char *near = nearest_word(name, (const char *const *)s->names, s->n);
	char *typed;

	err_set(e, EXIT_USAGE, "%s has no column \"%s\"", s->owner, name);
	if (near == NULL)
		return -1;
	typed = ident_typed(near);
	err_hint(e, "Perhaps you meant '%s'.", typed);
	free(typed);
	return -1;
}

/* The number of the column called so in ${column}. */
static int
find(const struct stock *s, const char *name, size_t *column, struct err *e)
{
	const struct entry key = {name, 0},
			   *found = bsearch(&key, s->sorted, s->n, sizeof(key), by_name);

	if (found == NULL)
		return unknown(s, name, e);
	*column = found->column;
	return 0;
}

/* The columns that --columns names, or all; ${taken} is zeroed and marks them. */
static int
take(struct choice *c, const struct stock *s, const struct ident_list *wanted, bool *taken,
     struct err *e)
{
	size_t total = wanted->n > 0 ? wanted->n : s->n, column, i;

	for (i = 0; i < total; i++) {
		column = i;
		if (wanted->n > 0 && find(s, wanted->names[i], &column, e) != 0)
			return -1;
		if (wanted->n > 0 && taken[column])
			return err_set(e, EXIT_USAGE, "--columns names \"%s\" twice",
				       wanted->names[i]);
		if (wanted->n == 0 && taken[column]) /* excluded */
			continue;
		taken[column] = true;
		c->columns[c->n++] = column;
	}
	return 0;
}

static int
exclude(const struct stock *s, const struct ident_list *unwanted, bool *taken, struct err *e)
{
	size_t column, i;

	for (i = 0; i < unwanted->n; i++) {
		if (find(s, unwanted->names[i], &column, e) != 0)
			return -1;
		taken[column] = true;
	}
	return 0;
}

int
choice_make(struct choice *c, char *const *names, size_t n, const struct extract_options *o,
	    const char *owner, struct err *e)
{
	struct stock s = {.names = names, .n = n, .owner = owner};
	bool *taken = xcalloc(n, sizeof(*taken));
	int rc = sort(&s, e);

	*c = (struct choice){.columns = xcalloc(n, sizeof(*c->columns))};
	if (rc == 0)
		rc = exclude(&s, &o->rows.exclude_list, taken, e);
	if (rc == 0)
		rc = take(c, &s, &o->rows.column_list, taken, e);
	if (rc == 0 && c->n == 0)
		rc = err_set(e, EXIT_USAGE, "no column is left to be sent");
	free(s.sorted);
	free(taken);
	return rc;
}

size_t *
choice_places(const struct choice *c, size_t n)
{
	size_t *places = xcalloc(n, sizeof(*places)), i;

	for (i = 0; i < n; i++)
		places[i] = ROWTEXT_DROPPED;
	for (i = 0; i < c->n; i++)
		places[c->columns[i]] = i;
	return places;
}

void
choice_release(struct choice *c)
{
	free(c->columns);
	*c = (struct choice){.n = 0};
}
