/*
 * Any JSON as a header document: refused, or read, written and read again to
 * the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "common/err.h"
#include "common/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *doc = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct err e = ERR_INIT;
	struct schema *a, *b;

	if (!json_is_object(doc)) {
		json_decref(doc);
		return 0;
	}
	a = schema_from_json(doc, &e);
	if ((a == NULL) != (e.code == EXIT_STREAM))
		abort();
	if (a != NULL) {
		json_t *once = schema_to_json(a), *twice;

		b = schema_from_json(once, &e);
		if (b == NULL)
			abort();
		twice = schema_to_json(b);
		if (!json_equal(once, twice))
			abort();
		json_decref(once);
		json_decref(twice);
		schema_free(b);
	}
	schema_free(a);
	json_decref(doc);
	err_release(&e);
	return 0;
}
