/*
 * The walk.  Two containers of one kind are taken apart together.  Where only the column's
 * type is one, its parts are read from what the value is as a whole, such as a string, or from
 * what an array of another kind is.  A type in pg_catalog has no document: its name says what
 * it is.
 */
#include "load/match/plan_leaves.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "common/schema/typedocs.h"
#include "load/match/plan_loss.h"

#define DEPTH_MAX 32     /* types inside types; a damaged document may be a circle */
#define PARTS_MAX 100000 /* pairs of types; damaged documents multiply */

enum kind { PLAIN, ARRAY, RANGE, COMPOSITE };

static const struct {
	const char *name, *bounds;
} ranges[] = {
	{"int4range", "integer"},
	{"int4multirange", "integer"},
	{"int8range", "bigint"},
	{"int8multirange", "bigint"},
	{"numrange", "numeric"},
	{"nummultirange", "numeric"},
	{"daterange", "date"},
	{"datemultirange", "date"},
	{"tsrange", "timestamp without time zone"},
	{"tsmultirange", "timestamp without time zone"},
	{"tstzrange", "timestamp with time zone"},
	{"tstzmultirange", "timestamp with time zone"},
};

/* Two parts that have none themselves, domains unwrapped. */
struct leaf {
	struct plan_loss_type from, to;
	bool label;            /* from is an enum */
	bool whole;            /* they are the values themselves */
	const char *attribute; /* the innermost one that they are in, or NULL */
};

struct walk {
	bool (*visit)(const struct leaf *leaf, void *cookie); /* false: enough */
	void *cookie;
	int n;    /* pairs of types so far */
	bool end; /* enough */
};

/* The bounds' type; NULL: it is no range and no multirange. */
static const char *
bounds_of(const json_t *types, const char *base)
{
	const json_t *doc = json_object_get(types, base);
	const char *range = json_string_value(json_object_get(doc, "range"));
	size_t i;

	if (range != NULL) {
		base = range;
		doc = json_object_get(types, base);
	}
	if (doc != NULL)
		return json_string_value(json_object_get(doc, "subtype"));
	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (strcmp(base, ranges[i].name) == 0)
			return ranges[i].bounds;
	return NULL;
}

static bool
has_brackets(const char *type)
{
	size_t len = strlen(type);

	return len > 2 && strcmp(type + len - 2, "[]") == 0;
}

static enum kind
kind_of(const struct plan_leaves_side *t)
{
	const json_t *doc = json_object_get(t->types, t->base);

	if (json_object_get(doc, "element") != NULL || (doc == NULL && has_brackets(t->base)))
		return ARRAY;
	if (json_object_get(doc, "attributes") != NULL)
		return COMPOSITE;
	return bounds_of(t->types, t->base) != NULL ? RANGE : PLAIN;
}

/* "numeric(5,1)[]" without its brackets. */
static const char *
without_brackets(const char *type)
{
	return intern_take(xstrndup(type, strlen(type) - (has_brackets(type) ? 2 : 0)));
}

/* Part ${i} of a type of this kind; false: there are no more. */
static bool
take_part(const struct plan_leaves_side *t, enum kind kind, size_t i,
	  struct plan_leaves_side *part)
{
	const json_t *doc = json_object_get(t->types, t->base), *attribute;

	*part = (struct plan_leaves_side){.types = t->types};
	if (kind == COMPOSITE) {
		attribute = json_array_get(json_object_get(doc, "attributes"), i);
		part->base = json_string_value(json_array_get(attribute, 1));
		part->type = json_string_value(json_array_get(attribute, 2));
	} else if (i == 0 && kind == RANGE) {
		part->base = bounds_of(t->types, t->base);
	} else if (i == 0 && kind == ARRAY) {
		part->base = json_string_value(json_object_get(doc, "element"));
		part->type = without_brackets(t->type);
		if (part->base == NULL)
			part->base = without_brackets(t->base);
	}
	if (part->type == NULL)
		part->type = part->base;
	return part->base != NULL;
}

static const char *
attribute_name(const struct plan_leaves_side *t, size_t i)
{
	const json_t *doc = json_object_get(t->types, t->base);

	return json_string_value(
		json_array_get(json_array_get(json_object_get(doc, "attributes"), i), 0));
}

