/*
 * nameindex: names are found where they were added, however many there are.
 */
#include <stdio.h>

#include "common/base/nameindex.h"
#include "tests/unit/tap.h"

#define MANY 20000

int
main(void)
{
	static char names[MANY][16];
	struct nameindex x = NAMEINDEX_INIT;
	int i, wrong = 0;

	is_int(nameindex_find(&x, "a"), -1, "nothing is in an empty one");
	is_int(nameindex_add(&x, "a"), -1, "a name is new");
	is_int(nameindex_add(&x, "b"), -1, "another one");
	is_int(nameindex_add(&x, "a"), 0, "the first again is number 0");
	is_int(nameindex_add(&x, ""), -1, "an empty name is one");
	is_int(nameindex_find(&x, ""), 3, "a name that came again has a number, too");
	is_int(nameindex_find(&x, "a"), 0, "and the first is the one that is found");
	is_int(nameindex_find_bytes(&x, "bc", 1), 1, "a name in other text");
	is_int(nameindex_find_bytes(&x, "b\0c", 3), -1, "bytes with a NUL are no name");
	is_int(nameindex_find(&x, "A"), -1, "case counts");
	nameindex_release(&x);
	for (i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "c%d", i);
		wrong += nameindex_add(&x, names[i]) != -1;
	}
	for (i = 0; i < MANY; i++)
		wrong += nameindex_find(&x, names[i]) != i;
	is_int(wrong, 0, "all of %d are found where they are", MANY);
	nameindex_release(&x);
	return tap_done();
}
