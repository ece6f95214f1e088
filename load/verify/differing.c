/*
 * A value of the target's column is asked of the source as well, where the two have one type,
 * or both have integers, or both strings: what the one calls equal to it is then what the
 * other does.
 */
#include "load/verify/differing.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/keylist.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "common/schema/typedocs.h"
#include "common/stream/output.h"
#include "load/match/plan.h"
#include "load/verify/compared.h"

struct differing {
	struct output *out;
	json_t *keys; /* of the relation at hand; owned */
	bool whole;   /* they do not say all */
	size_t n, bytes;
};

struct differing *
differing_open(const char *path, struct err *e)
{
	struct output *out = output_open(path, e);
	struct differing *d;

	if (out == NULL)
		return NULL;
	d = xcalloc(1, sizeof(*d));
	d->out = out;
	d->keys = json_array();
	return d;
}

void
differing_whole(struct differing *d)
{
	d->whole = true;
	json_array_clear(d->keys);
}

void
differing_add(struct differing *d, const struct compared *c, const json_t *key)
{
	json_t *values;
	size_t i, bytes = 0;

	if (d->whole)
		return;
	values = json_array();
	for (i = 0; i < c->nkey; i++) {
		json_t *value = json_object_get(key, c->plan->columns[c->key[i]].target);

		bytes += json_is_string(value) ? json_string_length(value) : 1;
		if (value == NULL || json_is_null(value))
			differing_whole(d);
		else
			json_array_append(values, value);
	}
	if (d->n + json_array_size(d->keys) >= DIFFERING_MAX ||
	    d->bytes + bytes > DIFFERING_BYTES)
		differing_whole(d);
	if (d->whole)
		json_decref(values);
	else
		json_array_append_new(d->keys, values);
	d->bytes += d->whole ? 0 : bytes;
}

/* ---- may the source be asked? ---- */

static bool
is_one_of(const char *type, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(type, *list) == 0)
			return true;
	return false;
}

/* Nothing has been done to the values of the plan's column ${i}. */
static bool
is_askable(const struct compared *c, size_t i)
{
	static const char *const integers[] = {"smallint", "integer", "bigint", NULL};
	static const char *const strings[] = {"text", "character varying", NULL};
	const struct plan *p = c->plan;
	const struct schema_column *from = &p->schema->columns[i];
	const char *there = typedocs_unwrap(p->schema->types, from->base);
	const char *plain = p->rel->columns[p->columns[i].position].plain;
	char *here = compared_type(c, i);
	bool rc = keylist_takes(here);

	if (strcmp(here, there) != 0)
		rc = rc && ((is_one_of(here, integers) && is_one_of(there, integers)) ||
			    (is_one_of(here, strings) && is_one_of(there, strings)));
	free(here);
	return rc && (strchr(plain, '(') == NULL ||
		      strcmp(plain,
			     typedocs_modified(p->schema->types, from->base, from->type)) == 0);
}

static bool
may_ask(const struct compared *c, const struct header *header)
{
	const unsigned elsewhere = HEADER_PARTIAL_LIMIT | HEADER_PARTIAL_OTHER |
				   HEADER_PARTIAL_UNSAID;
	size_t i;

	if (c->nkey == 0 || header == NULL || header->server_version == 0 ||
	    (header->partial & elsewhere) != 0)
		return false;
	for (i = 0; i < c->nkey; i++)
		if (!is_askable(c, c->key[i]))
			return false;
	return true;
}

/* ---- the file ---- */

static int
write_line(struct differing *d, const struct compared *c, const struct header *header,
	   struct err *e)
{
	json_t *line = keylist_line(&header->schema.relation);
	char *text;
	size_t i;
	int rc;

	for (i = 0; i < c->nkey; i++) {
		char *type = compared_type(c, c->key[i]);

		json_array_append_new(json_object_get(line, "columns"),
				      json_string(c->plan->columns[c->key[i]].source));
		json_array_append_new(json_object_get(line, "types"), json_string(type));
		free(type);
	}
	json_object_set(line, "keys", d->keys);
	text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	if (text == NULL) /* a name that is not UTF-8 */
		return 0;
	rc = output_write(d->out, text, strlen(text), e);
	free(text);
	return rc == 0 ? output_write(d->out, "\n", 1, e) : -1;
}

int
differing_relation(struct differing *d, const struct compared *c, const struct header *header,
		   struct err *e)
{
	int rc = 0;

	if (!d->whole && may_ask(c, header)) {
		rc = write_line(d, c, header, e);
		d->n += json_array_size(d->keys);
	}
	json_array_clear(d->keys);
	d->whole = false;
	return rc;
}

int
differing_finish(struct differing *d, struct err *e)
{
	return output_finish(d->out, e);
}

void
differing_free(struct differing *d)
{
	if (d == NULL)
		return;
	output_free(d->out);
	json_decref(d->keys);
	free(d);
}
