/*
 * From a type's name, and what the header says of it, to a tree of decoders.
 */
#include "load/value/pgvalue.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "load/value/pgvalue_parts.h"

#define DEPTH_MAX 32    /* types inside types; a damaged document may be a circle */
#define PARTS_MAX 10000 /* of one type in all; a few documents can ask for 2^32 */

/* Bytes to which quotes inside quotes may bring a text: so many, and so many for each byte. */
#define QUOTED_MIN ((size_t)1024 * 1024)
#define QUOTED_GROWTH 16

/* What a type is made from, and how far that has gone. */
struct making {
	const json_t *types;
	int depth;
	int parts;
};

static void
put_scalar(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out)
{
	v->scalar(b, out);
}

/* Types of pg_catalog with parts; the header does not describe what is the same everywhere. */
static const struct {
	const char *name, *part;
	void (*put)(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out);
} known_containers[] = {
	{"int4range", "integer", pgvalue_nested_range},
	{"int8range", "bigint", pgvalue_nested_range},
	{"numrange", "numeric", pgvalue_nested_range},
	{"tsrange", "timestamp without time zone", pgvalue_nested_range},
	{"tstzrange", "timestamp with time zone", pgvalue_nested_range},
	{"daterange", "date", pgvalue_nested_range},
	{"int4multirange", "int4range", pgvalue_nested_multirange},
	{"int8multirange", "int8range", pgvalue_nested_multirange},
	{"nummultirange", "numrange", pgvalue_nested_multirange},
	{"tsmultirange", "tsrange", pgvalue_nested_multirange},
	{"tstzmultirange", "tstzrange", pgvalue_nested_multirange},
	{"datemultirange", "daterange", pgvalue_nested_multirange},
	{"int2vector", "smallint", pgvalue_nested_vector},
	{"oidvector", "oid", pgvalue_nested_vector},
};

static struct pgvalue *make(struct making *m, const char *base);

static struct pgvalue *
make_scalar(const char *name)
{
	static const struct pgvalue_scalar *const tables[] = {
		pgvalue_basic_types, pgvalue_time_types, pgvalue_misc_types};
	const struct pgvalue_scalar *s;
	struct pgvalue *v;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (s = tables[i]; s->name != NULL; s++) {
			if (strcmp(s->name, name) != 0)
				continue;
			v = xcalloc(1, sizeof(*v));
			v->put = put_scalar;
			v->scalar = s->put;
			v->delimiter = strcmp(name, "box") == 0 ? ';' : ',';
			return v;
		}
	return NULL;
}

static int
add_part(struct making *m, struct pgvalue *v, const char *type)
{
	struct pgvalue *part = type != NULL ? make(m, type) : NULL;

	if (part == NULL)
		return -1;
	v->parts = xrealloc(v->parts, (v->nparts + 1) * sizeof(struct pgvalue *));
	v->parts[v->nparts++] = part;
	return 0;
}

static struct pgvalue *
make_container(struct making *m,
	       void (*put)(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out),
	       const char *part)
{
	struct pgvalue *v = xcalloc(1, sizeof(*v));

	v->put = put;
	v->delimiter = ',';
	if (add_part(m, v, part) == 0)
		return v;
	pgvalue_free(v);
	return NULL;
}

static struct pgvalue *
make_composite(struct making *m, const json_t *attributes)
{
	struct pgvalue *v = xcalloc(1, sizeof(*v));
	size_t i;

	v->put = pgvalue_nested_composite;
	v->delimiter = ',';
	for (i = 0; i < json_array_size(attributes); i++) {
		const json_t *pair = json_array_get(attributes, i);

		if (add_part(m, v, json_string_value(json_array_get(pair, 1))) == 0)
			continue;
		pgvalue_free(v);
		return NULL;
	}
	return v;
}

