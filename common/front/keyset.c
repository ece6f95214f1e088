/*
 * XXH3-128: among a billion texts two are taken for one with a chance of one to 10^20.
 */
#include "common/front/keyset.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xxhash.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/tempfile.h"

struct keyset {
	FILE *file;
	XXH128_hash_t *map; /* of the file, in order; NULL: it is empty */
	size_t n;
};

struct keyset *
keyset_new(struct err *e)
{
	struct keyset *set = xcalloc(1, sizeof(*set));

	set->file = tempfile_stream(e);
	if (set->file != NULL)
		return set;
	free(set);
	return NULL;
}

void
keyset_add(struct keyset *set, const char *text, size_t len)
{
	XXH128_hash_t digest = XXH3_128bits(text, len);

	set->n += fwrite(&digest, sizeof(digest), 1, set->file);
}

static int
compare(const void *a, const void *b)
{
	return XXH128_cmp(a, b);
}

int
keyset_close(struct keyset *set, struct err *e)
{
	void *map;

	if (ferror(set->file) || fflush(set->file) != 0)
		return err_errno(e, "could not write a temporary file");
	if (set->n == 0)
		return 0;
	map = mmap(NULL, set->n * sizeof(XXH128_hash_t), PROT_READ | PROT_WRITE, MAP_SHARED,
		   fileno(set->file), 0);
	if (map == MAP_FAILED)
		return err_errno(e, "could not read a temporary file");
	set->map = map;
	qsort(set->map, set->n, sizeof(XXH128_hash_t), compare);
	return 0;
}

bool
keyset_has(const struct keyset *set, const char *text, size_t len)
{
	XXH128_hash_t digest = XXH3_128bits(text, len);

	return set->map != NULL &&
	       bsearch(&digest, set->map, set->n, sizeof(digest), compare) != NULL;
}

void
keyset_free(struct keyset *set)
{
	if (set == NULL)
		return;
	if (set->map != NULL)
		munmap(set->map, set->n * sizeof(XXH128_hash_t));
	fclose(set->file);
	free(set);
}
