/*
 * One table for the program, with open addressing, half of it empty at the least.
 */
#include "common/base/intern.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/base/xalloc.h"

#define SLOTS_LEAST 64 /* a power of two */

static struct {
	char **slots; /* owned, each its text or NULL */
	size_t n, nslots;
} texts;

/* The slot where the text is, or would be. */
static char **
slot_of(const char *text)
{
	size_t i = XXH3_64bits(text, strlen(text)) & (texts.nslots - 1);

	while (texts.slots[i] != NULL && strcmp(texts.slots[i], text) != 0)
		i = (i + 1) & (texts.nslots - 1);
	return &texts.slots[i];
}

static void
grow(void)
{
	char **old = texts.slots;
	size_t n = texts.nslots, i;

	texts.nslots = n > 0 ? 2 * n : SLOTS_LEAST;
	texts.slots = xcalloc(texts.nslots, sizeof(*texts.slots));
	for (i = 0; i < n; i++)
		if (old[i] != NULL)
			*slot_of(old[i]) = old[i];
	free(old);
}

const char *
intern(const char *text)
{
	char **slot;

	if (2 * (texts.n + 1) > texts.nslots)
		grow();
	slot = slot_of(text);
	if (*slot == NULL) {
		*slot = xstrdup(text);
		texts.n++;
	}
	return *slot;
}

const char *
intern_null(const char *text)
{
	return text != NULL ? intern(text) : NULL;
}

const char *
intern_take(char *text)
{
	const char *shared = intern(text);

	free(text);
	return shared;
}
