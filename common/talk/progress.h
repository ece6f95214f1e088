/*
 * How far a run has come, for people who wait.  On a terminal one line, redrawn
 * at most ten times a second and gone in the end; elsewhere, if it is asked
 * for, a plain line every few seconds.  A thread of its own draws, so that the
 * line lives while the program waits, and the program's work costs two stores.
 *
 * Of several programs that share a terminal (a pipe) only one draws at a time,
 * and none does in the background.
 */
#ifndef COMMON_PROGRESS_H
#define COMMON_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress;

enum progress_when {
	PROGRESS_NEVER,
	PROGRESS_TERMINAL, /* if standard error is one */
	PROGRESS_ALWAYS
};

/* What a line is made of. */
struct progress_view {
	uint64_t rows;
	uint64_t bytes;       /* of the stream, before compression */
	int64_t estimate;     /* rows in all, -1: not known */
	bool rough;           /* a mere guess */
	double share;         /* of the input, that has been read; -1: not known */
	double finish;        /* seconds that a row takes when all are here, about */
	double elapsed;       /* seconds */
	double rate;          /* bytes a second, of late */
	double row_rate;      /* rows a second, of late */
	bool finishing;       /* all rows are here, but not yet done with */
	double finishing_for; /* seconds of that */
	size_t relation,
		relations;  /* the number of the one that is at work; of all, 0: no set */
	size_t done, parts; /* of a run in parts; of all, 0: it is none */
};

/* What a run is heading for, as far as it is known before. */
struct progress_goal {
	int64_t estimate; /* rows in all, -1: not known */
	bool rough;       /* the estimate is a guess */
	double finish;    /* seconds for each row when all are here, about */
	size_t relations; /* members of a set, 0: it is none */
	size_t parts;     /* of a run, 0: it is none */
};

/*
 * progress_start(when, goal):
 * Begin to show progress towards ${goal}.  Returns NULL if none is to be shown; end with
 * progress_free().
 */
struct progress *progress_start(enum progress_when when, const struct progress_goal *goal);

/*
 * progress_set(p, rows, bytes, share), progress_finishing(p):
 * Say how far the run is, ${share} being that of the input that has been read (-1: not
 * known), which tells more than an estimate; that all rows have come.  NULL does nothing.
 */
void progress_set(struct progress *p, uint64_t rows, uint64_t bytes, double share);
void progress_finishing(struct progress *p);

/*
 * progress_relation(p, number), progress_parts(p, done):
 * Say which member of the set is at work, from 1; how many parts are there.  NULL does nothing.
 */
void progress_relation(struct progress *p, size_t number);
void progress_parts(struct progress *p, size_t done);

/*
 * progress_free(p):
 * Take the line away, and stop.  NULL does nothing.
 */
void progress_free(struct progress *p);

/*
 * progress_line(v, text, size):
 * Format a line, without the program's name, into ${text} of ${size} bytes.  Where it has
 * no room for all, rates, bytes, the time and the rows go first; share and ETA are the last to
 * be cut.
 */
void progress_line(const struct progress_view *v, char *text, size_t size);

#endif /* COMMON_PROGRESS_H */
