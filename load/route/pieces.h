/*
 * Inserting staged rows piece by piece, to find those that the server refuses, after it has
 * refused to take all at once.
 */
#ifndef LOAD_PIECES_H
#define LOAD_PIECES_H

struct err;
struct route;

/*
 * pieces_apply(r, why, e):
 * Put everything that is staged into the target, leave out the rows that are
 * refused, and count.  ${why} is what the server said of all rows at once, NULL where
 * that has not been tried.
 */
int pieces_apply(struct route *r, const struct err *why, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PIECES_H */
