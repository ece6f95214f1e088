/*
 * intern: equal texts are one, however many there are.
 */
#include <stdio.h>

#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "tests/unit/tap.h"

#define MANY 20000

int
main(void)
{
	static const char *first[MANY];
	char text[16] = "a";
	const char *one = intern(text);
	int i, wrong = 0;

	text[0] = 'b';
	is_str(one, "a", "it is a copy");
	ok(intern("a") == one && intern(text) != one,
	   "equal texts are the same, others are not");
	ok(intern_null(NULL) == NULL && intern_null("a") == one, "NULL is none");
	ok(intern_take(xstrdup("a")) == one, "what is taken is freed");
	is_str(intern(""), "", "an empty text is one");
	for (i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "c%d", i);
		first[i] = intern(text);
	}
	for (i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "c%d", i);
		wrong += intern(text) != first[i];
	}
	is_int(wrong, 0, "all of %d stay where they are", MANY);
	return tap_done();
}
