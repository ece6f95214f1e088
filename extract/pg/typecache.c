/*
 * The key is the sorted list of those types, which for most relations is empty.
 */
#include "extract/pg/typecache.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/pg/typeread.h"

static int
by_oid(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static char *
make_key(const unsigned *oids, size_t n)
{
	unsigned *sorted = xcalloc(n, sizeof(*sorted));
	struct buf key = BUF_INIT;
	size_t kept = 0, i;

	for (i = 0; i < n; i++)
		if (!typeread_is_plain(oids[i]))
			sorted[kept++] = oids[i];
	if (kept > 0)
		qsort(sorted, kept, sizeof(*sorted), by_oid);
	for (i = 0; i < kept; i++)
		if (i == 0 || sorted[i] != sorted[i - 1])
			buf_addf(&key, "%u ", sorted[i]);
	free(sorted);
	return buf_detach(&key);
}

const struct typedocs *
typecache_docs(struct typecache *c, struct db *db, const unsigned *oids, size_t n,
	       struct err *e)
{
	struct typecache_entry new = {.key = make_key(oids, n)};
	size_t i;

	for (i = 0; i < c->n; i++)
		if (strcmp(c->list[i].key, new.key) == 0) {
			free(new.key);
			return &c->list[i].docs;
		}
	if (typeread_docs(db, oids, n, &new.docs, e) != 0) {
		typedocs_release(&new.docs);
		free(new.key);
		return NULL;
	}
	c->list = xrealloc(c->list, (c->n + 1) * sizeof(*c->list));
	c->list[c->n] = new;
	return &c->list[c->n++].docs;
}

void
typecache_release(struct typecache *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		typedocs_release(&c->list[i].docs);
		free(c->list[i].key);
	}
	free(c->list);
	*c = (struct typecache){.n = 0};
}
