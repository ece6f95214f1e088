/*
 * One table for the program, with open addressing, a quarter of it empty at the least.
 */
#include "common/base/intern.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/base/xalloc.h"

#define SLOTS_LEAST 64 /* a power of two */

#define ROOM ((size_t)4096) /* bytes for short texts that are allocated at once */

static struct {
	char **slots; /* a text or NULL; owned */
	size_t n, nslots;
	char *room; /* for the next ones, which are owned by nobody, for they stay */
	size_t left;
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

static char *
keep(const char *text, size_t len)
{
	char *kept;

	if (len > ROOM / 16)
		return memcpy(xmalloc(len), text, len);
	if (len > texts.left) {
		texts.room = xmalloc(ROOM);
		texts.left = ROOM;
	}
	kept = memcpy(texts.room, text, len);
	texts.room += len;
	texts.left -= len;
	return kept;
}

const char *
intern(const char *text)
{
	char **slot;

	if (4 * (texts.n + 1) > 3 * texts.nslots)
		grow();
	slot = slot_of(text);
	if (*slot == NULL) {
		*slot = keep(text, strlen(text) + 1);
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
