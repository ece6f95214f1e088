/*
 * The values of sequences that are members of a set.
 */
#ifndef EXTRACT_SEQREAD_H
#define EXTRACT_SEQREAD_H

#include <stddef.h>

struct db;
struct err;
struct member;

/*
 * seqread_values(db, members, n, e):
 * Fill the headers of those of the members that are sequences.  What a sequence has handed
 * out shows in no snapshot: the value is the newest, and so behind no row of the set.
 */
int seqread_values(struct db *db, const struct member *members, size_t n, struct err *e)
	__attribute__((warn_unused_result));

#endif /* EXTRACT_SEQREAD_H */
