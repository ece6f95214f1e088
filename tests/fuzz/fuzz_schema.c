/*
 * Any JSON as a header document: refused, or read, written and read again to
 * the same; and its types, however they hang together, come to an end.
 */
#include <stdint.h>
#include <stdlib.h>

#include "common/base/err.h"
#include "common/ndjson/ndjson.h"
#include "common/schema/header.h"
#include "common/schema/typedocs.h"
#include "load/value/pgvalue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk_types(const struct schema *s)
{
	struct ndjson_writer *w = ndjson_writer_new(s, 0);
	size_t i;

	for (i = 0; i < s->ncolumns; i++) {
		const struct schema_column *c = &s->columns[i];

		pgvalue_free(pgvalue_new(c->base, s->types));
		if (typedocs_unwrap(s->types, c->base) == NULL ||
		    typedocs_modified(s->types, c->base, c->type) == NULL ||
		    (typedocs_holds_oids(s->types, c->base) &&
		     json_object_get(s->types, typedocs_unwrap(s->types, c->base)) == NULL))
			abort();
	}
	ndjson_writer_free(w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *doc = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct err e = ERR_INIT;
	struct header *a, *b;

	if (!json_is_object(doc)) {
		json_decref(doc);
		return 0;
	}
	a = header_from_json(doc, &e);
	if ((a == NULL) != (e.code == EXIT_STREAM))
		abort();
	if (a != NULL) {
		json_t *once = header_to_json(a), *twice;

		b = header_from_json(once, &e);
		if (b == NULL)
			abort();
		twice = header_to_json(b);
		if (!json_equal(once, twice))
			abort();
		walk_types(&a->schema);
		json_decref(once);
		json_decref(twice);
		header_free(b);
	}
	header_free(a);
	json_decref(doc);
	err_release(&e);
	return 0;
}
