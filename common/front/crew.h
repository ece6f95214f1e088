/*
 * The processes that the front end has started, and the signals that concern them.
 *
 * One loop waits for all: that a child has ended (it is reaped there and nowhere else), that
 * INT, TERM or HUP asks us to stop (every child gets the same signal, and none is started any
 * more), or that a descriptor of the caller's is ready.  These signals are blocked and read
 * from a descriptor, so that none is lost between a look and a wait.  A child ends with us:
 * the kernel sends it TERM when we die, however that comes about.
 */
#ifndef COMMON_FRONT_CREW_H
#define COMMON_FRONT_CREW_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CREW_QUIET 2 /* signals that are ignored here, and are not in the children */
#define CREW_NAME 16 /* bytes of what a child is called in messages */
#define CREW_KEEP 2  /* descriptors that a child keeps at their number */

struct buf;
struct err;
struct pollfd;

/* One process; zeroed at first.  It has to stay where it is while it is at work. */
struct child {
	pid_t pid;     /* 0: there is none, or it has ended */
	int status;    /* as a shell says it: 128 and more for a signal */
	bool answered; /* it has ended, and status says how */
	char name[CREW_NAME];
};

struct crew {
	int fd;                             /* that signals are read from */
	sigset_t before;                    /* the mask that children get */
	struct sigaction quiet[CREW_QUIET]; /* what they get for these */
	struct child **at_work;             /* owned, what it points to is not */
	size_t n;
	int stop; /* the signal that asked us to stop, or 0 */
};

/* What to start; descriptors are borrowed, and -1 means our own. */
struct crew_work {
	const char *program;
	char *const *argv; /* the name first, NULL last */
	int in, out, err;
	int keep[CREW_KEEP];       /* 0: none; standard input needs no word */
	const struct buf *preface; /* what it writes before all else, or NULL */
};

#define CREW_WORK(path, words) \
	((struct crew_work){.program = (path), .argv = (words), .in = -1, .out = -1, .err = -1})

/*
 * crew_init(crew, e):
 * Take the signals over; release with crew_release().
 */
int crew_init(struct crew *crew, struct err *e) __attribute__((warn_unused_result));

/*
 * crew_start(crew, child, work, e):
 * Start it.  All other descriptors of ours have to be close-on-exec.  Where we have been
 * asked to stop, that is the error.
 */
int crew_start(struct crew *crew, struct child *child, const struct crew_work *work,
	       struct err *e) __attribute__((warn_unused_result));

/*
 * crew_poll(crew, more, n, ms, e):
 * Wait until a child has ended, a signal has come, one of the ${n} descriptors in ${more}
 * is ready, or ${ms} milliseconds are over (-1: never).
 */
int crew_poll(struct crew *crew, struct pollfd *more, size_t n, int ms, struct err *e)
	__attribute__((warn_unused_result));

/*
 * crew_wait(crew, child, e):
 * Wait until this one has ended.
 */
int crew_wait(struct crew *crew, struct child *child, struct err *e)
	__attribute__((warn_unused_result));

/*
 * crew_call(crew, work, out, status, e):
 * Start it, wait for its end, and append what it prints to ${out} (NULL: it prints where
 * ${work} says); ${*status} is what it ended with.  Where that is a signal and we were asked
 * to stop, it fails as crew_stopped() does.
 */
int crew_call(struct crew *crew, struct crew_work work, struct buf *out, int *status,
	      struct err *e) __attribute__((warn_unused_result));

/*
 * crew_stopped(crew, e):
 * Return 0, or where we have been asked to stop -1 with ${e} saying so.
 */
int crew_stopped(const struct crew *crew, struct err *e) __attribute__((warn_unused_result));

/*
 * crew_kill(crew, child, signo):
 * Send a signal to this one, if it is at work.
 */
void crew_kill(const struct crew *crew, const struct child *child, int signo);

/*
 * crew_finish(crew, child, signo), crew_end(crew, signo):
 * If it is at work, send the signal and wait for its end, whatever happens; the same for all.
 */
void crew_finish(struct crew *crew, struct child *child, int signo);
void crew_end(struct crew *crew, int signo);

void crew_release(struct crew *crew);

/*
 * crew_pipe(ends, e):
 * Open a pipe, both ends close-on-exec: the first is to be read.
 */
int crew_pipe(int ends[2], struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_FRONT_CREW_H */
