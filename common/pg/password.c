/*
 * The terminal's echo is off while a password is typed.  Stop signals are held
 * back meanwhile and let through only inside ppoll(), so that none can end the
 * program and leave the terminal mute.
 */
#include "common/pg/password.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/xalloc.h"
#include "common/talk/log.h"

#define PASSWORD_MAX 1024 /* bytes */

static const int held_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

#define NHELD (sizeof(held_signals) / sizeof(held_signals[0]))

static volatile sig_atomic_t caught;

static void
on_signal(int signo)
{
	caught = signo;
}

/* Wait for a line with ${open} as the signal mask.  Returns its length, or -1. */
static ssize_t
read_line(int fd, char *line, size_t cap, const sigset_t *open_mask)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (ppoll(&p, 1, NULL, open_mask) < 0)
		if (errno != EINTR || caught != 0)
			return -1;
	return read(fd, line, cap);
}

static ssize_t
ask(int fd, const char *user, char *line, size_t cap)
{
	struct sigaction sa = {.sa_handler = on_signal}, old[NHELD];
	struct termios saved = {0}, quiet;
	sigset_t held, before;
	bool echo;
	ssize_t n;
	size_t i;

	sigemptyset(&held);
	for (i = 0; i < NHELD; i++)
		sigaddset(&held, held_signals[i]);
	sigprocmask(SIG_BLOCK, &held, &before);
	for (i = 0; i < NHELD; i++) {
		sigaction(held_signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(held_signals[i], &sa, NULL);
	}
	echo = tcgetattr(fd, &saved) == 0;
	quiet = saved;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (echo)
		tcsetattr(fd, TCSAFLUSH, &quiet);
	/* only now: turning echo off throws away what has been typed before */
	dprintf(fd, "Password for %s (%s): ", user != NULL ? user : "user", log_program());
	n = read_line(fd, line, cap, &before);
	if (echo)
		tcsetattr(fd, TCSAFLUSH, &saved);
	dprintf(fd, "\n");
	for (i = 0; i < NHELD; i++)
		sigaction(held_signals[i], &old[i], NULL);
	if (caught != 0)
		raise(caught); /* as it would have been; pending until unblocked */
	sigprocmask(SIG_SETMASK, &before, NULL);
	return n;
}

char *
password_ask(const char *user)
{
	char line[PASSWORD_MAX], *copy;
	ssize_t n;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return NULL;
	caught = 0;
	n = ask(fd, user, line, sizeof(line) - 1);
	close(fd);
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	copy = n < 0 ? NULL : xstrndup(line, (size_t)n);
	explicit_bzero(line, sizeof(line));
	return copy;
}
