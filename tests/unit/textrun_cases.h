/*
 * textrun.h against the obvious loop: every byte at every place of a run.
 */
#ifndef TESTS_TEXTRUN_CASES_H
#define TESTS_TEXTRUN_CASES_H

#include <stdlib.h>

#include "common/base/textrun.h"
#include "common/base/xalloc.h"
#include "tests/unit/tap.h"

static size_t
run_length(const char *p, size_t len, unsigned stops)
{
	size_t i;

	for (i = 0; i < len && !textrun_is_stop(p[i], stops); i++)
		continue;
	return i;
}

/* Both functions on exactly ${len} bytes, so that the sanitizers see one too far. */
static bool
agrees(const char *bytes, size_t len, unsigned stops)
{
	char *p = xmalloc(len), *dst = xmalloc(len + TEXTRUN_SLACK), *out = dst;
	size_t want;
	bool same;

	memcpy(p, bytes, len);
	want = run_length(p, len, stops);
	same = textrun_skip(p, p + len, stops) == p + want &&
	       textrun_copy(&out, p, p + len, stops) == p + want && out == dst + want &&
	       memcmp(dst, p, want) == 0;
	free(p);
	free(dst);
	return same;
}

static void
textrun_cases(void)
{
	char bytes[64];
	unsigned stops;
	size_t place, len;
	int c;

	for (stops = 0; stops <= (TEXTRUN_QUOTE | TEXTRUN_HIGH); stops++) {
		for (c = 0; c < 256; c++) {
			bool good = true;

			for (place = 0; place < 40; place++) {
				memset(bytes, 'x', sizeof(bytes));
				bytes[place] = (char)c;
				bytes[place + 3] = '\\'; /* and a second one behind it */
				for (len = place; good && len < 45; len += 5)
					good = agrees(bytes, len, stops);
			}
			ok(good, "byte %02x with stops %u", c, stops);
		}
		is_int(textrun_is_stop('"', stops), (stops & TEXTRUN_QUOTE) != 0, "quotes");
		is_int(textrun_is_stop('\x80', stops), (stops & TEXTRUN_HIGH) != 0,
		       "beyond ASCII");
		ok(textrun_is_stop('\x1f', stops) && textrun_is_stop('\\', stops) &&
			   textrun_is_stop('\0', stops) && !textrun_is_stop(' ', stops),
		   "always");
	}
}

#endif /* TESTS_TEXTRUN_CASES_H */
