/*
 * Type documents: what they say of a type, and whether two of them mean the same.
 */
#include "common/schema/typedocs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/schema/exttype.h"

void
typedocs_release(struct typedocs *docs)
{
	json_decref(docs->types);
	free(docs->text_only);
	free(docs->search_path);
	free(docs->refused);
	*docs = (struct typedocs){.types = NULL};
}

#define DEPTH_MAX 32 /* types inside types; a damaged document may be a circle */

const char *
typedocs_kind(const json_t *types, const char *base)
{
	const char *kind =
		json_string_value(json_object_get(json_object_get(types, base), "kind"));

	return kind != NULL ? kind : "";
}

/* What domains stand on at last; ${*type} is that with its modifiers. */
static const char *
unwrap(const json_t *types, const char *base, const char **type)
{
	int depth;

	for (depth = 0; depth < DEPTH_MAX && strcmp(typedocs_kind(types, base), "domain") == 0;
	     depth++) {
		const json_t *doc = json_object_get(types, base);
		const char *on = json_string_value(json_object_get(doc, "base"));

		if (on == NULL)
			break;
		base = on;
		*type = json_string_value(json_object_get(doc, "type"));
		if (*type == NULL)
			*type = base;
	}
	return base;
}

const char *
typedocs_unwrap(const json_t *types, const char *base)
{
	const char *type = base;

	return unwrap(types, base, &type);
}

const char *
typedocs_modified(const json_t *types, const char *base, const char *type)
{
	unwrap(types, base, &type);
	return type;
}

/* text and varchar read each other's bytes and check lengths by themselves. */
static const char *
family(const char *base)
{
	return strcmp(base, "character varying") == 0 ? "text" : base;
}

static int
same_label_set(const json_t *a, const json_t *b)
{
	size_t i, j;

	if (json_array_size(a) != json_array_size(b))
		return 0;
	for (i = 0; i < json_array_size(a); i++) {
		for (j = 0; j < json_array_size(b); j++)
			if (json_equal(json_array_get(a, i), json_array_get(b, j)))
				break;
		if (j == json_array_size(b))
			return 0;
	}
	return 1;
}

static char *
differ(const char *type, const char *what, const json_t *a, const json_t *b)
{
	char *here = json_dumps(a, JSON_COMPACT | JSON_ENCODE_ANY);
	char *there = json_dumps(b, JSON_COMPACT | JSON_ENCODE_ANY);
	char *text = xasprintf("type %s has %s %s in the stream but %s here", type, what,
			       here != NULL ? here : "none", there != NULL ? there : "none");

	free(here);
	free(there);
	return text;
}

/* What a container of one other type calls it. */
static const char *const parts[] = {"element", "subtype", "range"};

static char *same_bytes(const json_t *a_types, const char *a, const json_t *b_types,
			const char *b, int depth);

/*
 * A composite's bytes name the type of each attribute by its OID.  PostgreSQL reads another
 * one only in place of a user's (record_recv()), so that a type in pg_catalog, which no
 * document describes, takes neither a domain over it nor one of its family.
 */
static char *
same_attribute(const json_t *a_types, const char *a, const json_t *b_types, const char *b,
	       int depth)
{
	bool users = json_object_get(a_types, a) != NULL && json_object_get(b_types, b) != NULL;

	if (!users && strcmp(a, b) != 0)
		return xasprintf("type %s of the stream is not type %s", a, b);
	return same_bytes(a_types, a, b_types, b, depth);
}

/* ${compare} is same_attribute() or same_fields(). */
static char *
same_attributes(const json_t *a_types, const json_t *a, const json_t *b_types, const json_t *b,
		const char *type, int depth,
		char *(*compare)(const json_t *, const char *, const json_t *, const char *,
				 int))
{
	const json_t *la = json_object_get(a, "attributes");
	const json_t *lb = json_object_get(b, "attributes");
	char *why = NULL;
	size_t i;

	if (json_array_size(la) != json_array_size(lb))
		return differ(type, "the attributes", la, lb);
	for (i = 0; why == NULL && i < json_array_size(la); i++) {
		const json_t *pa = json_array_get(la, i), *pb = json_array_get(lb, i);
		const char *ta = json_string_value(json_array_get(pa, 1));
		const char *tb = json_string_value(json_array_get(pb, 1));

		if (!json_equal(json_array_get(pa, 0), json_array_get(pb, 0)) || ta == NULL ||
		    tb == NULL)
			return differ(type, "the attributes", la, lb);
		why = compare(a_types, ta, b_types, tb, depth + 1);
	}
	return why;
}

