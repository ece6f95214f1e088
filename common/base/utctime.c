/*
 * Moments as text.
 */
#include "common/base/utctime.h"

void
utctime_text(time_t when, char text[UTCTIME_LEN + 1])
{
	struct tm tm;

	gmtime_r(&when, &tm);
	if (strftime(text, UTCTIME_LEN + 1, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		text[0] = '\0';
}
