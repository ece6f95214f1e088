/*
 * The keys of a line and the columns they name.  A key is guessed from the one
 * before it and compared as bytes; only a surprise is decoded and looked up.
 * Nobody but the ndjson modules includes this.
 */
#ifndef COMMON_NDJSON_KEYS_H
#define COMMON_NDJSON_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/nameindex.h"

struct schema;

#define NDJSON_NO_COLUMN ((size_t)-1)

/* One column's key. */
struct ndjson_key {
	const char *name; /* borrowed from the schema */
	size_t text;      /* where in ndjson_keys.text its `"name":` is */
	size_t len;       /* bytes of that */
	uint64_t head;    /* its first bytes, */
	uint64_t mask;    /* as many as it has */
	size_t next;      /* the column whose key came behind it last time */
};

struct ndjson_keys {
	struct ndjson_key *keys;
	size_t n;
	size_t first;    /* the column whose key came first last time */
	struct buf text; /* of all keys */
	struct nameindex names;
};

/*
 * ndjson_keys_init(k, schema), ndjson_keys_release(k):
 * Learn the names of ${schema}'s columns, which stay the schema's; forget them.
 */
void ndjson_keys_init(struct ndjson_keys *k, const struct schema *schema);
void ndjson_keys_release(struct ndjson_keys *k);

/*
 * ndjson_keys_find(k, name, len):
 * Return the number of the column called so, or NDJSON_NO_COLUMN.
 */
size_t ndjson_keys_find(const struct ndjson_keys *k, const char *name, size_t len);

/*
 * ndjson_keys_is(k, column, p, end):
 * Tell whether ${column}'s key is at ${p}, spelt as the writer spells it, with a
 * colon right behind it.
 */
static inline bool
ndjson_keys_is(const struct ndjson_keys *k, size_t column, const char *p, const char *end)
{
	const struct ndjson_key *key = &k->keys[column];
	size_t left = (size_t)(end - p);
	uint64_t head;

	if (left >= sizeof(head)) {
		memcpy(&head, p, sizeof(head));
		if (((head ^ key->head) & key->mask) != 0)
			return false;
		if (key->len <= sizeof(head))
			return true;
	}
	return left >= key->len && memcmp(p, k->text.data + key->text, key->len) == 0;
}

#endif /* COMMON_NDJSON_KEYS_H */
