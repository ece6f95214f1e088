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
#include "extract/choice.h"
#include "extract/csv/csvopts.h"
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
	if (rc == 0)
		doubt_delimiter(h, ((const struct csvopts *)o->own)->format.delimiter);
	return rc;
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
