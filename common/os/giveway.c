/*
 * The two servers' processes do nearly all of the work, and we wait for them: each of our
 * short turns would stop one of them in the middle of a row.  Rows are held in sockets and
 * in the pipe, so that ours may come when they have nothing to do.
 */
#include "common/os/giveway.h"

#include <sched.h>

void
giveway_begin(void)
{
#ifdef SCHED_BATCH
	static const struct sched_param param = {.sched_priority = 0};

	if (sched_getscheduler(0) == SCHED_OTHER)
		(void)sched_setscheduler(0, SCHED_BATCH, &param);
#endif
}
