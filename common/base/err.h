/*
 * One report for one fault: the error that travels from where a fault is
 * found to main(), which prints it once and turns it into the exit status.
 */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include <stdarg.h>
#include <stdbool.h>

/* Exit statuses of both programs; the table in the man pages' EXIT STATUS. */
enum exit_code {
	EXIT_DONE = 0,       /* every row is where it should be */
	EXIT_DATA = 1,       /* SQL, data or I/O error */
	EXIT_CONN = 2,       /* connection failed or lost */
	EXIT_REJECTS = 3,    /* done, with rejected rows */
	EXIT_STREAM = 4,     /* stream incomplete, aborted or corrupt */
	EXIT_TARGET = 5,     /* the target cannot take this stream */
	EXIT_DIFFERENT = 6,  /* a comparison has found a difference */
	EXIT_USAGE = 64,     /* bad command line */
	EXIT_AGAIN = 75,     /* a part: nothing is wrong, and it may pass if tried again */
	EXIT_JOBFILE = 78,   /* bad job file */
	EXIT_BY_SIGNAL = 128 /* not a status: main re-raises err.signal */
};

/* All strings are owned by the struct (or NULL) and end without a newline. */
struct err {
	enum exit_code code; /* EXIT_DONE: no error has been set */
	int signal;          /* with EXIT_BY_SIGNAL: the signal's number */
	bool cut;            /* with EXIT_STREAM: the input has ended too early */
	char sqlstate[6];    /* five characters, or "" */
	int position;        /* in the statement, in characters from 1; 0: not known */
	char *msg;           /* one sentence, no "error:" before it */
	char *detail;
	char *hint;
	char *context;
	char *column;     /* as the server names it, like the constraint */
	char *constraint; /* that was violated */
	char *option;     /* long name of the option at fault, without its dashes */
};

#define ERR_INIT ((struct err){.code = EXIT_DONE})

/*
 * err_set(e, code, fmt, ...):
 * Fill ${e} with ${code} and a formatted message.  The first fault counts: if
 * ${e} is set already it is left alone, for what comes later is a consequence.
 * Returns -1, so that callers may `return err_set(...)`.
 */
int err_set(struct err *e, enum exit_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * err_errno(e, fmt, ...):
 * As err_set() with EXIT_DATA and ": " plus strerror(errno) behind the message.
 */
int err_errno(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * err_usage(e, option, fmt, ...):
 * As err_set() with EXIT_USAGE, naming the option at fault by its long name.
 */
int err_usage(struct err *e, const char *option, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * err_signal(e, signo):
 * Say that the program was asked to stop by signal ${signo}.  Returns -1.
 */
int err_signal(struct err *e, int signo);

/*
 * err_reader_gone(e, output):
 * Say that nobody reads ${output} any longer, for which the program is to die of
 * SIGPIPE, unless an error came first.  Returns -1.
 */
int err_reader_gone(struct err *e, const char *output);

/*
 * err_failed(e):
 * Of what has failed: if ${e} has no reason, it gets one, lest the failure pass for success.
 */
void err_failed(struct err *e);

/*
 * err_detail(e, fmt, ...), err_hint(e, fmt, ...), err_context(e, fmt, ...):
 * Add a second line to an error that is set.  A second call replaces the first.
 * Return -1.
 */
int err_detail(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_context(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * err_prefix(e, fmt, ...):
 * Put formatted text before the message ("stdin:1042: ").  Returns -1.
 */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * err_take(dst, src):
 * Move ${src}'s error into ${dst}, replacing what is there; ${src} is unset.
 */
void err_take(struct err *dst, struct err *src);

/*
 * err_release(e):
 * Free the strings and unset ${e}.
 */
void err_release(struct err *e);

#endif /* COMMON_ERR_H */
