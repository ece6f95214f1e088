/*
 * The facts of a stream for the log.
 */
#include "common/schema/schema_log.h"

#include <stdlib.h>

#include "common/base/jsontext.h"
#include "common/base/xalloc.h"
#include "common/schema/schema.h"
#include "common/talk/log.h"

static json_t *
columns_json(const struct schema *s)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		json_array_append_new(list, json_pack("{s:o, s:o}", "name",
						      jsontext(s->columns[i].name), "type",
						      jsontext(s->columns[i].type)));
	return list;
}

static json_t *
facts(const struct schema *s, const char *relation)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "producer", jsontext(s->producer));
	json_object_set_new(doc, "relation", jsontext(relation));
	json_object_set_new(doc, "columns", columns_json(s));
	json_object_set_new(doc, "values",
			    json_string(s->values == SCHEMA_TEXT ? "text" : "binary"));
	json_object_set_new(doc, "rows_estimate",
			    s->rows_estimate >= 0 ? json_integer(s->rows_estimate)
						  : json_null());
	json_object_set_new(doc, "bare", json_boolean(s->bare));
	json_object_set_new(doc, "dry_run", json_boolean(s->dry_run));
	return doc;
}

void
schema_log(const struct schema *s, const char *doing)
{
	char *relation = NULL;

	if (s->rel_name != NULL)
		relation = xasprintf("%s.%s", s->rel_schema != NULL ? s->rel_schema : "",
				     s->rel_name);
	log_record("stream", facts(s, relation), "%s the rows of %s, %zu columns", doing,
		   relation != NULL ? relation : "a query", s->ncolumns);
	free(relation);
}
