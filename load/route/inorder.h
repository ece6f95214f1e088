/*
 * Writing the staged rows in the order in which they came, without a sort, by one MERGE or
 * one INSERT.
 */
#ifndef LOAD_INORDER_H
#define LOAD_INORDER_H

#include <stdint.h>

struct err;
struct staged;

/*
 * inorder_index(s, e):
 * Index the staged rows by their key now, if MERGE would do so later: what is looked for
 * by the key before it has the use of it.
 */
int inorder_index(struct staged *s, struct err *e) __attribute__((warn_unused_result));

/*
 * inorder_insert(s, written, e):
 * Take the rows as they came, if nothing speaks against that: 1, and ${*written}
 * grows by the rows written; 0 if they have to be sorted, or -1.  After an error
 * they are sorted, too, for that will find the row, where it is to be known, or a
 * row that somebody else has inserted just now.
 */
int inorder_insert(struct staged *s, uint64_t *written, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_INORDER_H */
