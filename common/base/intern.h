/*
 * Texts that many things share: names of columns and types, of which a set of thousands of
 * relations has few.
 */
#ifndef COMMON_INTERN_H
#define COMMON_INTERN_H

/*
 * intern(text), intern_null(text), intern_take(text):
 * Return a text equal to ${text}, the same one for equal ones, which stays as long as the
 * program; nobody frees it.  For what is said once for a run or a relation, not for each row.
 * intern_null(NULL) is NULL.  intern_take() frees ${text}.
 */
const char *intern(const char *text) __attribute__((returns_nonnull));
const char *intern_null(const char *text);
const char *intern_take(char *text) __attribute__((returns_nonnull));

#endif /* COMMON_INTERN_H */