static struct plan_leaves_side
unwrap(const struct plan_leaves_side *t)
{
	return (struct plan_leaves_side){t->types, typedocs_unwrap(t->types, t->base),
					 typedocs_modified(t->types, t->base, t->type)};
}

static void
visit(struct walk *w, const struct plan_leaves *pair, bool whole, const char *attribute)
{
	struct leaf leaf = {.from = {pair->from.base, pair->from.type},
			    .to = {pair->to.base, pair->to.type},
			    .whole = whole,
			    .attribute = attribute};

	leaf.label = strcmp(typedocs_kind(pair->from.types, pair->from.base), "enum") == 0;
	w->end = !w->visit(&leaf, w->cookie);
}

static void
walk(struct walk *w, const struct plan_leaves *of, int depth, const char *attribute)
{
	struct plan_leaves pair = {unwrap(&of->from), unwrap(&of->to)}, part;
	enum kind from = kind_of(&pair.from), to = kind_of(&pair.to);
	size_t i;

	if (to == PLAIN || depth > DEPTH_MAX) {
		visit(w, &pair, depth == 0, attribute);
		return;
	}
	for (i = 0; !w->end && take_part(&pair.to, to, i, &part.to); i++) {
		const char *name = attribute_name(&pair.to, i);

		if (from != to)
			part.from = pair.from;
		else if (!take_part(&pair.from, from, i, &part.from))
			break; /* another number of attributes, which is no match anyway */
		walk(w, &part, depth + 1, name != NULL ? name : attribute);
		w->end = w->end || ++w->n >= PARTS_MAX;
	}
}

/* ---- visitors ---- */

struct loss {
	bool text, by_text, unknown;
	char *what;
};

static bool
visit_loss(const struct leaf *leaf, void *cookie)
{
	struct loss *l = cookie;
	char *what;
	bool digits = plan_loss_is_counted(&leaf->from, &leaf->to);

	/* digits of whole values are counted as they come; unknown ones lose nothing else */
	if (l->text && (leaf->whole ? digits || l->unknown : l->unknown && !digits))
		return true;
	what = plan_loss(&leaf->from, &leaf->to, l->by_text);
	if (what == NULL)
		return true;
	if (leaf->attribute != NULL)
		l->what = xasprintf("%s in attribute \"%s\"", what, leaf->attribute);
	else
		l->what = xstrdup(what);
	free(what);
	return false;
}

char *
plan_leaves_loss(const struct plan_leaves *of, bool text, bool by_text)
{
	struct loss l = {.text = text, .by_text = by_text, .unknown = of->from.base[0] == '\0'};
	struct walk w = {.visit = visit_loss, .cookie = &l};
	struct plan_leaves as = *of;

	if (l.unknown)
		as.from.base = as.from.type = "text";
	walk(&w, &as, 0, NULL);
	if (l.what == NULL && w.n >= PARTS_MAX)
		return xstrdup("has too many parts to look at");
	return l.what;
}

static bool
visit_cut(const struct leaf *leaf, void *cookie)
{
	const char **cut = cookie;

	/* no label is longer than a name */
	*cut = plan_loss_cut(leaf->label ? "name" : leaf->from.base, leaf->to.base);
	return *cut == NULL;
}

const char *
plan_leaves_cut(const struct plan_leaves *of)
{
	const char *cut = NULL;
	struct walk w = {.visit = visit_cut, .cookie = &cut};

	walk(&w, of, 0, NULL);
	return cut;
}

struct same {
	const char *base;
	bool found;
};

static bool
visit_same(const struct leaf *leaf, void *cookie)
{
	struct same *s = cookie;

	s->found = strcmp(leaf->from.base, s->base) == 0 && strcmp(leaf->to.base, s->base) == 0;
	return !s->found;
}

bool
plan_leaves_have(const struct plan_leaves *of, const char *base)
{
	struct same s = {.base = base};
	struct walk w = {.visit = visit_same, .cookie = &s};

	walk(&w, of, 0, NULL);
	return s.found;
}

bool
plan_leaves_is_row_by_row(const json_t *types, const char *base)
{
	struct plan_leaves_side t = {types, base, base}, part;
	enum kind kind;

	t = unwrap(&t);
	kind = kind_of(&t);
	if (kind == ARRAY && take_part(&t, kind, 0, &part)) {
		t = unwrap(&part);
		kind = kind_of(&t);
	}
	return kind == PLAIN;
}
