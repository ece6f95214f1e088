/*
 * A set of texts of which only a digest is kept, in a file that has no name: sixteen bytes
 * for each, and memory is the system's to give.
 */
#ifndef COMMON_FRONT_KEYSET_H
#define COMMON_FRONT_KEYSET_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct keyset;

/*
 * keyset_new(e):
 * Return an empty set, or NULL with ${e} filled; release with keyset_free().
 */
struct keyset *keyset_new(struct err *e) __attribute__((warn_unused_result));

/*
 * keyset_add(set, text, len):
 * Add a text; what cannot be written is told by keyset_close().
 */
void keyset_add(struct keyset *set, const char *text, size_t len);

/*
 * keyset_close(set, e):
 * After the last one.
 */
int keyset_close(struct keyset *set, struct err *e) __attribute__((warn_unused_result));

/*
 * keyset_has(set, text, len):
 * After that: tell whether it was added.
 */
bool keyset_has(const struct keyset *set, const char *text, size_t len);

void keyset_free(struct keyset *set);

#endif /* COMMON_FRONT_KEYSET_H */
