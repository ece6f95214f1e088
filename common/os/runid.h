/*
 * A name for one run, so that the logs of both ends can be put together.
 */
#ifndef COMMON_RUNID_H
#define COMMON_RUNID_H

#define RUNID_LEN 16 /* hex digits, NUL not counted */

/*
 * runid_make(id):
 * Store RUNID_LEN random hex digits and a NUL.
 */
void runid_make(char id[RUNID_LEN + 1]);

#endif /* COMMON_RUNID_H */
