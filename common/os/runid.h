/*
 * A name for one run, so that the logs of both ends can be put together.
 */
#ifndef COMMON_RUNID_H
#define COMMON_RUNID_H

#include <stdbool.h>

#define RUNID_LEN 16 /* hex digits, NUL not counted */

/*
 * runid_make(id):
 * Store RUNID_LEN random hex digits and a NUL.
 */
void runid_make(char id[RUNID_LEN + 1]);

/*
 * runid_is(s):
 * Is this what runid_make() stores?  A name that somebody else has sent goes into logs.
 */
bool runid_is(const char *s);

#endif /* COMMON_RUNID_H */
