/*
 * What one input holds: its streams, read to their ends without a server, and said as lines
 * for people or as JSON objects for programs.
 */
#ifndef LOAD_LISTING_H
#define LOAD_LISTING_H

#include <stdbool.h>
#include <stdio.h>

struct err;

struct listing {
	FILE *out;    /* borrowed */
	bool json;    /* an object a line */
	bool columns; /* in lines for people, too */
};

/*
 * listing_read(l, path, e):
 * Read ${path}, or standard input if it is NULL or "-", and print each stream as soon as it has
 * ended, however it ends.  Returns 0 if all of them are whole or bare, -1 with ${e} filled:
 * EXIT_STREAM if one is cut, damaged or given up by its writer.
 */
int listing_read(const struct listing *l, const char *path, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_LISTING_H */
