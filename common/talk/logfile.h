/*
 * The log as a file: one event a line, in JSON or in text, each appended by one
 * write() at once, so that several programs can share a file and nothing is
 * lost with a program.
 */
#ifndef COMMON_LOGFILE_H
#define COMMON_LOGFILE_H

#include <jansson.h>
#include <stdbool.h>

struct err;

struct logfile {
	int fd; /* -1: none */
	bool json;
	bool borrowed;  /* the descriptor is not ours to close */
	char *path;     /* owned; NULL: standard error */
	int errnum;     /* of the first write that failed, or 0 */
	bool knows_run; /* events can be written */
	char *run;      /* owned, or NULL */
	json_t *held;   /* array of events that wait for the run's id */
};

#define LOGFILE_INIT ((struct logfile){.fd = -1})

/*
 * logfile_open(f, path, json, e):
 * Open ${path} to append to, or standard error if it is NULL.  Release with
 * logfile_close().
 */
int logfile_open(struct logfile *f, const char *path, bool json, struct err *e)
	__attribute__((warn_unused_result));

/*
 * logfile_event(f, program, severity, event, fields, message):
 * Write an event of this moment.  ${fields} (an object, or NULL) is taken.
 */
void logfile_event(struct logfile *f, const char *program, const char *severity,
		   const char *event, json_t *fields, const char *message);

/*
 * logfile_set_run(f, id):
 * Write the events that waited for the run's id, and from now on at once; an
 * id of NULL is not known.
 */
void logfile_set_run(struct logfile *f, const char *id);

/*
 * logfile_close(f):
 * Write what still waits, close and free.
 */
void logfile_close(struct logfile *f);

#endif /* COMMON_LOGFILE_H */
