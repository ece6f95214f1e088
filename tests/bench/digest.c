/*
 * digest RUNS FILE: walk over the tuples of FILE, binary COPY as psql writes it, with and
 * without the sum over rows, RUNS times over, and print the CPU seconds that the sum takes:
 * the least of the runs.  Both times the stream's digest of each chunk comes first, as in the
 * programs: so no row is fetched from memory for the sum.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/rows/pgcopy.h"
#include "common/rows/rowdigest.h"
#include "tests/bench/measured.h"

static volatile uint64_t seen;

/* CPU seconds of one walk. */
static double
walk(const struct buf *rows, struct rowdigest *digest)
{
	size_t at = PGCOPY_PREAMBLE_LEN, size, passed;
	struct err e = ERR_INIT;
	struct pgcopy_scan scan;
	double began = cpu_now();

	pgcopy_scan_init(&scan, -1);
	for (scan.digest = digest; !scan.done; at += passed) {
		size = rows->len - at < CHUNK ? rows->len - at : CHUNK;
		seen = XXH3_64bits(rows->data + at, size);
		if (pgcopy_scan(&scan, rows->data + at, size, &passed, &e) != 0 ||
		    passed == 0) {
			fprintf(stderr, "digest: %s\n",
				e.msg != NULL ? e.msg : "the file is cut");
			exit(1);
		}
	}
	return cpu_now() - began;
}

int
main(int argc, char **argv)
{
	struct buf rows = BUF_INIT;
	double with = 0, without = 0, took;
	int runs = argc == 3 ? atoi(argv[1]) : 0;

	if (runs < 1) {
		fprintf(stderr, "usage: digest RUNS FILE\n");
		return 2;
	}
	for (read_file(argv[2], &rows); runs > 0; runs--) {
		struct rowdigest digest;

		rowdigest_init(&digest);
		took = walk(&rows, NULL);
		without = without == 0 || took < without ? took : without;
		took = walk(&rows, &digest);
		with = with == 0 || took < with ? took : with;
		rowdigest_release(&digest);
	}
	printf("%.6f\n", with - without > 1e-6 ? with - without : 1e-6);
	buf_release(&rows);
	return 0;
}
