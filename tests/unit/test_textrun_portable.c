/*
 * Runs of ordinary bytes, once with the portable steps: tests/unit/textrun_cases.h
 * is the same for both.
 */
#define TEXTRUN_PORTABLE
#include "tests/unit/textrun_cases.h"

int
main(void)
{
	textrun_cases();
	return tap_done();
}
