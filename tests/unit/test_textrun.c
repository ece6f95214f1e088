/*
 * Runs of ordinary bytes, with the widest steps that the compiler's target has.
 */
#include "tests/unit/textrun_cases.h"

int
main(void)
{
	textrun_cases();
	return tap_done();
}
