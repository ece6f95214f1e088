/*
 * What becomes of the policy that a process has.
 */
#include "common/os/giveway.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/tap.h"

/* The policy of a process that had ${policy} before; -1 where it may not have it. */
static int
after(int policy)
{
	static const struct sched_param param = {.sched_priority = 0};
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (sched_setscheduler(0, policy, &param) != 0)
			_exit(255);
		giveway_begin();
		_exit(sched_getscheduler(0));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 255)
		return -1;
	return WEXITSTATUS(status);
}

int
main(void)
{
	int others = after(SCHED_OTHER);

	ok(others == SCHED_BATCH || others == -1, "a usual process gives way");
	ok(after(SCHED_IDLE) == SCHED_IDLE, "one that gives way to all goes on doing so");
	return tap_done();
}
