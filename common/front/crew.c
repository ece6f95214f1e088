/*
 * Between fork() and exec() only what is safe in a copy of a program with threads.
 */
#include "common/front/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/talk/log.h"

#define READ_BYTES 65536
#define CANNOT_RUN 127 /* a child that could not become the program */

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
static const int quiet_signals[CREW_QUIET] = {SIGPIPE, SIGXFSZ};

/* Those that were ignored at the start (nohup) stay so. */
static void
choose_signals(sigset_t *set)
{
	struct sigaction old;
	size_t i;

	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (i = 0; i < sizeof(stop_signals) / sizeof(stop_signals[0]); i++)
		if (sigaction(stop_signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(set, stop_signals[i]);
}

int
crew_init(struct crew *crew, struct err *e)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, plain = {.sa_handler = SIG_DFL};
	sigset_t set;
	size_t i;

	*crew = (struct crew){.fd = -1};
	for (i = 0; i < CREW_QUIET; i++)
		sigaction(quiet_signals[i], &ignore, &crew->quiet[i]);
	sigaction(SIGCHLD, &plain, NULL); /* where it is ignored no status is kept */
	choose_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &crew->before);
	crew->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return crew->fd >= 0 ? 0 : err_errno(e, "could not wait for signals");
}

/* ---- starting ---- */

