/*
 * A pipe takes as long to begin as some megabytes to move, so that small parts share one.  Each
 * bundle is a share of what is left, so that the pipes end together; not so small that most of
 * the time goes into pipes, but that all of them have something at first.
 */
#include "common/front/bundle.h"

#include "common/parts/partplan.h"

#define PART_COST ((uint64_t)1 << 19)
#define LEAST ((uint64_t)8 << 20)
#define MOST ((uint64_t)64 << 20)

uint64_t
bundle_weight(const struct partplan_part *part)
{
	/* of what is not known it may be much */
	return part->bytes >= 0 ? (uint64_t)part->bytes + PART_COST : MOST;
}

uint64_t
bundle_most(uint64_t all, uint64_t left, size_t pipes)
{
	uint64_t least = all / pipes < LEAST ? all / pipes : LEAST;
	uint64_t share = left / (2 * pipes);

	if (share > MOST)
		return MOST;
	return share > least ? share : least;
}
