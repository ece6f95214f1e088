/*
 * A stream beside the target: its rows are staged in temporary tables, and the server compares
 * the two.
 */
#ifndef LOAD_STAGING_H
#define LOAD_STAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/os/runid.h"
#include "load/route/feed.h"

struct compared;
struct db;
struct err;
struct stream_chunk;
struct tally;

struct staging {
	struct db *db; /* borrowed, as the next */
	const struct compared *c;
	char id[RUNID_LEN + 1]; /* makes names in pg_temp unlike anybody's */
	struct feed feed;
	uint64_t rows; /* of all streams */
};

/*
 * staging_create(s, db, c, e):
 * Make the tables, which are dropped when the transaction ends; it may be READ ONLY from then
 * on, for temporary tables are not what that is about.  Needs no release.
 */
int staging_create(struct staging *s, struct db *db, const struct compared *c, struct err *e)
	__attribute__((warn_unused_result));

/*
 * staging_begin(s, e), staging_write(s, chunk, e), staging_end(s, e):
 * Take the rows of a stream.
 */
int staging_begin(struct staging *s, struct err *e) __attribute__((warn_unused_result));
int staging_write(struct staging *s, const struct stream_chunk *chunk, struct err *e)
	__attribute__((warn_unused_result));
int staging_end(struct staging *s, struct err *e) __attribute__((warn_unused_result));

/*
 * staging_compare(s, tally, e):
 * All streams are staged: compare them, values as they would be loaded, and count.
 */
int staging_compare(struct staging *s, struct tally *tally, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_STAGING_H */