/* Both documents are of types with the same name. */
static char *
same_document(const json_t *a_types, const json_t *a, const json_t *b_types, const json_t *b,
	      const char *type, int depth)
{
	const json_t *ka = json_object_get(a, "kind"), *kb = json_object_get(b, "kind");
	const char *kind = json_string_value(ka);
	size_t i;

	if (kind == NULL || !json_equal(ka, kb))
		return differ(type, "the kind", ka, kb);
	if (strcmp(kind, "enum") == 0)
		return same_label_set(json_object_get(a, "labels"),
				      json_object_get(b, "labels"))
			       ? NULL
			       : differ(type, "the labels", json_object_get(a, "labels"),
					json_object_get(b, "labels"));
	if (strcmp(kind, "composite") == 0)
		return same_attributes(a_types, a, b_types, b, type, depth, same_attribute);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *pa = json_string_value(json_object_get(a, parts[i]));
		const char *pb = json_string_value(json_object_get(b, parts[i]));

		if (pa != NULL && pb != NULL)
			return same_bytes(a_types, pa, b_types, pb, depth + 1);
	}
	if (!json_equal(json_object_get(a, "extension"), json_object_get(b, "extension")))
		return differ(type, "the extension", json_object_get(a, "extension"),
			      json_object_get(b, "extension"));
	return NULL;
}

static char *
same_bytes(const json_t *a_types, const char *a, const json_t *b_types, const char *b,
	   int depth)
{
	const json_t *da, *db;
	const char *wa = typedocs_unwrap(a_types, a), *wb = typedocs_unwrap(b_types, b);
	bool same;

	if (depth > DEPTH_MAX)
		return xasprintf("type %s is nested too deeply", a);
	/* The same domain must stand on the same type; other domains are just values. */
	same = exttype_same(a_types, wa, b_types, wb) || strcmp(family(wa), family(wb)) == 0;
	if (!same && strcmp(a, b) == 0)
		return xasprintf("type %s is a domain over %s in the stream but over %s here",
				 a, wa, wb);
	if (!same)
		return xasprintf("type %s of the stream is not type %s", a, b);
	da = json_object_get(a_types, wa);
	db = json_object_get(b_types, wb);
	if (da == NULL && db == NULL)
		return NULL; /* both in pg_catalog */
	if (da == NULL || db == NULL)
		return xasprintf("type %s is not described in the stream", wa);
	return same_document(a_types, da, b_types, db, wa, depth);
}

char *
typedocs_same_bytes(const json_t *a_types, const char *a, const json_t *b_types, const char *b)
{
	return same_bytes(a_types, a, b_types, b, 0);
}

static char *
same_fields(const json_t *a_types, const char *a, const json_t *b_types, const char *b,
	    int depth)
{
	const char *wa = typedocs_unwrap(a_types, a), *wb = typedocs_unwrap(b_types, b);
	const json_t *da = json_object_get(a_types, wa), *db = json_object_get(b_types, wb);
	size_t i;

	if (depth > DEPTH_MAX)
		return xasprintf("type %s is nested too deeply", a);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *pa = json_string_value(json_object_get(da, parts[i]));
		const char *pb = json_string_value(json_object_get(db, parts[i]));

		if (pa != NULL && pb != NULL)
			return same_fields(a_types, pa, b_types, pb, depth + 1);
	}
	if (json_object_get(da, "attributes") == NULL ||
	    json_object_get(db, "attributes") == NULL)
		return NULL;
	return same_attributes(a_types, da, b_types, db, wa, depth, same_fields);
}

char *
typedocs_same_fields(const json_t *a_types, const char *a, const json_t *b_types, const char *b)
{
	return same_fields(a_types, a, b_types, b, 0);
}

static bool
holds_oids(const json_t *types, const char *base, int depth)
{
	const json_t *doc = json_object_get(types, typedocs_unwrap(types, base)), *attributes;
	size_t i;

	if (doc == NULL || depth > DEPTH_MAX)
		return false;
	if (json_object_get(doc, "element") != NULL)
		return true;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *part = json_string_value(json_object_get(doc, parts[i]));

		if (part != NULL)
			return holds_oids(types, part, depth + 1);
	}
	attributes = json_object_get(doc, "attributes");
	for (i = 0; i < json_array_size(attributes); i++)
		if (json_object_get(types, json_string_value(json_array_get(
						   json_array_get(attributes, i), 1))) != NULL)
			return true;
	return false;
}

bool
typedocs_holds_oids(const json_t *types, const char *base)
{
	return holds_oids(types, base, 0);
}

/* ${seen} has the types that have been looked into, for one may be in many. */
static bool
holds(const json_t *types, const char *base, const char *leaf, json_t *seen)
{
	const char *type = base != NULL ? typedocs_unwrap(types, base) : "";
	const json_t *doc = json_object_get(types, type), *attributes;
	size_t i, len = strlen(leaf);

	if (strncmp(type, leaf, len) == 0 &&
	    (type[len] == '\0' || strcmp(type + len, "[]") == 0))
		return true;
	if (doc == NULL || json_object_get(seen, type) != NULL)
		return false;
	json_object_set_new(seen, type, json_true());
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *part = json_string_value(json_object_get(doc, parts[i]));

		if (part != NULL && holds(types, part, leaf, seen))
			return true;
	}
	attributes = json_object_get(doc, "attributes");
	for (i = 0; i < json_array_size(attributes); i++)
		if (holds(types,
			  json_string_value(json_array_get(json_array_get(attributes, i), 1)),
			  leaf, seen))
			return true;
	return false;
}

bool
typedocs_holds(const json_t *types, const char *base, const char *leaf)
{
	json_t *seen = json_object();
	bool found = holds(types, base, leaf, seen);

	json_decref(seen);
	return found;
}
