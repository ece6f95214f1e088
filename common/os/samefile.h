/*
 * Do two names mean one file?
 */
#ifndef COMMON_SAMEFILE_H
#define COMMON_SAMEFILE_H

#include <stdbool.h>

/*
 * samefile_is(a, b):
 * Tell whether both paths lead to the same regular file or directory, or to the same place of
 * one that does not exist yet; or one of them to a CSV file in the other, a directory.  Pipes,
 * devices and terminals are never the same.
 */
bool samefile_is(const char *a, const char *b);

#endif /* COMMON_SAMEFILE_H */
