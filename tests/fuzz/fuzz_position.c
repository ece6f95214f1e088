/*
 * Any text as a position, and the same with a check sum that is right: a position that is the
 * same word when it is written again, or an error.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/schema/position.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *word, size_t len)
{
	struct err e = ERR_INIT;
	struct position p;
	char *again;
	size_t i;

	if (position_parse(&p, word, len, &e) != 0) {
		if (e.code != EXIT_USAGE)
			abort();
	} else {
		again = position_word(&p);
		if (strlen(again) != len || memcmp(again, word, len) != 0)
			abort();
		free(again);
		for (i = 0; i < p.nleaves; i++)
			if (!position_has_leaf(&p, &p.leaves[i]))
				abort();
	}
	position_release(&p);
	err_release(&e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	char *whole = xasprintf("%s:%08x", text,
				(unsigned)(XXH3_64bits(text, strlen(text)) & 0xffffffff));

	check(text, strlen(text));
	check(whole, strlen(whole));
	free(whole);
	free(text);
	return 0;
}
