/*
 * nearest: which word was meant.
 */
#include "common/base/nearest.h"
#include "tests/unit/tap.h"

#define LONG "a-path-or-a-password-of-64-letters-that-somebody-has-typed-by-mis"

static void
test_nearest(void)
{
	static const char *const words[] = {"customer", "amount", "id"};

	is_str(nearest_word("custmer", words, 3), "customer", "a letter missing");
	is_str(nearest_word("amuont", words, 3), "amount", "two letters swapped");
	is_str(nearest_word("quantity", words, 3), NULL, "nothing near");
	is_str(nearest_word("ID", words, 3), "id", "another case");
	is_str(nearest_word("x", words, 0), NULL, "nothing there");
	is_str(nearest_word(LONG, words, 3), NULL, "longer than any name");
}

int
main(void)
{
	test_nearest();
	return tap_done();
}
