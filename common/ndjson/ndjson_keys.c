/*
 * Keys and columns: an open hash table of names.
 */
#include "common/ndjson/ndjson_keys.h"

#include <stdlib.h>

#include "common/base/xalloc.h"
#include "common/ndjson/ndjson_string.h"
#include "common/schema/schema.h"

static size_t
hash(const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

/* Where in the table ${name} is, or would be. */
static size_t
find_slot(const struct ndjson_keys *k, const char *name, size_t len)
{
	size_t i = hash(name, len) & k->mask;

	while (k->slots[i] != NDJSON_NO_COLUMN) {
		const char *other = k->keys[k->slots[i]].name;

		if (strlen(other) == len && memcmp(other, name, len) == 0)
			break;
		i = (i + 1) & k->mask;
	}
	return i;
}

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
	size_t i, n = 8;

	*k = (struct ndjson_keys){.n = schema->ncolumns};
	k->keys = xcalloc(k->n, sizeof(*k->keys));
	while (n < k->n * 2)
		n *= 2;
	k->mask = n - 1;
	k->slots = xmalloc(n * sizeof(*k->slots));
	for (i = 0; i < n; i++)
		k->slots[i] = NDJSON_NO_COLUMN;
	for (i = 0; i < k->n; i++) {
		const char *name = schema->columns[i].name;

		init_key(k, i, name);
		k->slots[find_slot(k, name, strlen(name))] = i;
	}
}

void
ndjson_keys_release(struct ndjson_keys *k)
{
	free(k->keys);
	free(k->slots);
	buf_release(&k->text);
}

size_t
ndjson_keys_find(const struct ndjson_keys *k, const char *name, size_t len)
{
	return k->slots[find_slot(k, name, len)];
}
