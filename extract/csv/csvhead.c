/*
 * The header line: names that can be matched, and the choice that --columns and
 * --exclude-columns make among them.
 */
#include "extract/csv/csvhead.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/cli/cli.h"
#include "common/schema/schema.h"
#include "common/talk/log.h"
#include "extract/options.h"

int
csvhead_add(struct csvhead *h, const char *name, size_t len, struct err *e)
{
	if (len == 0 || name == NULL) {
		err_set(e, EXIT_DATA, "column %zu has no name in the header line",
			h->names.n + 1);
		return err_hint(e, "If the file has no header line, give the names with "
				   "--columns.");
	}
	if (h->names.n == SCHEMA_COLUMNS_MAX)
		return err_set(e, EXIT_DATA, "more than the %d columns that a stream can have",
			       SCHEMA_COLUMNS_MAX);
	h->names.names = xrealloc(h->names.names, (h->names.n + 1) * sizeof(char *));
	h->names.names[h->names.n++] = xstrndup(name, len);
	return 0;
}

static int
check_duplicates(const struct csvhead *h, struct err *e)
{
	size_t i, j;

	for (i = 0; i < h->names.n; i++)
		for (j = 0; j < i; j++) {
			if (strcmp(h->names.names[i], h->names.names[j]) != 0)
				continue;
			err_set(e, EXIT_DATA, "columns %zu and %zu are both called \"%s\"",
				j + 1, i + 1, h->names.names[i]);
			return err_hint(e, "Columns are matched by name: correct the header "
					   "line, or take it away (`tail -n +2`) and give "
					   "names with --columns.");
		}
	return 0;
}

/* The place of a name in the file, or CSVHEAD_DROPPED. */
static size_t
find(const struct csvhead *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->names.n; i++)
		if (strcmp(h->names.names[i], name) == 0)
			return i;
	return CSVHEAD_DROPPED;
}

static int
unknown_column(const struct csvhead *h, const char *name, struct err *e)
{
	const char *const *words = (const char *const *)h->names.names;
	const char *near = NULL;
	size_t i;

	for (i = 0; i < h->names.n && near == NULL; i++)
		if (strcasecmp(words[i], name) == 0)
			near = words[i];
	if (near == NULL)
		near = cli_nearest(name, words, h->names.n);
	err_set(e, EXIT_USAGE, "the file has no column \"%s\"", name);
	if (near != NULL)
		err_hint(e, "Perhaps you meant '\"%s\"': names in a file are exact.", near);
	return -1;
}

/* Send column ${name} next. */
static int
place(struct csvhead *h, const char *name, struct schema *schema, struct err *e)
{
	size_t at = find(h, name), i;

	if (at == CSVHEAD_DROPPED)
		return unknown_column(h, name, e);
	if (h->place[at] != CSVHEAD_DROPPED)
		return err_set(e, EXIT_USAGE, "--columns names \"%s\" twice", name);
	for (i = at + 1; i < h->names.n; i++)
		h->reordered = h->reordered || h->place[i] != CSVHEAD_DROPPED;
	h->place[at] = schema->ncolumns;
	schema_add_column(schema, name, "text", NULL);
	return 0;
}

/* One column whose name has another usual delimiter in it: likely they are several. */
static void
doubt_delimiter(const struct csvhead *h, char delimiter)
{
	const char *at = h->names.n == 1 ? strpbrk(h->names.names[0], ";\t|") : NULL;
	const char c = at != NULL ? *at : '\0';

	if (c == '\0' || delimiter != ',')
		return;
	log_warning("the file has a single column, called \"%s\"; if it is several, say "
		    "--delimiter='%.*s'",
		    h->names.names[0], c == '\t' ? 2 : 1, c == '\t' ? "\\t" : at);
}

int
csvhead_choose(struct csvhead *h, const struct extract_options *o, struct schema *schema,
	       struct err *e)
{
	const struct ident_list *want = o->column_list.n > 0 ? &o->column_list : &h->names;
	size_t i;

	if (check_duplicates(h, e) != 0)
		return -1;
	doubt_delimiter(h, o->csv_format.delimiter);
	for (i = 0; i < o->exclude_list.n; i++)
		if (find(h, o->exclude_list.names[i]) == CSVHEAD_DROPPED)
			return unknown_column(h, o->exclude_list.names[i], e);
	h->place = xcalloc(h->names.n, sizeof(*h->place));
	for (i = 0; i < h->names.n; i++)
		h->place[i] = CSVHEAD_DROPPED;
	for (i = 0; i < want->n; i++)
		if (!ident_list_has(&o->exclude_list, want->names[i]) &&
		    place(h, want->names[i], schema, e) != 0)
			return -1;
	if (schema->ncolumns == 0)
		return err_set(e, EXIT_USAGE, "no column is left to be sent");
	return 0;
}

bool
csvhead_has(const struct csvhead *h, const char *value, size_t len)
{
	size_t i;

	for (i = 0; value != NULL && i < h->names.n; i++)
		if (strlen(h->names.names[i]) == len &&
		    strncasecmp(h->names.names[i], value, len) == 0)
			return true;
	return false;
}

void
csvhead_release(struct csvhead *h)
{
	ident_list_release(&h->names);
	free(h->place);
}
