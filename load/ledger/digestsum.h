/*
 * The rows digest of several parts.
 */
#ifndef LOAD_DIGESTSUM_H
#define LOAD_DIGESTSUM_H

#include <stdbool.h>

/*
 * digestsum_add(sum, digest, first):
 * Make ${sum} that of both, modulo 2^128, or the ${first} one's; "" where forms differ, for
 * then nothing is known.
 */
void digestsum_add(char sum[40], const char *digest, bool first);

#endif /* LOAD_DIGESTSUM_H */