/* What our child writes, who is not yet the program, so that nobody else waits for a reader. */
static int
write_preface(const struct buf *preface)
{
	size_t done = 0;
	ssize_t n;

	while (preface != NULL && done < preface->len) {
		n = write(STDOUT_FILENO, preface->data + done, preface->len - done);
		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static _Noreturn void
become(const struct crew *crew, const struct crew_work *work, pid_t parent)
{
	size_t i;
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) /* it has died before it could be asked for */
		_exit(CANNOT_RUN);
	for (i = 0; i < CREW_QUIET; i++)
		sigaction(quiet_signals[i], &crew->quiet[i], NULL);
	sigprocmask(SIG_SETMASK, &crew->before, NULL);
	rc = (work->in >= 0 && dup2(work->in, STDIN_FILENO) < 0) ||
	     (work->out >= 0 && dup2(work->out, STDOUT_FILENO) < 0) ||
	     (work->err >= 0 && dup2(work->err, STDERR_FILENO) < 0);
	for (i = 0; i < CREW_KEEP; i++)
		if (work->keep[i] > 0)
			fcntl(work->keep[i], F_SETFD, 0);
	if (rc == 0 && write_preface(work->preface) == 0)
		execvp(work->program, work->argv);
	dprintf(STDERR_FILENO, "portl: error: could not run %s: %s\n", work->program,
		strerrordesc_np(errno));
	_exit(CANNOT_RUN);
}

int
crew_start(struct crew *crew, struct child *child, const struct crew_work *work, struct err *e)
{
	pid_t parent = getpid(), pid;

	if (crew_stopped(crew, e) != 0)
		return -1;
	crew->at_work = xrealloc(crew->at_work, (crew->n + 1) * sizeof(struct child *));
	pid = fork();
	if (pid < 0)
		return err_errno(e, "could not start %s", work->program);
	if (pid == 0)
		become(crew, work, parent);
	*child = (struct child){.pid = pid};
	snprintf(child->name, sizeof(child->name), "%s", work->argv[0]);
	crew->at_work[crew->n++] = child;
	return 0;
}

int
crew_pipe(int ends[2], struct err *e)
{
	return pipe2(ends, O_CLOEXEC) == 0 ? 0 : err_errno(e, "could not make a pipe");
}

/* ---- waiting ---- */

/* A program says of itself that INT, TERM or HUP has stopped it, and of PIPE the other one
 * does. */
static void
tell_killed(const struct child *child)
{
	int signo = child->status - 128;

	if (signo != SIGINT && signo != SIGTERM && signo != SIGHUP && signo != SIGPIPE)
		log_line("%s was killed by signal %d (%s)", child->name, signo,
			 strsignal(signo));
}

static void
reap(struct crew *crew)
{
	size_t i = 0;
	int status;

	while (i < crew->n) {
		struct child *child = crew->at_work[i];
		pid_t pid = waitpid(child->pid, &status, WNOHANG);

		if (pid == 0 || (pid < 0 && errno == EINTR)) {
			i++;
			continue;
		}
		child->status = pid < 0               ? CANNOT_RUN
				: WIFSIGNALED(status) ? 128 + WTERMSIG(status)
						      : WEXITSTATUS(status);
		if (pid > 0 && WIFSIGNALED(status))
			tell_killed(child);
		child->pid = 0;
		child->answered = true;
		crew->at_work[i] = crew->at_work[--crew->n];
	}
}

static void
send_all(const struct crew *crew, int signo)
{
	size_t i;

	for (i = 0; i < crew->n; i++)
		kill(crew->at_work[i]->pid, signo);
}

static void
take_signals(struct crew *crew)
{
	struct signalfd_siginfo info;

	while (read(crew->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (crew->stop == 0)
			crew->stop = (int)info.ssi_signo;
		send_all(crew, (int)info.ssi_signo);
	}
	reap(crew);
}

int
crew_poll(struct crew *crew, struct pollfd *more, size_t n, int ms, struct err *e)
{
	struct pollfd *all = xcalloc(n + 1, sizeof(*all));
	int rc;

	all[0] = (struct pollfd){.fd = crew->fd, .events = POLLIN};
	if (n > 0)
		memcpy(all + 1, more, n * sizeof(*all));
	rc = poll(all, n + 1, ms);
	if (rc < 0 && errno != EINTR && errno != EAGAIN) {
		err_errno(e, "could not wait");
	} else {
		if (rc > 0 && n > 0)
			memcpy(more, all + 1, n * sizeof(*all));
		take_signals(crew);
		rc = 0;
	}
	free(all);
	return rc;
}

int
crew_wait(struct crew *crew, struct child *child, struct err *e)
{
	while (child->pid != 0)
		if (crew_poll(crew, NULL, 0, -1, e) != 0)
			return -1;
	return 0;
}

/* All that comes until the other end is closed. */
static int
collect(struct crew *crew, int fd, struct buf *out, struct err *e)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	ssize_t n = 1;

	while (n > 0) {
		ready.revents = 0;
		if (crew_poll(crew, &ready, 1, -1, e) != 0)
			return -1;
		if (ready.revents == 0)
			continue;
		n = read(fd, buf_reserve(out, READ_BYTES), READ_BYTES);
		out->len += n > 0 ? (size_t)n : 0;
	}
	return n == 0 ? 0 : err_errno(e, "could not read from a pipe");
}

int
crew_call(struct crew *crew, struct crew_work work, struct buf *out, int *status, struct err *e)
{
	struct child child = {.pid = 0};
	int ends[2] = {-1, -1};
	int rc = -1;

	if (out != NULL) {
		if (crew_pipe(ends, e) != 0)
			return -1;
		work.out = ends[1];
	}
	rc = crew_start(crew, &child, &work, e);
	if (out != NULL)
		close(ends[1]);
	if (rc == 0 && out != NULL)
		rc = collect(crew, ends[0], out, e);
	if (out != NULL)
		close(ends[0]);
	if (rc == 0)
		rc = crew_wait(crew, &child, e);
	crew_finish(crew, &child, SIGTERM);
	*status = child.status;
	if (rc == 0 && child.status > 128)
		rc = crew_stopped(crew, e); /* it has died of what we were sent */
	return rc;
}

/* ---- the end ---- */

int
crew_stopped(const struct crew *crew, struct err *e)
{
	return crew->stop == 0 ? 0 : err_signal(e, crew->stop);
}

static bool
is_at_work(const struct crew *crew, const struct child *child)
{
	size_t i;

	for (i = 0; i < crew->n; i++)
		if (crew->at_work[i] == child)
			return true;
	return false;
}

void
crew_kill(const struct crew *crew, const struct child *child, int signo)
{
	if (is_at_work(crew, child))
		kill(child->pid, signo);
}

void
crew_finish(struct crew *crew, struct child *child, int signo)
{
	struct err e = ERR_INIT;
	int status;

	crew_kill(crew, child, signo);
	while (is_at_work(crew, child))
		if (crew_poll(crew, NULL, 0, -1, &e) != 0) {
			waitpid(child->pid, &status, 0); /* else it would be forgotten */
			reap(crew);
		}
	err_release(&e);
}

void
crew_end(struct crew *crew, int signo)
{
	send_all(crew, signo);
	while (crew->n > 0)
		crew_finish(crew, crew->at_work[0], signo);
}

void
crew_release(struct crew *crew)
{
	crew_end(crew, SIGTERM);
	if (crew->fd >= 0)
		close(crew->fd);
	free(crew->at_work);
	*crew = (struct crew){.fd = -1};
}
