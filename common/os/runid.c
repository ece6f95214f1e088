/*
 * Run ids: 64 random bits.
 */
#include "common/os/runid.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

void
runid_make(char id[RUNID_LEN + 1])
{
	uint64_t bits;

	if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		bits = (uint64_t)time(NULL);
	snprintf(id, RUNID_LEN + 1, "%016" PRIx64, bits);
}

bool
runid_is(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");

	return n == RUNID_LEN && s[n] == '\0';
}