/* Base types of extensions that everybody has; their schema may be any. */
static struct pgvalue *
make_extension(const char *base, const char *extension)
{
	const char *dot = strrchr(base, '.'), *name = dot != NULL ? dot + 1 : base;
	struct making known = {.types = NULL};

	if (strcmp(extension, "citext") == 0 && strcmp(name, "citext") == 0)
		return make_scalar("text");
	if (strcmp(extension, "ltree") == 0 &&
	    (strcmp(name, "ltree") == 0 || strcmp(name, "lquery") == 0 ||
	     strcmp(name, "ltxtquery") == 0))
		return make_scalar("jsonpath"); /* a version and text, all the same */
	if (strcmp(extension, "hstore") == 0 && strcmp(name, "hstore") == 0)
		return make_container(&known, pgvalue_nested_hstore, "text");
	return NULL;
}

/* A type outside pg_catalog, by its document. */
static struct pgvalue *
make_described(struct making *m, const char *base, const json_t *doc)
{
	static const struct {
		const char *kind, *member;
		void (*put)(const struct pgvalue *v, struct pgvalue_bytes *b, struct buf *out);
	} containers[] = {
		{"array", "element", pgvalue_nested_array},
		{"range", "subtype", pgvalue_nested_range},
		{"multirange", "range", pgvalue_nested_multirange},
	};
	const char *kind = json_string_value(json_object_get(doc, "kind"));
	const char *extension = json_string_value(json_object_get(doc, "extension"));
	const char *delimiter = json_string_value(json_object_get(doc, "delimiter"));
	struct pgvalue *v;
	size_t i;

	if (kind == NULL)
		return NULL;
	if (strcmp(kind, "enum") == 0)
		return make_scalar("text"); /* the label */
	if (strcmp(kind, "domain") == 0) {
		const char *of = json_string_value(json_object_get(doc, "base"));

		return of != NULL ? make(m, of) : NULL;
	}
	if (strcmp(kind, "composite") == 0)
		return make_composite(m, json_object_get(doc, "attributes"));
	for (i = 0; i < sizeof(containers) / sizeof(containers[0]); i++) {
		if (strcmp(kind, containers[i].kind) != 0)
			continue;
		v = make_container(
			m, containers[i].put,
			json_string_value(json_object_get(doc, containers[i].member)));
		if (v != NULL && delimiter != NULL)
			v->parts[0]->delimiter = delimiter[0];
		return v;
	}
	return extension != NULL ? make_extension(base, extension) : NULL;
}

static struct pgvalue *
make_any(struct making *m, const char *base)
{
	const json_t *doc = json_object_get(m->types, base);
	size_t len = strlen(base), i;
	struct pgvalue *v;

	if (doc != NULL)
		return make_described(m, base, doc);
	if (len > 2 && strcmp(base + len - 2, "[]") == 0) {
		char *element = xstrndup(base, len - 2);

		v = make_container(m, pgvalue_nested_array, element);
		free(element);
		return v;
	}
	for (i = 0; i < sizeof(known_containers) / sizeof(known_containers[0]); i++)
		if (strcmp(known_containers[i].name, base) == 0)
			return make_container(m, known_containers[i].put,
					      known_containers[i].part);
	return make_scalar(base);
}

static struct pgvalue *
make(struct making *m, const char *base)
{
	struct pgvalue *v;

	if (m->depth > DEPTH_MAX || m->parts >= PARTS_MAX)
		return NULL;
	m->parts++;
	m->depth++;
	v = make_any(m, base);
	m->depth--;
	return v;
}

struct pgvalue *
pgvalue_new(const char *base, const json_t *types)
{
	struct making m = {.types = types};

	return make(&m, base);
}

int
pgvalue_text(const struct pgvalue *v, const char *data, size_t len, struct buf *out)
{
	struct pgvalue_bytes b = {
		.p = data, .left = len, .room = QUOTED_MIN + QUOTED_GROWTH * len};

	v->put(v, &b, out);
	return b.bad || b.left > 0 ? -1 : 0;
}

void
pgvalue_free(struct pgvalue *v)
{
	size_t i;

	if (v == NULL)
		return;
	for (i = 0; i < v->nparts; i++)
		pgvalue_free(v->parts[i]);
	free(v->parts);
	free(v);
}
