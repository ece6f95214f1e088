/*
 * "Perhaps you meant": the one place that says which word is near to another.
 */
#ifndef COMMON_NEAREST_H
#define COMMON_NEAREST_H

#include <stddef.h>

/*
 * nearest_word(word, words, n):
 * Return the one of ${n} words that ${word} is most likely a misspelling or the
 * beginning of, or NULL if none is near.  One that differs in case only is nearest.
 */
const char *nearest_word(const char *word, const char *const *words, size_t n);

#endif /* COMMON_NEAREST_H */
