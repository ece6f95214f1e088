/*
 * The header line: names that can be matched, and the choice that --columns and
 * --exclude-columns make among them.
 */
#include "extract/csv/csvhead.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/schema/schema.h"
#include "common/talk/log.h"
#include "extract/options/choice.h"
#include "extract/csv/csvopts.h"
#include "extract/options/options.h"

static int
nameless(const struct csvhead *h, struct err *e)
{
	err_set(e, EXIT_DATA, "column %zu has no name in the header line", h->names.n + 1);
	return err_hint(e, "If the file has no header line, give the names with --columns.");
}

int
csvhead_add(struct csvhead *h, const char *name, size_t len, struct err *e)
{
	if (h->open)
		return nameless(h, e);
	h->open = len == 0 && h->names.n > 0;
	if (h->open)
		return 0;
	if (len == 0)
		return nameless(h, e);
	if (h->names.n == SCHEMA_COLUMNS_MAX)
		return err_set(e, EXIT_DATA, "more than the %d columns that a stream can have",
			       SCHEMA_COLUMNS_MAX);
	h->names.names = xrealloc(h->names.names, (h->names.n + 1) * sizeof(char *));
	h->names.names[h->names.n++] = xstrndup(name, len);
	return 0;
}

/*
 * One column whose name has another usual delimiter in it: likely they are several.  Returns
 * that, as --delimiter takes it, or NULL.
 */
static const char *
likely_delimiter(const struct csvhead *h, char delimiter)
{
	static const char *const words[] = {";", "\\t", "|"};
	const char *at = h->names.n == 1 ? strpbrk(h->names.names[0], ";\t|") : NULL;

	if (at == NULL || delimiter != ',')
		return NULL;
	return words[*at == ';' ? 0 : *at == '\t' ? 1 : 2];
}

static void
doubt_delimiter(const struct csvhead *h, char delimiter)
{
	const char *likely = likely_delimiter(h, delimiter);

	if (likely != NULL)
		log_fact("the file has a single column, called \"%s\"; if it is several, say "
			 "--delimiter='%s'",
			 h->names.names[0], likely);
}

void
csvhead_explain(const struct csvhead *h, char delimiter, struct err *e)
{
	const char *likely = likely_delimiter(h, delimiter);

	if (likely != NULL)
		err_hint(e,
			 "The file has a single column, called \"%s\"; if it is several, say "
			 "--delimiter='%s'.",
			 h->names.names[0], likely);
}

bool
csvhead_separator(struct csvhead *h, char *delimiter)
{
	const char *line = h->names.n == 1 ? h->names.names[0] : "";
	size_t len = strlen(line);

	if (strncasecmp(line, "sep=", 4) != 0 || len != (h->open ? 4 : 5))
		return false;
	if (!h->open)
		*delimiter = line[4];
	ident_list_release(&h->names);
	h->names = (struct ident_list){.n = 0};
	h->open = false;
	return true;
}

/* The file's columns that --force-null names. */
static int
mark_forced(struct csvhead *h, const struct ident_list *forced, struct err *e)
{
	size_t i, j;

	h->forced = xcalloc(h->names.n, sizeof(*h->forced));
	for (i = 0; i < forced->n; i++) {
		for (j = 0; j < h->names.n && strcmp(h->names.names[j], forced->names[i]) != 0;)
			j++;
		if (j == h->names.n)
			return err_usage(e, "force-null", "the file has no column \"%s\"",
					 forced->names[i]);
		h->forced[j] = true;
	}
	return 0;
}

static int
read_forced(struct csvhead *h, const struct csvopts *own, struct err *e)
{
	struct ident_list forced = {.n = 0};
	int rc = options_names("force-null", &own->force_null, &forced, e);

	if (rc == 0)
		rc = mark_forced(h, &forced, e);
	ident_list_release(&forced);
	return rc;
}

int
csvhead_choose(struct csvhead *h, const struct extract_options *o, struct schema *schema,
	       struct err *e)
{
	const struct csvopts *own = o->own;
	struct choice choice;
	int rc = choice_make(&choice, h->names.names, h->names.n, o, "the file", e);
	size_t i;

	for (i = 0; rc == 0 && i < choice.n; i++)
		schema_add_column(schema, h->names.names[choice.columns[i]], "text", NULL);
	if (rc == 0)
		h->place = choice_places(&choice, h->names.n);
	else if (e->code == EXIT_DATA)
		err_hint(e, "Columns are matched by name: correct the header line, or take it "
			    "away (`tail -n +2`) and give names with --columns.");
	choice_release(&choice);
	if (rc != 0)
		return rc;
	doubt_delimiter(h, own->format.delimiter);
	return read_forced(h, own, e);
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
	free(h->forced);
}
