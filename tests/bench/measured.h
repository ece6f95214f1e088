/*
 * What programs that measure a part of the code alone have in common.
 */
#ifndef TESTS_BENCH_MEASURED_H
#define TESTS_BENCH_MEASURED_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/buf.h"

#define CHUNK ((size_t)256 * 1024) /* bytes, as the programs take them */

static inline void
read_file(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(2);
	}
	while ((n = fread(buf_reserve(b, CHUNK), 1, CHUNK, f)) > 0)
		b->len += n;
	fclose(f);
}

static inline double
cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif /* TESTS_BENCH_MEASURED_H */
