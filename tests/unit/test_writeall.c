/*
 * Writes that signals interrupt and a narrow pipe cuts into pieces.
 */
#include "common/os/writeall.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/xalloc.h"
#include "tests/unit/tap.h"

#define SIZE ((size_t)1 << 20) /* bytes */

static volatile sig_atomic_t ticks;

static void
on_tick(int signo)
{
	(void)signo;
	ticks++;
}

/* A reader that takes its time: it waits for a signal now and then, too. */
static int
read_slowly(int fd)
{
	size_t total = 0;
	char piece[3000];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		ssize_t i;

		for (i = 0; i < n; i++)
			if (piece[i] != (char)((total + (size_t)i) % 251))
				return 1;
		total += (size_t)n;
		if (total % (SIZE / 16) < sizeof(piece))
			usleep(5000);
	}
	return total == SIZE ? 0 : 2;
}

static void
test_interrupted(void)
{
	struct sigaction sa = {.sa_handler = on_tick};
	struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	char *data = xmalloc(SIZE);
	int fds[2], status = -1;
	size_t i;
	pid_t pid;

	for (i = 0; i < SIZE; i++)
		data[i] = (char)(i % 251);
	ok(pipe(fds) == 0, "a pipe");
	fcntl(fds[1], F_SETPIPE_SZ, 4096);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		_exit(read_slowly(fds[0]));
	}
	close(fds[0]);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	ok(writeall(fds[1], data, SIZE) == 0, "all is written");
	setitimer(ITIMER_REAL, &never, NULL);
	close(fds[1]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	ok(status == 0, "and nothing else is read");
	ok(ticks > 0, "though signals came");
	free(data);
}

static void
test_error(void)
{
	int fd = open("/dev/full", O_WRONLY);

	ok(writeall(fd, "x", 1) == -1 && errno == ENOSPC, "a full disk is said to be one");
	close(fd);
	ok(writeall(-1, "", 0) == 0, "nothing is written anywhere");
}

int
main(void)
{
	test_interrupted();
	test_error();
	return tap_done();
}
