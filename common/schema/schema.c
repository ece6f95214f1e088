/*
 * The header document, to and from JSON.
 */
#include "common/schema/schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"

struct schema *
schema_new(void)
{
	struct schema *s = xcalloc(1, sizeof(*s));

	s->rows_estimate = -1;
	s->types = json_object();
	return s;
}

struct schema_column *
schema_add_column(struct schema *s, const char *name, const char *type, const char *base)
{
	struct schema_column *c;

	s->columns = xrealloc(s->columns, (s->ncolumns + 1) * sizeof(*s->columns));
	c = &s->columns[s->ncolumns++];
	*c = (struct schema_column){.name = xstrdup(name),
				    .type = xstrdup(type),
				    .base = xstrdup(base != NULL ? base : type)};
	return c;
}

void
schema_add_key(struct schema *s, const char *name)
{
	s->primary_key = xrealloc(s->primary_key,
				  (s->nprimary_key + 1) * sizeof(*s->primary_key));
	s->primary_key[s->nprimary_key++] = xstrdup(name);
}

int
schema_find(const struct schema *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		if (strcmp(s->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

static json_t *
column_to_json(const struct schema_column *c)
{
	json_t *o = json_pack("{s:s, s:s}", "name", c->name, "type", c->type);

	if (strcmp(c->type, c->base) != 0)
		json_object_set_new(o, "base", json_string(c->base));
	if (c->collation != NULL)
		json_object_set_new(o, "collation", json_string(c->collation));
	if (c->not_null)
		json_object_set_new(o, "not_null", json_true());
	if (c->generated)
		json_object_set_new(o, "generated", json_true());
	return o;
}

static json_t *
relation_to_json(const struct schema *s)
{
	if (s->rel_name == NULL)
		return json_null();
	return json_pack("{s:s?, s:s}", "schema", s->rel_schema, "name", s->rel_name);
}

json_t *
schema_to_json(const struct schema *s)
{
	json_t *doc = json_object(), *columns = json_array(), *key = json_array();
	int bad = 0; /* names that are not valid UTF-8 make no JSON */
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		bad |= json_array_append_new(columns, column_to_json(&s->columns[i]));
	for (i = 0; i < s->nprimary_key; i++)
		bad |= json_array_append_new(key, json_string(s->primary_key[i]));
	json_object_set_new(doc, "version", json_integer(SCHEMA_VERSION));
	json_object_set_new(doc, "producer", json_string(s->producer ? s->producer : ""));
	json_object_set_new(doc, "run", json_string(s->run ? s->run : ""));
	bad |= json_object_set_new(doc, "relation", relation_to_json(s));
	json_object_set_new(doc, "values",
			    json_string(s->values == SCHEMA_TEXT ? "text" : "binary"));
	json_object_set_new(doc, "columns", columns);
	json_object_set(doc, "types", s->types);
	json_object_set_new(doc, "primary_key", key);
	json_object_set_new(doc, "encoding", json_string("UTF8"));
	json_object_set_new(doc, "rows_estimate",
			    s->rows_estimate < 0 ? json_null()
						 : json_integer(s->rows_estimate));
	json_object_set_new(doc, "server_version", json_integer(s->server_version));
	if (s->backend != NULL)
		json_object_set_new(doc, "backend", json_string(s->backend));
	json_object_set_new(doc, "dry_run", json_boolean(s->dry_run));
	if (s->bare)
		json_object_set_new(doc, "bare", json_true());
	if (bad == 0)
		return doc;
	json_decref(doc);
	return NULL;
}

static int
bad_header(struct err *e, const char *what)
{
	return err_set(e, EXIT_STREAM, "the stream's header document is damaged: %s", what);
}

static char *
string_or_null(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? xstrdup(s) : NULL;
}

/*
 * --create makes SQL of types and collations.  A name parsed by itself may still
 * hold a comment that swallows what stands behind it there, so nothing passes but
 * what format_type() and quote_ident() write: quoted names, words, numbers, and
 * what parts them.
 */
static bool
is_name(const char *text)
{
	bool quoted = false;
	const char *p;

	for (p = text; *p != '\0'; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (!quoted &&
			 ((!isalnum((unsigned char)*p) && strchr("_.,-()[] ", *p) == NULL) ||
			  (p[0] == '-' && p[1] == '-')))
			return false;
	}
	return !quoted;
}

static int
check_names(const struct schema_column *c, struct err *e)
{
	if (is_name(c->type) && is_name(c->base) &&
	    (c->collation == NULL || is_name(c->collation)))
		return 0;
	return err_set(e, EXIT_STREAM,
		       "the stream's header document is damaged: the type or collation of "
		       "column \"%s\" is not just a name",
		       c->name);
}

static int
read_columns(struct schema *s, const json_t *columns, struct err *e)
{
	size_t i;

	if (!json_is_array(columns))
		return bad_header(e, "no columns");
	if (json_array_size(columns) > SCHEMA_COLUMNS_MAX)
		return bad_header(e, "too many columns");
	for (i = 0; i < json_array_size(columns); i++) {
		const json_t *o = json_array_get(columns, i);
		const char *name = json_string_value(json_object_get(o, "name"));
		const char *type = json_string_value(json_object_get(o, "type"));
		struct schema_column *c;

		if (name == NULL || type == NULL)
			return bad_header(e, "a column without name or type");
		if (schema_find(s, name) >= 0)
			return err_set(e, EXIT_STREAM,
				       "the stream has two columns called \"%s\"", name);
		c = schema_add_column(s, name, type,
				      json_string_value(json_object_get(o, "base")));
		c->collation = string_or_null(o, "collation");
		c->not_null = json_is_true(json_object_get(o, "not_null"));
		c->generated = json_is_true(json_object_get(o, "generated"));
		if (check_names(c, e) != 0)
			return -1;
	}
	return 0;
}

static int
read_key(struct schema *s, const json_t *key, struct err *e)
{
	size_t i;

	for (i = 0; i < json_array_size(key); i++) {
		const char *name = json_string_value(json_array_get(key, i));

		if (name == NULL)
			return bad_header(e, "primary_key is not a list of names");
		schema_add_key(s, name);
	}
	return 0;
}

static int
read_values(struct schema *s, const json_t *doc, struct err *e)
{
	const char *values = json_string_value(json_object_get(doc, "values"));
	const char *encoding = json_string_value(json_object_get(doc, "encoding"));

	if (values == NULL || strcmp(values, "binary") == 0)
		s->values = SCHEMA_BINARY;
	else if (strcmp(values, "text") == 0)
		s->values = SCHEMA_TEXT;
	else
		return bad_header(e, "\"values\" is neither \"binary\" nor \"text\"");
	if (encoding != NULL && strcmp(encoding, "UTF8") != 0)
		return err_set(e, EXIT_STREAM, "the stream's encoding is %s, not UTF8",
			       encoding);
	return 0;
}

static int
fill(struct schema *s, json_t *doc, struct err *e)
{
	const json_t *version = json_object_get(doc, "version");
	const json_t *relation = json_object_get(doc, "relation");
	const json_t *estimate = json_object_get(doc, "rows_estimate");
	json_t *types = json_object_get(doc, "types");

	if (json_is_true(json_object_get(doc, "end"))) {
		err_set(e, EXIT_STREAM, "the stream begins with its end line");
		err_hint(e, "Its lines are not in the order in which they were written; "
			    "sort or tac may stand only behind --bare.");
		return -1;
	}
	if (!json_is_integer(version))
		return bad_header(e, "no version");
	if (json_integer_value(version) != SCHEMA_VERSION)
		return err_set(e, EXIT_STREAM,
			       "the stream has version %lld, this program reads version %d",
			       (long long)json_integer_value(version), SCHEMA_VERSION);
	if (read_values(s, doc, e) != 0 ||
	    read_columns(s, json_object_get(doc, "columns"), e) != 0 ||
	    read_key(s, json_object_get(doc, "primary_key"), e) != 0)
		return -1;
	if (types != NULL && !json_is_object(types))
		return bad_header(e, "\"types\" is not an object");
	if (types != NULL) {
		json_decref(s->types);
		s->types = json_incref(types);
	}
	s->producer = string_or_null(doc, "producer");
	s->run = string_or_null(doc, "run");
	s->rel_schema = string_or_null(relation, "schema");
	s->rel_name = string_or_null(relation, "name");
	if (json_is_integer(estimate))
		s->rows_estimate = json_integer_value(estimate);
	s->server_version = (int)json_integer_value(json_object_get(doc, "server_version"));
	s->backend = string_or_null(doc, "backend");
	s->dry_run = json_is_true(json_object_get(doc, "dry_run"));
	s->bare = json_is_true(json_object_get(doc, "bare"));
	return 0;
}

struct schema *
schema_from_json(json_t *doc, struct err *e)
{
	struct schema *s = schema_new();

	if (fill(s, doc, e) == 0)
		return s;
	schema_free(s);
	return NULL;
}

void
schema_free(struct schema *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->ncolumns; i++) {
		free(s->columns[i].name);
		free(s->columns[i].type);
		free(s->columns[i].base);
		free(s->columns[i].collation);
	}
	for (i = 0; i < s->nprimary_key; i++)
		free(s->primary_key[i]);
	free(s->primary_key);
	free(s->columns);
	free(s->producer);
	free(s->run);
	free(s->backend);
	free(s->rel_schema);
	free(s->rel_name);
	json_decref(s->types);
	free(s);
}
