/*
 * What --columns and --exclude-columns choose among the columns that a source has.
 */
#ifndef EXTRACT_CHOICE_H
#define EXTRACT_CHOICE_H

#include <stddef.h>

struct err;
struct extract_options;

struct choice {
	size_t *columns; /* numbers of the chosen ones, in the order to be sent; owned */
	size_t n;
};

/*
 * choice_make(c, names, n, options, owner, e):
 * Choose among ${n} columns by their names, of which no two may be the same.  ${owner} is
 * what has them, for messages.  Failure fills ${e}: EXIT_USAGE if a column that is asked
 * for is not there or none is left, EXIT_DATA if two have one name.  Release with
 * choice_release() in every case.
 */
int choice_make(struct choice *c, char *const *names, size_t n,
		const struct extract_options *options, const char *owner, struct err *e)
	__attribute__((warn_unused_result));

/*
 * choice_places(c, n):
 * Return for each of the ${n} columns its place among the chosen ones, or
 * ROWTEXT_DROPPED; for the caller to free.
 */
size_t *choice_places(const struct choice *c, size_t n);

void choice_release(struct choice *c);

#endif /* EXTRACT_CHOICE_H */
