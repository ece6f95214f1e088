/*
 * A schema, to and from the header document's members.  A header is whatever somebody
 * sent: nothing of it is believed before it is read here.
 */
#include "common/schema/schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/jsontext.h"
#include "common/base/xalloc.h"

void
schema_init(struct schema *s)
{
	*s = (struct schema){.types = json_object()};
}

size_t
schema_room(size_t ncolumns)
{
	size_t room = ncolumns > 0 ? 1 : 0;

	while (room < ncolumns)
		room *= 2;
	return room;
}

struct schema_column *
schema_add_column(struct schema *s, const char *name, const char *type, const char *base)
{
	struct schema_column *c;

	if (s->ncolumns == schema_room(s->ncolumns))
		s->columns = xrealloc(s->columns, schema_room(s->ncolumns + 1) * sizeof(*c));
	c = &s->columns[s->ncolumns++];
	*c = (struct schema_column){.name = intern(name),
				    .type = intern(type),
				    .base = intern(base != NULL ? base : type)};
	nameindex_add(&s->names, c->name);
	return c;
}

void
schema_add_key(struct schema *s, const char *name)
{
	s->primary_key = xrealloc(s->primary_key,
				  (s->nprimary_key + 1) * sizeof(*s->primary_key));
	s->primary_key[s->nprimary_key++] = intern(name);
}

void
schema_copy(struct schema *s, const struct schema *from)
{
	size_t i;

	*s = (struct schema){.types = json_copy(from->types)};
	relname_set(&s->relation, from->relation.schema, from->relation.name);
	for (i = 0; i < from->ncolumns; i++) {
		const struct schema_column *c = &from->columns[i];
		struct schema_column *copy = schema_add_column(s, c->name, c->type, c->base);

		copy->collation = c->collation;
		copy->not_null = c->not_null;
		copy->generated = c->generated;
		copy->inferred = c->inferred;
	}
	for (i = 0; i < from->nprimary_key; i++)
		schema_add_key(s, from->primary_key[i]);
	for (i = 0; i < from->beside.n; i++)
		ident_list_add(&s->beside, from->beside.names[i]);
}

int
schema_find(const struct schema *s, const char *name)
{
	return nameindex_find(&s->names, name);
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
relation_to_json(const struct relname *r)
{
	return r->name == NULL ? json_null()
			       : json_pack("{s:s?, s:s}", "schema", r->schema, "name", r->name);
}

int
schema_put_json(const struct schema *s, json_t *doc)
{
	json_t *columns = json_array(), *key = json_array();
	int bad = json_object_set_new(doc, "relation", relation_to_json(&s->relation));
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		bad |= json_array_append_new(columns, column_to_json(&s->columns[i]));
	for (i = 0; i < s->nprimary_key; i++)
		bad |= json_array_append_new(key, json_string(s->primary_key[i]));
	bad |= json_object_set_new(doc, "columns", columns);
	bad |= json_object_set(doc, "types", s->types);
	bad |= json_object_set_new(doc, "primary_key", key);
	return bad;
}

json_t *
schema_names_json(const struct schema *s)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		json_array_append_new(list, json_pack("{s:o, s:o}", "name",
						      jsontext(s->columns[i].name), "type",
						      jsontext(s->columns[i].type)));
	return list;
}

int
schema_damaged(struct err *e, const char *what)
{
	return err_set(e, EXIT_STREAM, "the stream's header document is damaged: %s", what);
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
		return schema_damaged(e, "no columns");
	if (json_array_size(columns) > SCHEMA_COLUMNS_MAX)
		return schema_damaged(e, "too many columns");
	for (i = 0; i < json_array_size(columns); i++) {
		const json_t *o = json_array_get(columns, i);
		const char *name = json_string_value(json_object_get(o, "name"));
		const char *type = json_string_value(json_object_get(o, "type"));
		struct schema_column *c;

		if (name == NULL || type == NULL)
			return schema_damaged(e, "a column without name or type");
		if (schema_find(s, name) >= 0)
			return err_set(e, EXIT_STREAM,
				       "the stream has two columns called \"%s\"", name);
		c = schema_add_column(s, name, type,
				      json_string_value(json_object_get(o, "base")));
		c->collation = intern_null(json_string_value(json_object_get(o, "collation")));
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

	if (json_array_size(key) > SCHEMA_COLUMNS_MAX)
		return schema_damaged(e, "too many columns in primary_key");
	for (i = 0; i < json_array_size(key); i++) {
		const char *name = json_string_value(json_array_get(key, i));

		if (name == NULL)
			return schema_damaged(e, "primary_key is not a list of names");
		schema_add_key(s, name);
	}
	return 0;
}

int
schema_take_json(struct schema *s, const json_t *doc, struct err *e)
{
	const json_t *relation = json_object_get(doc, "relation");
	json_t *types = json_object_get(doc, "types");

	if (read_columns(s, json_object_get(doc, "columns"), e) != 0 ||
	    read_key(s, json_object_get(doc, "primary_key"), e) != 0)
		return -1;
	if (types != NULL && !json_is_object(types))
		return schema_damaged(e, "\"types\" is not an object");
	if (types != NULL) {
		json_decref(s->types);
		s->types = json_incref(types);
	}
	relname_set(&s->relation, json_string_value(json_object_get(relation, "schema")),
		    json_string_value(json_object_get(relation, "name")));
	return 0;
}

void
schema_release(struct schema *s)
{
	free(s->primary_key);
	free(s->columns);
	nameindex_release(&s->names);
	ident_list_release(&s->beside);
	json_decref(s->types);
}
