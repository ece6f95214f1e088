/*
 * The struct itself, then what it owns; intern()'s strings stay where they are.
 */
#include "common/schema/headerpack.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/pack.h"
#include "common/base/xalloc.h"
#include "common/schema/header.h"
#include "common/schema/schema.h"

static void
add_names(struct buf *to, const struct ident_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		pack_text(to, list->names[i]);
}

static void
take_names(struct unpack *from, struct ident_list *list)
{
	size_t i;

	if (list->n > 0)
		list->names = xcalloc(list->n, sizeof(char *));
	for (i = 0; i < list->n; i++)
		list->names[i] = pack_take_text(from);
}

static void
add_schema(struct buf *to, const struct schema *s)
{
	char *types = json_object_size(s->types) > 0 ? json_dumps(s->types, JSON_COMPACT)
						     : NULL;

	pack_array(to, s->columns, s->ncolumns, sizeof(*s->columns));
	pack_array(to, s->primary_key, s->nprimary_key, sizeof(*s->primary_key));
	pack_text(to, types);
	add_names(to, &s->beside);
	free(types);
}

static void
take_schema(struct unpack *from, struct schema *s)
{
	char *types;
	size_t i;

	s->columns = pack_take_array(from, s->ncolumns, sizeof(*s->columns),
				     schema_room(s->ncolumns));
	s->primary_key = pack_take_array(from, s->nprimary_key, sizeof(*s->primary_key),
					 s->nprimary_key);
	s->names = NAMEINDEX_INIT;
	for (i = 0; i < s->ncolumns; i++)
		nameindex_add(&s->names, s->columns[i].name);
	types = pack_take_text(from);
	s->types = types != NULL ? json_loads(types, 0, NULL) : json_object();
	free(types);
	take_names(from, &s->beside);
}

void
headerpack_add(struct buf *to, const struct header *h)
{
	struct header bare = *h;

	/* pointers that are of no use later */
	bare.part.run = bare.part.position = bare.part.snapshot = NULL;
	bare.position = bare.since = bare.file = NULL;
	bare.order.names = bare.schema.beside.names = NULL;
	bare.schema.columns = NULL;
	bare.schema.primary_key = NULL;
	bare.schema.names = NAMEINDEX_INIT;
	bare.schema.types = NULL;
	buf_add(to, &bare, sizeof(bare));
	pack_text(to, h->part.run);
	pack_text(to, h->part.position);
	pack_text(to, h->part.snapshot);
	pack_text(to, h->position);
	pack_text(to, h->since);
	pack_text(to, h->file);
	add_names(to, &h->order);
	add_schema(to, &h->schema);
}

struct header *
headerpack_take(struct unpack *from)
{
	struct header *h = xmalloc(sizeof(*h));

	pack_take_bytes(from, h, sizeof(*h));
	h->part.run = pack_take_text(from);
	h->part.position = pack_take_text(from);
	h->part.snapshot = pack_take_text(from);
	h->position = pack_take_text(from);
	h->since = pack_take_text(from);
	h->file = pack_take_text(from);
	take_names(from, &h->order);
	take_schema(from, &h->schema);
	return h;
}
