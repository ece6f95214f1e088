/*
 * The words of a command line that is being put together.
 */
#ifndef COMMON_FRONT_ARGLIST_H
#define COMMON_FRONT_ARGLIST_H

#include <stdbool.h>
#include <stddef.h>

struct arglist {
	char **words; /* owned, each and all; NULL behind the last, or NULL: there are none */
	size_t n;
};

/*
 * arglist_add(list, word), arglist_addf(list, fmt, ...), arglist_join(list, more):
 * Append a copy of a word, a formatted one, copies of those of another list.
 */
void arglist_add(struct arglist *list, const char *word);
void arglist_addf(struct arglist *list, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void arglist_join(struct arglist *list, const struct arglist *more);

/*
 * arglist_has(list, option):
 * Tell whether one of the words is this option, --NAME, with or without a value behind =.
 */
bool arglist_has(const struct arglist *list, const char *option);

/*
 * arglist_cut(list, n):
 * Keep only the first ${n} words.
 */
void arglist_cut(struct arglist *list, size_t n);

void arglist_release(struct arglist *list);

#endif /* COMMON_FRONT_ARGLIST_H */
