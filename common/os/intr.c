/*
 * A signal may arrive between the check of the flag and the system call that
 * would wait for hours.  The handler therefore sets an alarm that interrupts
 * again every second until the program has ended.
 */
#include "common/os/intr.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t caught;
static volatile sig_atomic_t blocked;

#define NSTOP (sizeof(stop_signals) / sizeof(stop_signals[0]))

static void
on_signal(int signo)
{
	if (signo != SIGALRM && caught == 0)
		caught = signo;
	if (caught != 0)
		alarm(1);
}

void
intr_ignore(void)
{
	struct sigaction sa = {.sa_handler = SIG_IGN};

	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL);
}

void
intr_install(void)
{
	struct sigaction sa = {.sa_handler = on_signal}, old;
	size_t i;

	for (i = 0; i < NSTOP; i++) {
		if (sigaction(stop_signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigaction(stop_signals[i], &sa, NULL);
	}
	sigaction(SIGALRM, &sa, NULL);
}

int
intr_pending(void)
{
	return blocked ? 0 : caught;
}

void
intr_block(void)
{
	blocked = 1;
}

void
intr_unblock(void)
{
	blocked = 0;
}

void
intr_mask(sigset_t *before)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < NSTOP; i++)
		sigaddset(&set, stop_signals[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

void
intr_unmask(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

void
intr_die(int signo)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};
	sigset_t set;

	sigaction(signo, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signo);
	exit(128 + signo);
}
