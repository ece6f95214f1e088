/*
 * Files that are written as they are, and never replaced by another: pipes, devices, and
 * what is open already (/dev/stdout, /dev/fd/3), whatever that is.
 */
#ifndef COMMON_LIVEFILE_H
#define COMMON_LIVEFILE_H

#include <stdbool.h>

/*
 * livefile_is(path):
 * Tell whether the path leads to such a file.
 */
bool livefile_is(const char *path);

/*
 * livefile_open(path):
 * Open it for writing: where it is a descriptor of ours, at its place.  Returns a descriptor,
 * or -1 with errno set.
 */
int livefile_open(const char *path);

/*
 * livefile_behind(path):
 * Return the file that ${path} means, behind symbolic links, be it there or not, for the caller
 * to free: a link stays one when its file is replaced.  NULL with errno set where links lead
 * nowhere, or in a circle.
 */
char *livefile_behind(const char *path);

#endif /* COMMON_LIVEFILE_H */
