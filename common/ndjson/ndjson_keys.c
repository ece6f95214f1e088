/*
 * How the writer spells each key, ready to be compared with a line.
 */
#include "common/ndjson/ndjson_keys.h"

#include <stdlib.h>

#include "common/base/xalloc.h"
#include "common/ndjson/ndjson_string.h"
#include "common/schema/schema.h"

static void
init_key(struct ndjson_keys *k, size_t column, const char *name)
{
	const uint64_t ones = UINT64_MAX;
	struct ndjson_key *key = &k->keys[column];
	size_t len;

	key->name = name;
	key->next = column + 1;
	key->text = k->text.len;
	ndjson_string_key(&k->text, name);
	key->len = k->text.len - key->text;
	len = key->len < sizeof(key->head) ? key->len : sizeof(key->head);
	memcpy(&key->head, k->text.data + key->text, len);
	memcpy(&key->mask, &ones, len);
}

void
ndjson_keys_init(struct ndjson_keys *k, const struct schema *schema)
{
	size_t i;

	*k = (struct ndjson_keys){.n = schema->ncolumns};
	k->keys = xcalloc(k->n, sizeof(*k->keys));
	for (i = 0; i < k->n; i++) {
		init_key(k, i, schema->columns[i].name);
		nameindex_add(&k->names, schema->columns[i].name);
	}
}

void
ndjson_keys_release(struct ndjson_keys *k)
{
	free(k->keys);
	nameindex_release(&k->names);
	buf_release(&k->text);
}

size_t
ndjson_keys_find(const struct ndjson_keys *k, const char *name, size_t len)
{
	int column = nameindex_find_bytes(&k->names, name, len);

	return column >= 0 ? (size_t)column : NDJSON_NO_COLUMN;
}
