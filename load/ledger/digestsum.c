/*
 * Digests are numbers of 128 bits in hex behind their form.
 */
#include "load/ledger/digestsum.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void
digestsum_add(char sum[40], const char *digest, bool first)
{
	uint64_t high[2], low[2];
	size_t form = strcspn(digest, ":") + 1, i;

	if (first) {
		snprintf(sum, 40, "%s", digest);
		return;
	}
	if (strncmp(sum, digest, form) != 0 || strlen(digest) != form + 32 ||
	    strlen(sum) != form + 32) {
		sum[0] = '\0';
		return;
	}
	for (i = 0; i < 2; i++)
		if (sscanf((i == 0 ? sum : digest) + form, "%16" SCNx64 "%16" SCNx64, &high[i],
			   &low[i]) != 2)
			high[i] = low[i] = 0;
	low[0] += low[1];
	high[0] += high[1] + (low[0] < low[1]);
	snprintf(sum + form, 40 - form, "%016" PRIx64 "%016" PRIx64, high[0], low[0]);
}
