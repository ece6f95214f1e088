/*
 * Moments as text.
 */
#ifndef COMMON_UTCTIME_H
#define COMMON_UTCTIME_H

#include <time.h>

#define UTCTIME_LEN 20 /* characters, as 2026-11-28T16:00:00Z */

/*
 * utctime_text(when, text):
 * Store ${when} as RFC 3339 has it, in UTC, and a NUL.
 */
void utctime_text(time_t when, char text[UTCTIME_LEN + 1]);

#endif /* COMMON_UTCTIME_H */
